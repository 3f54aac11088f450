// The numbers of a chart as a table, and the list of what was clicked.
function row(cells, tag, numeric) {
  const line = document.createElement("tr");
  cells.forEach((text, place) => {
    const cell = document.createElement(tag);
    cell.textContent = text;
    if (tag === "th") cell.scope = "col";
    if (numeric[place]) cell.className = "n";
    line.append(cell);
  });
  return line;
}

export function replaceTable(place, table) {
  const made = document.createElement("table");
  made.createTHead().append(row(table.head, "th", table.numeric));
  made.createTBody().append(...table.rows.map((cells) => row(cells, "td", table.numeric)));
  place.replaceChildren(made);
}

export async function replaceList(panel, address, rows, chosen) {
  panel.hidden = false;
  panel.querySelector("[data-what]").textContent = chosen.told;
  panel.querySelector("[data-open]").href = address;
  const place = panel.querySelector("[data-rows]");
  place.replaceChildren();
  const reply = await fetch(rows, { headers: { accept: "text/html" } });
  const parsed = new DOMParser().parseFromString(await reply.text(), "text/html");
  place.replaceChildren(...parsed.body.childNodes);
  panel.querySelector("h2").focus({ preventScroll: true });
  panel.scrollIntoView({ behavior: "smooth", block: "start" });
}
