// The form's fields: they follow what Python says the chosen list offers.

const OPERATORS = ["=", "!=", "<", "<=", ">", ">="];
const EMPTY_FORM = {
  resource: "", parent: "", values: {}, since: "", until: "", by: "",
  where: [], fields: [], include: [], aggregates: false, variable: "", file: "", format: "csv",
};

function option(value, text = value, attributes = {}) {
  return element("option", { value, textContent: text, ...attributes });
}

// A label and its control; a hint stands beside the label but is not part of the control's name.
function field(bridge, name, label, control, hint = null) {
  control.id = bridge.id(name);
  const described = hint && element("span", { className: "classy-nb-hint", id: bridge.id(`${name}-hint`) }, hint);
  if (described) control.setAttribute("aria-describedby", described.id);
  const text = element("label", { htmlFor: control.id }, label);
  return element("div", { className: "classy-nb-field" }, element("div", {}, text, " ", described), control);
}

function checkbox(bridge, name, label, onchange) {
  const box = element("input", { type: "checkbox", id: bridge.id(name), onchange });
  const text = element("label", { htmlFor: box.id }, label);
  return { box, line: element("div", { className: "classy-nb-check" }, box, text) };
}

// The fields of one form. `changed(now)` is called after each change; now: do not wait for more typing.
// `find(place, named, text)` has Python search a campaign or the like by name.
function makeFields(bridge, changed, find) {
  const form = structuredClone(EMPTY_FORM);
  let shape = null;
  let resources = [];
  let searched = { text: "", names: [] }; // what Python found last
  const drawn = {};
  let came = ""; // what a period in words came to, the way Python reads it now
  const pickers = new Map(); // by place: the fields that take the id of something with a name

  const search = element("input", { type: "search", autocomplete: "off", placeholder: "name, parent, date …" });
  const none = element("span", { className: "classy-nb-hint", role: "status", "data-tone": "warning" });
  const list = element("select", { size: 8 });
  const about = element("p", { className: "classy-nb-hint" });
  const parent = element("select", {});
  const keys = element("div", { className: "classy-nb-row" });
  const more = element("div", { className: "classy-nb-row" });
  const columns = makeColumns(bridge, (names) => { form.fields = names; changed(true); });
  const optional = element("details", {}, element("summary", {}, "More parameters"), more);
  const since = element("input", { type: "date", max: "9999-12-31" });
  const until = element("input", { type: "date", max: "9999-12-31" });
  const named = element("select", {}); // a period by name: its words are sent as since=
  const by = element("select", {});
  const byField = field(bridge, "by", "Date", by);
  const period = element("p", { className: "classy-nb-hint" });
  const rows = element("div", { className: "classy-nb-conditions" });
  const add = element("button", { type: "button" }, "Add condition");
  const boxes = element("div", { className: "classy-nb-boxes" });
  const conditions = element("fieldset", {}, element("legend", {}, "Conditions"), rows, add);
  const include = element("fieldset", {}, element("legend", {}, "Include"), boxes);

  // Redraws a part only if what it shows has changed, so that a focused field keeps the focus.
  const redraw = (name, data, draw) => {
    const text = JSON.stringify(data);
    if (drawn[name] !== text) draw();
    drawn[name] = text;
  };

  const drawList = () => {
    const words = search.value.trim().toLowerCase().split(/[\s_]+/).filter(Boolean);
    // What Python finds by synonyms ("gift") comes first, in its order; then what holds the words.
    const meant = searched.text === search.value.trim() ? searched.names : [];
    const rank = ({ name }) => (meant.includes(name) ? meant.indexOf(name) : meant.length);
    const found = resources.filter(({ name, about, flags: marks }) => meant.includes(name)
      || words.every((word) => `${name} ${about} ${marks.join(" ")}`.toLowerCase().includes(word)))
      .sort((one, other) => rank(one) - rank(other));
    list.replaceChildren(...found.map(({ name, meaning, about, flags: marks }) =>
      option(name, marks.length ? `${name} (${marks.join(", ")})` : name, { title: `${meaning} (${about})` })));
    list.value = form.resource;
    none.textContent = found.length || !resources.length ? "" : `No match; ${form.resource} stays selected.`;
  };

  const choose = (name) => {
    if (!name || name === form.resource) return;
    Object.assign(form, structuredClone(EMPTY_FORM), { resource: name, since: form.since, until: form.until });
    changed(true);
  };

  const drawKeys = () => {
    const drawKey = (one) => {
      const control = keyControl(one);
      control.value = form.values[one.name] ?? "";
      control.dataset.field = `value:${one.name}`;
      const line = field(bridge, `key-${one.name}`, one.label, control);
      if (one.named) line.append(...withPicker(control.dataset.field, one.named, control));
      return line;
    };
    const extra = shape.fields.filter((one) => !one.required);
    keys.replaceChildren(...shape.fields.filter((one) => one.required).map(drawKey));
    more.replaceChildren(...extra.map(drawKey));
    optional.hidden = !extra.length;
    optional.open = extra.some((one) => form.values[one.name]);
  };

  const withPicker = (place, named, input) => {
    const picker = makePicker(bridge, place.replace(":", "-"), named, (text) => find(place, named, text), (id) => {
      input.value = id;
      input.dispatchEvent(new Event("input"));
    });
    input.addEventListener("input", () => picker.follow(input.value));
    pickers.set(place, picker);
    return [element("div", { className: "classy-nb-by-name" }, picker.button, picker.name), picker.panel];
  };

  const keyControl = (one) => {
    const choices = one.type === "bool" ? ["true", "false"] : one.choices;
    const choosing = one.type === "bool" || one.type === "choice";
    const control = choosing
      ? element("select", {}, option("", one.default == null ? "" : `${one.default} (default)`), ...choices.map((choice) => option(choice)))
      : element("input", { type: one.type === "date" ? "date" : "text", autocomplete: "off" });
    if (one.type === "int") control.inputMode = "numeric";
    if (one.required) control.setAttribute("aria-required", "true");
    control.addEventListener("input", () => {
      form.values = { ...form.values, [one.name]: control.value };
      changed(choosing);
    });
    return control;
  };

  const drawRows = () => {
    const offered = [option("", "column …"), ...shape.columns.map(([name]) => option(name, name, { title: shape.meanings[name] }))];
    rows.replaceChildren(...form.where.map((row, place) => drawRow(row, place, offered)));
  };

  const drawRow = (row, place, offered) => {
    const column = element("select", { "aria-label": "Column" }, ...offered.map((one) => one.cloneNode(true)));
    if (row[0] && !shape.columns.some(([name]) => name === row[0])) column.append(option(row[0]));
    column.value = row[0];
    const operator = element("select", { "aria-label": "Operator" }, ...OPERATORS.map((sign) => option(sign)));
    operator.value = row[1];
    const value = element("input", { type: "text", autocomplete: "off", "aria-label": "Value", value: row[2] });
    const known = element("datalist", { id: bridge.id(`values-${place}`) });
    const remove = element("button", { type: "button", "aria-label": `Remove condition ${place + 1}` }, "×");
    const fit = () => {
      const [, kind, values] = shape.columns.find(([name]) => name === column.value) ?? [];
      known.replaceChildren(...(values ?? []).map((one) => option(one)));
      if (values?.length) value.setAttribute("list", known.id);
      else value.removeAttribute("list");
      value.placeholder = { datetime: "2026-01-31", date: "2026-01-31", bool: "true", float: "100.00", int: "123" }[kind] ?? "";
    };
    const take = (now) => {
      form.where = form.where.map((old, at) => (at === place ? [column.value, operator.value, value.value] : old));
      changed(now);
    };
    const byName = element("div", { className: "classy-nb-by-name-of-row" });
    const offerNames = () => {
      const named = shape.named[column.value];
      pickers.delete(`where:${place}`);
      byName.replaceChildren(...(named ? withPicker(`where:${place}`, named, value) : []));
    };
    fit();
    offerNames();
    column.addEventListener("change", () => { fit(); offerNames(); take(true); });
    operator.addEventListener("change", () => take(true));
    value.addEventListener("input", () => take(false));
    remove.addEventListener("click", () => {
      form.where = form.where.filter((_, at) => at !== place);
      drawRows();
      (rows.children[Math.min(place, rows.children.length - 1)]?.querySelector("select") ?? add).focus();
      changed(true);
    });
    const line = element("div", { className: "classy-nb-condition", role: "group", "aria-label": `Condition ${place + 1}` },
      column, operator, value, remove, known, byName);
    line.dataset.field = `where:${place}`;
    return line;
  };

  const drawBoxes = () => {
    const made = shape.include.map((name) => {
      const { box, line } = checkbox(bridge, `include-${name}`, name, () => {
        const others = form.include.filter((one) => one !== name);
        form.include = box.checked ? [...others, name] : others;
        changed(true);
      });
      box.checked = form.include.includes(name);
      return line;
    });
    if (shape.aggregates) {
      const { box, line } = checkbox(bridge, "aggregates", "totals (aggregates)", () => {
        form.aggregates = box.checked;
        changed(true);
      });
      box.checked = form.aggregates;
      made.push(line);
    }
    boxes.replaceChildren(...(made.length ? made : [element("p", { className: "classy-nb-hint" }, "Nothing to include here.")]));
  };

  const drawDates = () => {
    by.replaceChildren(option("", shape.date ?? "choose a date …"), ...shape.dates.filter((name) => name !== shape.date).map((name) => option(name)));
    by.value = form.by;
    byField.hidden = !shape.dates.length;
    since.disabled = until.disabled = named.disabled = !shape.dates.length;
    named.replaceChildren(option("", "choose dates …"), ...shape.periods.map(([words, first, last]) =>
      option(words, `${words[0].toUpperCase()}${words.slice(1)}: ${first === last ? first : `${first} to ${last}`}`)));
    takePeriod();
    drawPeriod();
  };

  // Shows what the form says about the period: dates, or words and the dates that they come to.
  const takePeriod = () => {
    const words = form.since && !/^\d{4}(-\d\d){0,2}/.test(form.since) ? form.since : "";
    const found = shape?.periods.find(([one]) => one === words);
    if (words && !found) named.append(option(words)); // of a saved question, say
    named.value = words;
    since.value = words ? found?.[1] ?? "" : form.since;
    until.value = words && !form.until ? found?.[3] ?? "" : form.until;
  };

  const drawPeriod = () => {
    const which = form.by || (shape.date ? `${shape.date}, the main date of these records` : "the date you choose");
    const words = came ? `${came[0].toUpperCase()}${came.slice(1)}. ` : "";
    period.textContent = shape.dates.length
      ? `${words}By ${which}. Days start at midnight in ${shape.timezone}; “Until” is the first day not included.`
      : "These records have no date to filter by.";
  };

  const searching = field(bridge, "search", "Search resources", search);
  searching.append(none);
  search.addEventListener("input", () => {
    drawList();
    const text = search.value.trim();
    if (text) bridge.send("search", { text });
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      if (list.selectedIndex < 0) choose(list.options[0]?.value);
      list.focus();
    }
    if (event.key === "Enter" && list.selectedIndex < 0) {
      event.preventDefault();
      choose(list.options[0]?.value);
    }
  });
  list.addEventListener("change", () => choose(list.value));
  parent.addEventListener("change", () => { form.parent = parent.value; form.values = {}; changed(true); });
  for (const [control, name] of [[since, "since"], [until, "until"], [by, "by"]]) {
    control.dataset.field = name;
    control.addEventListener("input", () => {
      form[name] = control.value;
      if (control !== by) {
        // Whoever changes one end of a named period keeps the other end, as a date.
        Object.assign(form, { since: since.value, until: until.value });
        named.value = "";
      }
      drawPeriod();
      changed(true);
    });
  }
  named.addEventListener("change", () => {
    if (named.value) Object.assign(form, { since: named.value, until: "" });
    else Object.assign(form, { since: since.value, until: until.value });
    takePeriod();
    changed(true);
  });
  const details = element("div", { className: "classy-nb-details" },
    element("div", { className: "classy-nb-row" }, field(bridge, "parent", "Parent", parent)), keys,
    element("div", { className: "classy-nb-row" }, field(bridge, "period", "Period", named), byField),
    element("div", { className: "classy-nb-row" }, field(bridge, "since", "Since", since), field(bridge, "until", "Until", until)),
    period,
    conditions, columns.root, include, optional);
  const dates = () => [since, until, ...keys.querySelectorAll("[type=date]"), ...more.querySelectorAll("[type=date]")];
  // A half-typed date fires no input event: its value stays empty.
  details.addEventListener("keyup", ({ target }) => { if (target.type === "date" && target.validity.badInput) changed(false); });
  add.addEventListener("click", () => {
    form.where = [...form.where, ["", "=", ""]];
    drawRows();
    rows.lastElementChild.querySelector("select").focus();
    changed(true);
  });

  const draw = () => {
    list.value = form.resource;
    about.textContent = shape.about;
    about.append(...shape.flags.map((flag) => element("strong", { className: "classy-nb-flag" }, flag)));
    redraw("parents", shape.parents, () => parent.replaceChildren(...shape.parents.map((one) => option(one.value, one.text))));
    parent.value = shape.parent;
    redraw("keys", [shape.fields, form.resource], drawKeys);
    redraw("dates", [shape.date, shape.dates, shape.periods], drawDates);
    redraw("rows", [shape.columns, form.resource], drawRows);
    redraw("own", [shape.own, form.resource], () => columns.offer(shape.own));
    columns.take(form.fields);
    redraw("boxes", [shape.include, shape.aggregates, form.resource], drawBoxes);
  };

  return {
    form,
    conditions,
    include,
    chooser: element("div", { className: "classy-nb-chooser" }, searching, field(bridge, "resource", "Resource", list), about),
    details,
    searched(found) {
      searched = found;
      drawList();
    },
    offer(found) {
      resources = found;
      drawList();
    },
    fit(next) {
      shape = next;
      form.parent = next.parent;
      draw();
    },
    // Takes over a form that came from Python: another view's, or from before the page was reloaded.
    take(next) {
      if (JSON.stringify(form) === JSON.stringify(next)) return;
      Object.assign(form, structuredClone(next));
      for (const name of ["keys", "rows", "boxes", "dates"]) delete drawn[name];
      takePeriod();
      if (shape) draw();
      drawList();
    },
    dated(text) {
      came = text;
      if (shape) drawPeriod();
    },
    found: (message) => pickers.get(message.place)?.show(message),
    incomplete: () => dates().filter((date) => date.validity.badInput).map((date) => date.dataset.field),
  };
}
