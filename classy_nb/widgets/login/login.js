// The login form. The secret is in its input until it is sent, once, by message; then the input is emptied.

const SANDBOX = "Sandbox (invented data)";
const ABOUT_SANDBOX = "Needs no credentials. It starts on this machine in seconds.";

function drawLogin(bridge) {
  const { id } = bridge;
  const described = (...names) => names.map(id).join(" ");
  bridge.status.id = id("status");

  const clientId = element("input", {
    id: id("client-id"), type: "text", autocomplete: "username", spellcheck: false, autocapitalize: "none",
    required: true, "aria-describedby": described("status"),
  });
  const secret = element("input", {
    id: id("client-secret"), type: "password", autocomplete: "current-password", spellcheck: false,
    required: true, "aria-describedby": described("status"),
  });
  const reveal = element(
    "button", { type: "button", "aria-pressed": "false", "aria-controls": secret.id }, "Show secret",
  );
  const live = element("option", { value: "live" });
  const environment = element(
    "select", { id: id("environment"), "aria-describedby": described("about") },
    live, element("option", { value: "sandbox" }, SANDBOX),
  );
  const about = element("p", { id: id("about"), className: "classy-nb-hint", hidden: true }, ABOUT_SANDBOX);
  const remember = element(
    "input", { id: id("remember"), type: "checkbox", "aria-describedby": described("file") },
  );
  const rememberLabel = element("label", { for: remember.id }, "Remember in .env");
  const file = element("p", { id: id("file"), className: "classy-nb-hint" });
  const keep = element(
    "div", { className: "classy-nb-check" }, remember, element("div", {}, rememberLabel, file),
  );
  const connect = element("button", { type: "submit", className: "classy-nb-primary" }, "Connect");
  const credentials = element(
    "div", { className: "classy-nb-fields" },
    element("label", { for: clientId.id }, "Client id"), clientId,
    element("label", { for: secret.id }, "Client secret"),
    element("div", { className: "classy-nb-row" }, secret, reveal),
  );
  const heading = element("h2", { id: id("heading") }, "Log in to Classy");
  const form = element(
    "form", { noValidate: true, method: "post", hidden: true, "aria-labelledby": heading.id },
    element(
      "p", { className: "classy-nb-hint" },
      "Enter your application's client id and client secret. " +
        "They are sent once and are not saved in the notebook.",
    ),
    credentials,
    element(
      "div", { className: "classy-nb-fields" },
      element("label", { for: environment.id }, "Environment"),
      element("div", {}, environment, about),
    ),
    keep,
    element("div", { className: "classy-nb-actions" }, connect),
  );

  const organization = element("select", { id: id("organization"), "aria-describedby": described("status") });
  const proceed = element("button", { type: "submit", className: "classy-nb-primary" }, "Connect");
  const back = element("button", { type: "button" }, "Back");
  const choice = element(
    "form", { noValidate: true, method: "post", hidden: true, "aria-labelledby": heading.id },
    element(
      "p", { className: "classy-nb-hint" },
      "Your application sees several organizations. Each connection reads one.",
    ),
    element(
      "div", { className: "classy-nb-fields" },
      element("label", { for: organization.id }, "Organization"), organization,
    ),
    element("div", { className: "classy-nb-actions" }, proceed, back),
  );

  const inputs = { client_id: clientId, client_secret: secret };
  let phase = "form";
  let mine = false; // whether this view was used last: only that one may take the focus

  const show = (shown) => {
    secret.type = shown ? "text" : "password";
    reveal.textContent = shown ? "Hide secret" : "Show secret";
    reveal.setAttribute("aria-pressed", String(shown));
  };
  const mark = (names) => {
    for (const [name, input] of Object.entries(inputs)) {
      if (names.includes(name)) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  };
  const fail = ({ text, invalid, focus }) => {
    mark(invalid);
    bridge.say(text, "error");
    const target = phase === "choose" ? organization : environment.value === "sandbox" ? environment : inputs[focus];
    if (mine) target.focus();
  };
  const adapt = () => {
    const off = environment.value === "sandbox";
    for (const field of [clientId, secret, reveal, remember]) field.disabled = off;
    for (const part of [credentials, keep]) part.toggleAttribute("data-off", off);
    about.hidden = !off;
    mark([]);
  };
  const rest = (busy) => {
    for (const input of Object.values(inputs)) input.readOnly = busy;
    for (const button of [connect, proceed]) button.setAttribute("aria-disabled", String(busy));
  };

  reveal.onclick = () => show(secret.type === "password");
  environment.onchange = () => { adapt(); bridge.say(""); };
  for (const input of Object.values(inputs)) input.oninput = () => input.removeAttribute("aria-invalid");
  back.onclick = () => { mine = true; bridge.ask("back"); };

  form.onsubmit = (event) => {
    event.preventDefault();
    if (phase !== "form") return;
    mine = true;
    const sandbox = environment.value === "sandbox";
    const blank = sandbox ? [] : Object.keys(inputs).filter((name) => !inputs[name].value.trim());
    if (blank.length) {
      const text = blank.map((name) => (name === "client_id" ? "client id" : "client secret")).join(" and the ");
      fail({ text: `Fill in the ${text}.`, invalid: blank, focus: blank[0] });
      return;
    }
    const typed = sandbox ? {} : { client_id: clientId.value.trim(), client_secret: secret.value };
    secret.value = "";
    show(false);
    mark([]);
    phase = "sent";
    rest(true);
    bridge.say("Connecting…");
    bridge.ask("submit", { environment: environment.value, remember: remember.checked && !sandbox, ...typed });
  };
  choice.onsubmit = (event) => {
    event.preventDefault();
    if (phase !== "choose") return;
    mine = true;
    phase = "sent";
    rest(true);
    bridge.ask("choose", { organization: organization.value });
  };

  const draw = (state) => {
    const before = phase;
    phase = state.phase;
    bridge.root.dataset.phase = phase;
    live.textContent = state.application;
    rememberLabel.textContent = `Remember in ${state.file_name.split(/[\\/]/).pop()}`;
    file.textContent = `Writes ${state.file}, readable by you only.`;
    if (phase === "connected" || phase === "closed") {
      if (state.alone) bridge.hush();
      finish(state);
      return;
    }
    rest(phase === "busy");
    if (phase === "form" || phase === "choose") {
      form.hidden = phase !== "form";
      choice.hidden = phase !== "choose";
    }
    if (phase === "choose" && organization.children.length === 0) {
      const options = state.organizations.map(([value, name]) =>
        element("option", { value }, `${name || "No name"} (${value})`));
      organization.replaceChildren(...options);
    }
    if (phase === "form") organization.replaceChildren();
    if (state.error) fail(state.error);
    else {
      bridge.say(state.text ?? "");
      if (mine && phase === "choose" && before !== "choose") organization.focus();
      if (mine && phase === "form" && before === "choose") secret.focus();
    }
  };
  const finish = ({ text, notes = [], next = "" }) => {
    secret.value = "";
    bridge.root.replaceChildren(
      bridge.status, ...notes.map((note) => element("p", { className: "classy-nb-hint" }, note)),
      ...(next ? [element("p", {}, next)] : []),
    );
    bridge.say(text, phase === "connected" ? "done" : "");
  };

  bridge.root.append(heading, form, choice, bridge.status);
  bridge.on("state", draw);
  return () => { secret.value = ""; };
}

export default () => ({
  render({ model, el }) {
    const bridge = openBridge({ model, el, name: "login" });
    const forget = drawLogin(bridge);
    bridge.open();
    return () => {
      forget();
      bridge.close();
    };
  },
});
