// Which columns come, and in which order: two lists, to choose from and chosen.

// `own` is what there is, [[name, meaning]]; `chosen` the names in order. `changed(names)` after each change.
function makeColumns(bridge, changed) {
  let own = [];
  let chosen = [];

  const button = (text, act) => element("button", { type: "button", onclick: act }, text);
  const search = element("input", { type: "search", autocomplete: "off", placeholder: "name or meaning …" });
  const none = element("span", { className: "classy-nb-hint", role: "status", "data-tone": "warning" });
  const offered = element("select", { size: 8 });
  const taken = element("select", { size: 8 });
  const about = element("p", { className: "classy-nb-hint classy-nb-meaning", id: bridge.id("meaning") });
  const said = element("span", { className: "classy-nb-unseen", role: "status" });
  for (const list of [offered, taken]) list.setAttribute("aria-describedby", about.id);
  const summary = element("summary", {});
  const actions = {
    add: button("Add", () => add()),
    up: button("Move up", () => move(-1)),
    down: button("Move down", () => move(1)),
    remove: button("Remove", () => remove()),
    clear: button("All columns", () => clear()),
  };

  const matching = () => {
    const words = search.value.trim().toLowerCase().split(/[\s_]+/).filter(Boolean);
    return own.filter(([name, meaning]) => !chosen.includes(name)
      && words.every((word) => `${name} ${meaning}`.toLowerCase().includes(word)));
  };
  const describe = (name) => {
    const meaning = own.find(([other]) => other === name)?.[1];
    about.textContent = name ? `${name}: ${meaning || "no description"}` : "";
  };
  const fill = (list, names, selected) => {
    const meanings = new Map(own);
    list.replaceChildren(...names.map((name) => option(name, name, { title: meanings.get(name) ?? "" })));
    list.value = selected ?? "";
  };
  const draw = (picked = taken.value, at = offered.value) => {
    const found = matching().map(([name]) => name);
    fill(offered, found, found.includes(at) ? at : "");
    fill(taken, chosen, chosen.includes(picked) ? picked : "");
    none.textContent = search.value && !found.length ? "No column matches." : "";
    summary.textContent = chosen.length ? `Columns: ${chosen.length} of ${own.length}, in your order` : `Columns: all ${own.length}`;
    enable();
  };
  const enable = () => {
    const place = chosen.indexOf(taken.value);
    const allowed = {
      add: offered.value !== "", up: place > 0, down: place >= 0 && place < chosen.length - 1,
      remove: place >= 0, clear: chosen.length > 0,
    };
    for (const [name, one] of Object.entries(actions)) one.setAttribute("aria-disabled", String(!allowed[name]));
  };
  const put = (names, picked, at) => {
    chosen = names;
    draw(picked, at);
    changed(names);
  };
  const add = () => {
    const name = offered.value;
    if (!name) return;
    const next = offered.options[offered.selectedIndex + 1] ?? offered.options[offered.selectedIndex - 1];
    put([...chosen, name], name, next?.value);
    said.textContent = `${name} is column ${chosen.length}.`;
    describe(offered.value || name);
  };
  const remove = () => {
    const place = chosen.indexOf(taken.value);
    if (place < 0) return;
    const [name] = chosen.slice(place, place + 1);
    const left = chosen.filter((one) => one !== name);
    put(left, left[Math.min(place, left.length - 1)]);
    said.textContent = `${name} was removed.`;
    describe(taken.value);
    (left.length ? taken : offered).focus();
  };
  const clear = () => {
    if (!chosen.length) return;
    put([]);
    said.textContent = "All columns come again.";
    offered.focus();
  };
  const move = (step) => {
    const place = chosen.indexOf(taken.value);
    const to = place + step;
    if (place < 0 || to < 0 || to >= chosen.length) return;
    const names = [...chosen];
    [names[place], names[to]] = [names[to], names[place]];
    put(names, names[to]);
    said.textContent = `${names[to]} is column ${to + 1} of ${names.length}.`;
  };

  search.addEventListener("input", () => draw());
  search.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "Enter") return;
    event.preventDefault(); // Enter: not a preview
    if (offered.selectedIndex < 0) offered.selectedIndex = 0;
    describe(offered.value);
    enable();
    offered.focus();
  });
  offered.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  });
  taken.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.altKey && step) move(step);
    else if (event.key === "Delete" || event.key === "Backspace") remove();
    else if (event.key !== "Enter") return;
    event.preventDefault();
  });
  for (const list of [offered, taken]) {
    list.addEventListener("change", () => { describe(list.value); enable(); });
    list.addEventListener("focus", () => describe(list.value));
  }
  offered.addEventListener("dblclick", add);
  taken.addEventListener("dblclick", remove);

  const searching = field(bridge, "column-search", "Search columns", search);
  searching.append(none);
  const root = element("details", { className: "classy-nb-choosing" }, summary,
    searching,
    element("div", { className: "classy-nb-lists" },
      element("div", {}, field(bridge, "offered", "Available columns", offered), element("div", { className: "classy-nb-buttons" }, actions.add)),
      element("div", {}, field(bridge, "taken", "Chosen columns", taken),
        element("div", { className: "classy-nb-buttons" }, actions.up, actions.down, actions.remove, actions.clear))),
    about,
    element("p", { className: "classy-nb-hint" }, "Keys: Enter adds; Alt+↑ and Alt+↓ move, Delete removes. The id always comes along."),
    said);

  return {
    root,
    offer(found) {
      own = found;
      search.value = "";
      describe("");
      draw("", "");
    },
    take(names) {
      if (JSON.stringify(names) === JSON.stringify(chosen)) return;
      chosen = [...names];
      draw();
    },
  };
}
