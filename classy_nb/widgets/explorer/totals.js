// A small chart of what fetched rows add up to: bars by month, a part for each status, and the same as a table.

const CHART = { widest: 560, narrowest: 260, height: 150, left: 48, right: 6, top: 10, bottom: 22 };

function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const plainNumber = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const shortNumber = (value) => value.toLocaleString("en-US", { notation: "compact", maximumFractionDigits: 1 });

function showTotals(box, bridge, shown) {
  const by = shown.by ? `by ${shown.charts[0].periods.some((period) => period.length === 7) ? "month" : "year"} of ${shown.by} and status` : "by status";
  const width = Math.max(CHART.narrowest, Math.min(CHART.widest, box.clientWidth || CHART.widest));
  box.replaceChildren(
    element("h3", {}, `Totals ${by}`),
    element("p", { className: "classy-nb-hint" }, `Of ${shown.of}.${shown.part ? " “To a variable” fetches all rows and adds them up." : ""}`),
    ...shown.charts.map((chart, place) => drawTotal(bridge, chart, place, width)),
    ...shown.notes.map((note) => element("p", { className: "classy-nb-hint" }, note)),
    ...(shown.charts.length > 1 ? [element("p", { className: "classy-nb-hint" }, "Amounts in different currencies are never added.")] : []),
  );
}

function drawTotal(bridge, chart, place, width) {
  const digits = chart.unit === "rows" ? 0 : 2;
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
  const totals = chart.values.map(sum);
  const legend = element("ul", { className: "classy-nb-legend" }, ...chart.statuses.map((status, at) =>
    element("li", {}, element("span", { className: `classy-nb-swatch classy-nb-part-${at}`, "aria-hidden": "true" }),
      `${status}: ${plainNumber(totals[at], digits)}`)));
  const title = element("p", { className: "classy-nb-chart-title" }, chart.title);
  const summary = `${chart.title}: ${chart.statuses.map((status, at) => `${status} ${plainNumber(totals[at], digits)}`).join(", ")}. The numbers are in the table below.`;
  return element("div", { className: "classy-nb-chart" }, title, bars(chart, summary, digits, width), legend,
    element("details", {}, element("summary", {}, "As a table"), numbersOf(bridge, chart, place, digits, sum)));
}

function bars({ periods, statuses, values }, summary, digits, width) {
  const { height, left, right, top, bottom } = CHART;
  const heights = periods.map((_, at) => values.reduce((all, row) => all + Math.max(row[at], 0), 0));
  const most = Math.max(...heights, 0) || 1;
  const step = (width - left - right) / periods.length;
  const bar = Math.min(step * 0.72, 44);
  const y = (value) => height - bottom - ((height - top - bottom) * value) / most;
  const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary });
  for (const value of [0, most / 2, most]) {
    svg.append(
      drawing("line", { class: "classy-nb-grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      drawing("text", { class: "classy-nb-axis", x: left - 6, y: y(value) + 3.5, "text-anchor": "end" }, shortNumber(value)),
    );
  }
  const every = Math.ceil((periods.length * 58) / (width - left - right)); // labels that do not touch
  periods.forEach((period, at) => {
    const x = left + step * at + (step - bar) / 2;
    let base = 0;
    statuses.forEach((status, part) => {
      const value = values[part][at];
      if (value <= 0) return; // a negative total is in the table only
      const tip = drawing("title", {}, `${period} ${status}: ${plainNumber(value, digits)}`);
      svg.append(drawing("rect", {
        class: `classy-nb-part-${part}`, x, width: bar, y: y(base + value), height: y(base) - y(base + value),
      }, tip));
      base += value;
    });
    if (at % every === 0) {
      svg.append(drawing("text", { class: "classy-nb-axis", x: x + bar / 2, y: height - 6, "text-anchor": "middle" }, period));
    }
  });
  return svg;
}

function numbersOf(bridge, { title, periods, statuses, values }, place, digits, sum) {
  const counted = digits === 0 && statuses.length > 1; // amounts of gifts that failed and that did not have no sum
  const number = (value) => element("td", { className: "classy-nb-number" }, plainNumber(value, digits));
  const line = (name, numbers) => element("tr", {}, element("th", { scope: "row" }, name), ...numbers.map(number),
    ...(counted ? [number(sum(numbers))] : []));
  const names = ["", ...statuses, ...(counted ? ["All"] : [])];
  const head = element("tr", {}, ...names.map((name, at) => (at
    ? element("th", { scope: "col", className: "classy-nb-number" }, name) : element("td", {}, ""))));
  const lines = periods.map((period, at) => line(period || "Total", values.map((row) => row[at])));
  if (periods.length > 1) lines.push(line("Total", values.map(sum)));
  const caption = element("caption", { id: bridge.id(`totals-${place}`) }, title);
  const table = element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...lines));
  return element("div", { className: "classy-nb-scroll", role: "region", tabIndex: 0, "aria-labelledby": caption.id }, table);
}
