// Shared by all widgets: it precedes each widget's own code in one module.
// Nothing is synced: everything goes by message {kind: ...}. Text is inserted as text, never as markup.

const BUSY_AFTER = 2500;
const LOST_AFTER = 8000;
const CONNECTING = "Connecting to the kernel…";
const BUSY = "Still waiting: the kernel is busy with another cell, or it was restarted.";
const LOST =
  "No kernel answers behind this form: run the cell again. " +
  "(If a long cell is running, the form continues when it is done.)";

let widgets = 0;

// element("p", {className: "x", "aria-live": "polite", onclick: f}, "text", child, null)
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.includes("-") || name === "role" || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

// One view of a widget: its root element, its messages, and what it says while no answer comes.
// With a label, the root is a group of that name.
//   bridge.root            <div class="classy-nb classy-nb-NAME">: append the widget's elements here
//   bridge.status          the live region (role=status): append() it where it belongs
//   bridge.on(kind, f)     f(message, buffers) for each message of that kind from Python
//   bridge.send(kind, {})  send a message
//   bridge.ask(kind, {}, replies)  the same, and say so if none of these kinds comes back within seconds;
//                          messages that Python sends on its own do not count as an answer
//   bridge.say(text, tone) show text in the status; tone: "", "done", "warning" (amber), "error"
//   bridge.id(name)        an id that is unique on the page
//   bridge.open()          call it once everything is set up: asks Python for its state
//   bridge.hush()          do not tell Python when this view goes
//   bridge.close()         return it from render (as a function: () => bridge.close())
// root.dataset.link is "waiting", "busy", "lost" or "up"; Python's answer to "hello" has kind "state".
function openBridge({ model, el, name, label }) {
  const number = ++widgets;
  const view = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  const root = element("div", { className: `classy-nb classy-nb-${name}` });
  if (globalThis.google?.colab) root.dataset.host = "colab"; // Colab sets its own theme attribute
  if (label) {
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", label);
  }
  const status = element("div", { className: "classy-nb-status", role: "status", "aria-live": "polite" });
  const heard = new Map();
  let timers = [];
  let replies = null; // the kinds that count as an answer; null: any
  let hushed = false;
  let said = ["", ""]; // the status text and tone while the kernel answers

  const show = (text, tone) => {
    if (status.textContent !== text) status.textContent = text;
    status.dataset.tone = tone;
  };
  const linked = (state) => { root.dataset.link = state; };
  const answered = () => {
    timers.forEach(clearTimeout);
    timers = [];
    if (root.dataset.link === "up") return;
    linked("up");
    show(...said);
  };
  const expect = (kinds = null) => {
    replies = kinds;
    timers.forEach(clearTimeout);
    timers = [
      setTimeout(() => { linked("busy"); show(BUSY, ""); }, BUSY_AFTER),
      setTimeout(() => { linked("lost"); show(LOST, "error"); }, LOST_AFTER),
    ];
  };
  const send = (kind, fields = {}) => {
    try {
      model.send({ kind, ...fields });
    } catch {
      // There is no kernel to send to: the time-out says so.
    }
  };
  const receive = (message, buffers) => {
    if (!timers.length || !replies || replies.includes(message.kind)) answered();
    for (const callback of heard.get(message.kind) ?? []) callback(message, buffers);
  };
  const hello = () => {
    expect(["state"]);
    send("hello", { view });
  };

  // Typing is for the form, not for the notebook's shortcuts; Ctrl+S and the like still reach the notebook.
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || !(event.ctrlKey || event.metaKey)) event.stopPropagation();
  });
  for (const kind of ["keypress", "keyup"]) root.addEventListener(kind, (e) => e.stopPropagation());

  return {
    root,
    status,
    view,
    id: (part) => `classy-nb-${name}-${number}-${view.slice(0, 8)}-${part}`,
    on: (kind, callback) => heard.set(kind, [...(heard.get(kind) ?? []), callback]),
    send,
    ask(kind, fields, kinds) {
      // A kernel that was busy or gone gets another chance: messages wait there for their turn.
      linked("up");
      show(...said);
      expect(kinds);
      send(kind, fields);
    },
    say(text, tone = "") {
      said = [text, tone];
      if (root.dataset.link === "up") show(text, tone);
    },
    open() {
      if (!root.contains(status)) root.append(status);
      el.append(root);
      linked("waiting");
      show(CONNECTING, "");
      model.on("msg:custom", receive);
      model.on("comm_live_update", hello); // from ipywidgets: the kernel went away or came back
      hello();
    },
    hush() {
      hushed = true;
    },
    close() {
      timers.forEach(clearTimeout);
      model.off("msg:custom", receive);
      model.off("comm_live_update", hello);
      if (!hushed) send("gone", { view });
      root.remove();
    },
  };
}
