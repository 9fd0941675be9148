// Saved questions: load one, delete one, save what the form asks.

// `act(kind, name)` sends what was pressed, with the form.
function makeQuestions(bridge, act) {
  const list = element("select", {});
  const name = element("input", { type: "text", autocomplete: "off", maxLength: 80, placeholder: "Gifts of this year" });
  list.dataset.field = "saved";
  name.dataset.field = "question";
  const button = (text, kind, value) => element("button", { type: "button", onclick: (event) => {
    if (event.currentTarget.getAttribute("aria-disabled") !== "true") act(kind, value());
  } }, text);
  const load = button("Load", "load_question", () => list.value);
  const remove = button("Delete", "delete_question", () => list.value);
  const save = button("Save question", "keep_question", () => name.value);
  const summary = element("summary", {}, "Saved questions");
  const about = element("p", { className: "classy-nb-hint" });
  const problem = element("p", { className: "classy-nb-problem", hidden: true });
  const enable = () => {
    for (const one of [load, remove]) one.setAttribute("aria-disabled", String(!list.value));
  };
  list.addEventListener("change", enable);
  name.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    save.click();
  });
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    load.click();
  });
  const root = element("details", { className: "classy-nb-questions" }, summary,
    problem,
    element("div", { className: "classy-nb-row" },
      element("div", { className: "classy-nb-export" }, field(bridge, "saved", "Question", list), load, remove),
      element("div", { className: "classy-nb-export" }, field(bridge, "question", "Name of this question", name), save)),
    about);
  return {
    root,
    show({ names, problem: text, file }) {
      const chosen = list.value;
      summary.textContent = text ? "Saved questions (unreadable)" : names.length ? `Saved questions (${names.length})` : "Saved questions";
      list.replaceChildren(option("", names.length ? "choose …" : "none yet"), ...names.map((one) => option(one)));
      list.value = names.includes(chosen) ? chosen : "";
      problem.textContent = text;
      problem.hidden = !text;
      about.textContent = `Kept in ${file} beside the notebook: what to fetch, but no rows, nothing about people, no credentials.`;
      enable();
    },
  };
}
