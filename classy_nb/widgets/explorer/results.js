// What the buttons bring: rows, counts, files.

const EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

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

// Fetches a file that Python offers, chunk by chunk, checks it, and gives it to the browser.
function makeDownloads(bridge, progress) {
  let current = null;

  const pull = () =>
    bridge.ask("pull", { ticket: current.ticket, offset: current.received }, ["piece", "dropped"]);
  const finish = async (download) => {
    const type = /\.xlsx$/i.test(download.name) ? EXCEL : "text/csv";
    const file = new Blob(download.pieces, { type });
    const { intact, checksum } = await check(file, download);
    if (current !== download) return; // cancelled meanwhile
    current = null;
    if (intact) {
      const address = URL.createObjectURL(file);
      const link = element("a", { href: address, download: download.name });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    }
    bridge.ask("received", { ticket: download.ticket, intact, checksum });
  };

  bridge.on("offer", (offer) => {
    if (offer.view !== bridge.view) return;
    current = { ...offer, received: 0, pieces: [] };
    pull();
  });
  bridge.on("piece", ({ ticket, offset }, buffers) => {
    if (current?.ticket !== ticket || offset !== current.received) return;
    const data = buffers[0];
    const bytes = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
    current.pieces.push(bytes.slice());
    current.received += bytes.length;
    progress(current.received, current.size);
    if (current.received < current.size && bytes.length) pull();
    else finish(current);
  });
  bridge.on("dropped", ({ ticket }) => {
    if (current?.ticket === ticket) current = null;
  });
}

// Compares a file's length and checksum with those that Python announced. Browsers compute checksums only on
// secure pages (https or localhost) and may run out of memory; then the length has to do.
async function check(file, { size, sha256 }) {
  if (file.size !== size) return { intact: false, checksum: false };
  if (!globalThis.crypto?.subtle) return { intact: true, checksum: false };
  try {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return { intact: hex === sha256, checksum: true };
  } catch {
    return { intact: true, checksum: false };
  }
}

async function copyText(text, node) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not allowed here, or not a secure page: select the text, and try the old way.
    getSelection().selectAllChildren(node);
    return document.execCommand("copy");
  }
}
