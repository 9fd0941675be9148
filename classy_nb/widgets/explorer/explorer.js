// The explorer: a form, the call that it makes as Python, and what its buttons bring.

const TYPING_PAUSE = 200;

export default { render };

function render({ model, el }) {
  const bridge = openBridge({ model, el, name: "explorer", label: "Explorer" });
  const { root, status } = bridge;
  let pending = 0;
  let call = { texts: { frame: "" }, key: "", period: "", problem: "", field: "", file: "", format: "csv", variable: "" };
  let shownCall = "frame"; // which call is shown: that of the button last pressed or focused
  let preview = null;
  let counts = null;
  let totals = null;
  let attempted = false;
  let last = null; // the button that started the job
  let question = null; // the open question: what to do, and what that would replace
  let awaited = ""; // what the button that was pressed in this view brings; other views do not scroll
  let focusedThen = null; // what had the focus when it was pressed

  const send = (kind, more = {}) => {
    clearTimeout(pending);
    pending = 0;
    const form = { ...fields.form, incomplete: fields.incomplete() };
    bridge.ask(kind, { form, view: bridge.view, ...more }, ["call", "problem", "error"]);
  };
  const changed = (now) => {
    if (question) drawStatus({ text: "", tone: "" }); // it was about the form as it was
    clearTimeout(pending);
    pending = setTimeout(() => send("form"), now ? 0 : TYPING_PAUSE);
  };
  const fields = makeFields(bridge, changed, (place, named, text) => {
    last = document.activeElement;
    bridge.ask("find", { view: bridge.view, place, named, text }, ["found", "status"]);
  });

  const button = (text, act, kind = "") => element("button", {
    type: "button",
    className: kind,
    onclick: (event) => event.currentTarget.getAttribute("aria-disabled") !== "true" && act(event.currentTarget),
  }, text);
  const begin = (kind, more) => (from) => {
    attempted = true;
    last = from ?? document.activeElement;
    awaited = kind;
    focusedThen = root.getRootNode().activeElement;
    shownCall = calls[kind];
    allow(false); // until Python says whether a job is running
    send(kind, more);
  };
  const allow = (allowed) => {
    for (const one of Object.values(actions)) one.setAttribute("aria-disabled", String(!allowed));
  };
  const actions = {
    preview: button("Preview", begin("preview"), "classy-nb-primary"),
    count: button("Count", begin("count")),
    save: button("Save CSV", begin("save")),
    download: button("Download", begin("download")),
    variable: button("To a variable", begin("variable")),
  };
  const calls = { preview: "frame", variable: "frame", count: "count", save: "file", download: "file" };
  for (const [name, one] of Object.entries(actions)) {
    one.addEventListener("focus", () => {
      if (!one.matches(":focus-visible")) return; // a longer call would move the button from under the mouse
      shownCall = calls[name];
      drawCode();
    });
  }
  const cancel = button("Cancel", () => bridge.ask("cancel"));
  const code = element("code", { className: "classy-nb-call" });
  const copy = button("Copy", async () => {
    const done = await copyText(code.textContent, code);
    if (question && done) copy.textContent = "Copied"; // the status keeps showing the question
    else bridge.say(done ? "Copied." : "The call is selected: copy it with Ctrl+C.", done ? "done" : "");
  });
  const named = (name, label) => {
    const input = element("input", { type: "text", autocomplete: "off", spellcheck: false });
    input.dataset.field = name;
    input.addEventListener("input", () => {
      fields.form[name] = input.value === call[name] ? "" : input.value;
      changed(false);
    });
    input.addEventListener("blur", () => { if (!input.value.trim()) input.value = call[name]; });
    return { input, line: field(bridge, name, label, input) };
  };
  const file = named("file", "File name");
  const variable = named("variable", "Variable name");
  const format = element("select", {}, option("csv", "CSV"), option("xlsx", "Excel"));
  format.addEventListener("change", () => {
    fields.form.format = format.value;
    // A name that was typed with the other ending would decide by itself.
    fields.form.file = file.input.value = fields.form.file.replace(/\.(csv|xlsx)$/i, `.${format.value}`);
    changed(true);
  });
  const formatLine = field(bridge, "format", "Format", format);

  const bar = element("progress", { "aria-label": "Progress" });
  const progressText = element("span", { className: "classy-nb-hint" });
  const running = element("div", { className: "classy-nb-running", hidden: true }, bar, progressText, cancel);
  const yes = button("", () => send(question.action, { name: question.about, replace: question.about }));
  const no = button("Keep it", () => { bridge.ask("keep"); last?.focus(); });
  const answers = element("div", { className: "classy-nb-buttons", hidden: true }, yes, no);

  const personal = checkbox(bridge, "personal", "Show personal data", () => bridge.ask("personal", { shown: personal.box.checked }));
  const all = checkbox(bridge, "all", "All columns", () => drawPreview());
  const hiding = element("span", { className: "classy-nb-hint" });
  const table = element("table", { className: "classy-nb-preview" });
  const caption = element("p", { className: "classy-nb-caption", id: bridge.id("caption") });
  const frame = element("div", { className: "classy-nb-scroll", role: "region", tabIndex: 0, "aria-label": "Rows", "aria-describedby": caption.id }, table);
  const oldRows = element("p", { className: "classy-nb-hint" }, "The form has changed since.");
  const rows = element("section", { className: "classy-nb-result", hidden: true, "aria-label": "Preview of rows" },
    element("div", { className: "classy-nb-switches" }, personal.line, all.line, hiding), caption, frame, oldRows);
  const numbers = element("table", { className: "classy-nb-counts" });
  const ignored = element("p", { className: "classy-nb-hint" });
  const oldNumbers = element("p", { className: "classy-nb-hint" }, "The form has changed since.");
  const tally = element("section", { className: "classy-nb-result", hidden: true, "aria-label": "Numbers" }, numbers, ignored, oldNumbers);

  const chart = element("div", {});
  const oldSums = element("p", { className: "classy-nb-hint" }, "The form has changed since.");
  const sums = element("section", { className: "classy-nb-result", hidden: true, "aria-label": "Totals" }, chart, oldSums);

  const drawPreview = () => {
    rows.hidden = preview === null;
    if (preview === null) return table.replaceChildren();
    personal.box.checked = preview.unmasked;
    all.line.hidden = preview.first.length === preview.columns.length;
    all.line.querySelector("label").textContent = `All ${preview.columns.length} columns`;
    hiding.textContent = preview.unmasked || !preview.personal ? "" : `${preview.personal} personal columns are hidden.`;
    caption.textContent = preview.caption;
    showRows(table, preview, all.box.checked);
    stale();
  };
  const drawCounts = () => {
    tally.hidden = counts === null;
    if (counts === null) return;
    showCounts(numbers, counts);
    ignored.textContent = counts.ignored ? "The API seems to ignore conditions on the status, so there are no numbers by status." : "";
    ignored.hidden = !counts.ignored;
    stale();
  };
  const drawTotals = () => {
    sums.hidden = totals === null;
    if (totals !== null) showTotals(chart, bridge, totals);
    stale();
  };
  const stale = () => {
    oldRows.hidden = !preview || preview.key === call.key;
    oldSums.hidden = !totals || totals.key === call.key;
    oldNumbers.hidden = !counts || counts.key === call.key;
  };
  const drawCode = () => {
    const text = call.texts[shownCall] ?? call.texts.frame;
    code.textContent = text || `# ${call.problem}`;
    code.dataset.problem = String(!text);
    copy.setAttribute("aria-disabled", String(!text));
  };
  const drawCall = () => {
    drawCode();
    if (root.getRootNode().activeElement !== format) format.value = call.format;
    actions.save.textContent = call.format === "xlsx" ? "Save Excel" : "Save CSV";
    for (const [name, { input }] of [["file", file], ["variable", variable]]) {
      if (root.getRootNode().activeElement !== input) input.value = fields.form[name] || call[name];
    }
    for (const control of root.querySelectorAll("[data-field]")) {
      const parts = control.matches("div") ? [...control.querySelectorAll("select, input")] : [control];
      const wrong = call.field === control.dataset.field && (attempted || parts.at(-1).value !== "");
      const atFault = parts.find((part) => part.value === "") ?? parts.at(-1);
      for (const part of parts) {
        if (wrong && part === atFault) part.setAttribute("aria-invalid", "true");
        else part.removeAttribute("aria-invalid");
      }
    }
    stale();
  };
  const drawJob = (job) => {
    const ended = !running.hidden && !job.running;
    if (ended && running.contains(document.activeElement)) (last ?? actions.preview).focus();
    running.hidden = !job.running;
    allow(!job.running);
    if (job.ticket) return; // a download shows its own progress
    progressText.textContent = job.text ?? "";
    if (job.total) Object.assign(bar, { max: job.total, value: Math.min(job.rows, job.total) });
    else bar.removeAttribute("value");
  };
  // Brings what a button brought into view, unless people have gone on to something else meanwhile.
  const reveal = (kind, section) => {
    if (!awaited || awaited !== kind || section.hidden) return;
    awaited = "";
    if (root.getRootNode().activeElement !== focusedThen) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    section.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  };
  const drawStatus = ({ text, tone, question: next }) => {
    bridge.say(text, tone);
    if (running.hidden && (next || tone)) allow(true);
    // A problem in a field has the focus there; anything else that is wrong is said here, out of sight perhaps.
    if (tone === "error" || tone === "warning") reveal(awaited, status);
    question = next ?? null;
    answers.hidden = !question;
    copy.textContent = "Copy";
    if (!question) return;
    yes.textContent = question.yes;
    const at = document.activeElement; // do not disturb people who kept typing while rows came in
    if (root.contains(at) && (question.action !== "assign" || at.matches("button"))) no.focus();
  };

  const take = {
    shape: (message) => fields.fit(message),
    call: (message) => { call = message; fields.dated(call.period); drawCall(); },
    preview: ({ shown }) => { preview = shown; drawPreview(); reveal("preview", rows); },
    totals: ({ shown }) => { totals = shown; drawTotals(); },
    counts: ({ shown }) => { counts = shown; drawCounts(); reveal("count", tally); },
    job: drawJob,
    status: drawStatus,
  };
  for (const [kind, act] of Object.entries(take)) bridge.on(kind, act);
  bridge.on("form", ({ form, view }) => { if (view !== bridge.view && !pending) fields.take(form); });
  bridge.on("problem", ({ field: where, view }) => {
    if (view && view !== bridge.view) return; // the focus stays in the view that people use
    const control = root.querySelector(`[data-field="${CSS.escape(where)}"]`);
    (control?.querySelector("[aria-invalid]") ?? control)?.focus();
  });
  bridge.on("searched", fields.searched);
  const questions = makeQuestions(bridge, (kind, name) => {
    last = root.getRootNode().activeElement;
    send(kind, { name });
  });
  bridge.on("questions", questions.show);
  bridge.on("found", (message) => { if (message.view === bridge.view) fields.found(message); });
  bridge.on("error", ({ text }) => drawStatus({ text, tone: "error" }));
  bridge.on("who", () => bridge.send("here", { view: bridge.view }));
  bridge.on("state", (state) => {
    form.hidden = intro.hidden = false;
    title.textContent = `Explore ${state.organization}`;
    others.textContent = `${state.others} resources that return a single record are not listed here;`
      + " in Python, classy.resources() lists them all.";
    fields.form.resource ||= state.form.resource;
    fields.offer(state.resources);
    if (!pending) fields.take(state.form);
    for (const [kind, act] of Object.entries(take)) act(state[kind]);
    questions.show(state.questions);
  });
  makeDownloads(bridge, (received, size) => {
    Object.assign(bar, { max: size, value: received });
    progressText.textContent = `${(received / 1e6).toFixed(1)} of ${(size / 1e6).toFixed(1)} MB`;
  });

  const title = element("h2", {}, "Explore");
  const others = element("p", { className: "classy-nb-hint" });
  fields.chooser.append(others);
  const intro = element("p", { className: "classy-nb-hint", hidden: true }, "Nothing you see here is saved with the notebook. Data is only read, never changed.");
  const form = element("form", { autocomplete: "off", noValidate: true, hidden: true },
    questions.root,
    element("div", { className: "classy-nb-columns" }, fields.chooser, fields.details),
    element("div", { className: "classy-nb-python" }, element("pre", {}, code), copy),
    element("div", { className: "classy-nb-buttons" }, actions.preview, actions.count),
    element("div", { className: "classy-nb-exports" },
      element("div", { className: "classy-nb-export" }, file.line, formatLine, actions.save, actions.download),
      element("div", { className: "classy-nb-export" }, variable.line, actions.variable)));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.defaultPrevented || event.target.closest("button, summary")) return;
    event.preventDefault();
    const act = { file: actions.save, variable: actions.variable }[event.target.dataset.field];
    (act ?? actions.preview).click();
  });
  root.append(title, intro, form, running, status, answers, tally, rows, sums);
  bridge.open();
  return () => { clearTimeout(pending); bridge.close(); };
}
