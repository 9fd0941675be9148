// Finds a campaign, page or team by its name and puts its id where the id belongs.

// `ask(text)` has Python search, which answers with `show`; `pick(id)` takes the id. `what` is "campaign".
function makePicker(bridge, place, what, ask, pick) {
  const label = what.replaceAll("_", " ");
  const search = element("input", { type: "search", autocomplete: "off" });
  const list = element("select", { size: 5 });
  const said = element("p", { className: "classy-nb-hint" }); // the form's status says it aloud
  const go = element("button", { type: "button" }, "Search");
  const use = element("button", { type: "button" }, "Use it");
  const matches = field(bridge, `${place}-matches`, `Matching ${label}s`, list);
  const panel = element("div", { className: "classy-nb-picker", role: "group", "aria-label": `Find a ${label} by name`, hidden: true, id: bridge.id(`${place}-picker`) },
    element("div", { className: "classy-nb-row" }, field(bridge, `${place}-name`, `Name of the ${label}`, search), go),
    said, matches, use);
  const button = element("button", { type: "button", "aria-expanded": "false", "aria-controls": panel.id, "aria-label": `Find the ${label} by name` }, "By name …");
  const name = element("span", { className: "classy-nb-hint classy-nb-picked" });
  let found = [];
  let picked = null; // [id, name] of what was picked here: shown as long as the id stays

  const open = (shown) => {
    panel.hidden = !shown;
    button.setAttribute("aria-expanded", String(shown));
    (shown ? search : button).focus();
  };
  const find = () => {
    if (search.value.trim()) ask(search.value);
    else search.focus();
  };
  const choose = () => {
    const one = found.find(([id]) => String(id) === list.value);
    if (!one) return;
    picked = [String(one[0]), one[1]];
    pick(picked[0]);
    name.textContent = picked[1];
    open(false);
  };
  matches.hidden = use.hidden = true;
  button.addEventListener("click", () => open(panel.hidden));
  go.addEventListener("click", find);
  use.addEventListener("click", choose);
  list.addEventListener("dblclick", choose);
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") open(false);
    else if (event.key === "Enter" && event.target === search) find();
    else if (event.key === "Enter" && event.target === list) choose();
    else if (event.key === "ArrowDown" && event.target === search && !matches.hidden) list.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return {
    button,
    panel,
    name,
    // Takes what Python found: [[id, name, what tells it from others]], and how many more there are.
    show({ matches: rows, more, said: text }) {
      found = rows;
      list.replaceChildren(...rows.map(([id, title, about]) => option(id, [title, about, id].filter((part) => part !== "").join(" · "))));
      matches.hidden = use.hidden = !rows.length;
      said.textContent = more ? `${text} Only the first ${rows.length} are listed: add a word.` : text;
      said.dataset.tone = rows.length ? "" : "warning";
      if (!rows.length) return;
      list.selectedIndex = 0;
      if (panel.contains(panel.getRootNode().activeElement)) list.focus();
    },
    // Says whose id it is, as far as that was picked here.
    follow(id) {
      name.textContent = picked && picked[0] === id.trim() ? picked[1] : "";
    },
  };
}
