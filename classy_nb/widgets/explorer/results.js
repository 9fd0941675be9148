// What the explorer shows and hands over: rows, numbers, files.

function showRows(table, shown, all) {
  const places = all ? shown.columns.map((_, place) => place) : shown.first;
  const head = element("tr", {}, ...places.map((place) =>
    element("th", { scope: "col", className: shown.numeric[place] ? "classy-nb-number" : "" }, shown.columns[place])));
  const body = shown.rows.map((row) => element("tr", {}, ...places.map((place) => {
    const masked = shown.masked[place] && row[place] !== "";
    const kind = masked ? "classy-nb-masked" : shown.numeric[place] ? "classy-nb-number" : "";
    return element("td", { className: kind }, row[place]);
  })));
  table.replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
}

function showCounts(table, shown) {
  const numbers = [...shown.rows, ...(shown.other ? [["other", shown.other]] : [])];
  const body = numbers.map(([status, number]) => {
    const share = (100 * number) / shown.total;
    const bar = element("span", { className: "classy-nb-bar", "aria-hidden": "true" });
    bar.style.width = `${Math.max(share, 0.5)}%`;
    return element("tr", {},
      element("th", { scope: "row" }, status),
      element("td", { className: "classy-nb-number" }, number.toLocaleString("en-US")),
      element("td", { className: "classy-nb-number" }, `${share.toFixed(1)} %`),
      element("td", { className: "classy-nb-share" }, bar));
  });
  const head = element("tr", {}, ...["Status", "Records", "Share"].map((name, place) =>
    element("th", { scope: "col", className: place ? "classy-nb-number" : "" }, name)),
    element("td", { className: "classy-nb-share" }));
  table.replaceChildren(element("caption", {}, shown.caption),
    ...(body.length ? [element("thead", {}, head), element("tbody", {}, ...body)] : []));
}

// Fetches a file that Python offers, piece by piece, compares checksums, and gives it to the browser.
function makeDownloads(bridge, progress) {
  let current = null;

  const pull = () =>
    bridge.ask("pull", { ticket: current.ticket, offset: current.received }, ["piece", "dropped"]);
  const finish = (intact) => {
    const { ticket, name, pieces } = current;
    current = null;
    if (intact) {
      const address = URL.createObjectURL(new Blob(pieces, { type: "text/csv" }));
      const link = element("a", { href: address, download: name });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    }
    bridge.ask("received", { ticket, intact });
  };

  bridge.on("offer", (offer) => {
    if (offer.view !== bridge.view) return;
    current = { ...offer, received: 0, pieces: [], hash: new Sha256() };
    pull();
  });
  bridge.on("piece", ({ ticket, offset }, buffers) => {
    if (current?.ticket !== ticket || offset !== current.received) return;
    const data = buffers[0];
    const bytes = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
    current.pieces.push(bytes.slice());
    current.hash.update(bytes);
    current.received += bytes.length;
    progress(current.received, current.size);
    if (current.received < current.size && bytes.length) pull();
    else finish(current.received === current.size && current.hash.hex() === current.sha256);
  });
  bridge.on("dropped", ({ ticket }) => {
    if (current?.ticket === ticket) current = null;
  });
}

async function copyText(text, node) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not allowed here, or no secure address: select it, and try the old way.
    getSelection().selectAllChildren(node);
    return document.execCommand("copy");
  }
}
