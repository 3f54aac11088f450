// Draws the flat map: cells, regions, isodose lines, peak and cursor, in that order.
import { isolines } from "./isolines.js";

export const FOOT = 22;
const STYLES = { 2: { dash: [], width: 1.2 }, 3: { dash: [5, 3], width: 1.2 }, 5: { dash: [], width: 2.2 }, 10: { dash: [7, 4], width: 2.6 } };

/** The cells as a small picture, one pixel a cell; skin without dose has the colour of the paper, no skin has none. */
export function cellPicture(flat, doses, scale, window, bare) {
  const image = new ImageData(flat.width, flat.rows);
  const { data } = image;
  flat.places.forEach((place, at) => {
    if (place < 0) return;
    const dose = doses[place];
    const from = dose > 0 ? scale.at(dose, window) : 0;
    const colours = dose > 0 ? scale.table : bare;
    for (let one = 0; one < 3; one += 1) data[at * 4 + one] = colours[from + one];
    data[at * 4 + 3] = 255;
  });
  const small = new OffscreenCanvas(flat.width, flat.rows);
  small.getContext("2d").putImageData(image, 0, 0);
  return small;
}

function eachRegion(flat, visit) {
  const region = (row, across) => {
    const place = flat.places[row * flat.width + across];
    return place < 0 ? -1 : flat.map.regions[place];
  };
  for (let row = 0; row < flat.rows; row += 1) {
    for (let across = 0; across < flat.width; across += 1) visit(row, across, region(row, across), region);
  }
}

/** Lines between regions, and each name once at its widest place. */
export function drawRegions(context, flat, size, names, theme) {
  const lines = new Path2D();
  const boxes = new Map();
  eachRegion(flat, (row, across, own, region) => {
    if (own < 0) return;
    const right = across + 1 < flat.width ? region(row, across + 1) : -1;
    if (right >= 0 && right !== own) { lines.moveTo((across + 1) * size, row * size); lines.lineTo((across + 1) * size, (row + 1) * size); }
    const below = row + 1 < flat.rows ? region(row + 1, across) : -1;
    if (below >= 0 && below !== own) { lines.moveTo(across * size, (row + 1) * size); lines.lineTo((across + 1) * size, (row + 1) * size); }
    const before = across > 0 ? region(row, across - 1) : -1;
    const key = `${own}`;
    const box = boxes.get(key) ?? { top: row, bottom: row, runs: new Map() };
    box.bottom = row;
    if (before !== own) box.open = across;
    box.runs.set(box.open, Math.max(box.runs.get(box.open) ?? 0, across - box.open + 1));
    boxes.set(key, box);
  });
  context.save();
  context.strokeStyle = theme["line-strong"];
  context.lineWidth = 1;
  context.setLineDash([2, 3]);
  context.stroke(lines);
  context.font = `11px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const [key, box] of boxes) {
    const [start, width] = [...box.runs].reduce((best, run) => (run[1] > best[1] ? run : best));
    const text = names[Number(key)];
    const tail = text.split(", ").at(-1);
    const short = context.measureText(text).width < width * size - 6 ? text : tail[0].toUpperCase() + tail.slice(1);
    if (context.measureText(short).width > width * size - 2) continue;
    const x = (start + width / 2) * size;
    context.lineWidth = 3;
    context.setLineDash([]);
    context.lineJoin = "round";
    context.strokeStyle = theme["surface-3"];
    context.strokeText(short, x, box.top * size + 5);
    context.fillStyle = theme["ink-2"];
    context.fillText(short, x, box.top * size + 5);
  }
  context.restore();
}

/** Isodose lines, white on dark so that they are seen on every colour. Gives the levels that were drawn. */
export function drawIsodoses(context, flat, doses, levels, size) {
  const drawn = [];
  const labels = [];
  for (const level of levels) {
    const path = new Path2D();
    let top = null;
    for (const band of flat.bands) {
      const { part, begin } = band;
      for (const [x1, y1, x2, y2] of isolines(flat.map, band, doses, level)) {
        if (!top || y1 < top.y) top = { x: begin + Math.min(Math.max(x1, 0), part.columns), y: y1 };
        // What leaves the right end comes in again at the left one.
        for (const shift of x2 > part.columns || x1 > part.columns - 0.5 ? [0, -part.columns] : [0]) {
          const [a, b] = [x1 + shift, x2 + shift];
          if (Math.min(a, b) > part.columns || Math.max(a, b) < 0) continue;
          path.moveTo((begin + Math.min(Math.max(a, 0), part.columns)) * size, y1 * size);
          path.lineTo((begin + Math.min(Math.max(b, 0), part.columns)) * size, y2 * size);
        }
      }
    }
    if (!top) continue;
    drawn.push(level);
    labels.push({ ...top, text: `${level} Gy` });
    context.save();
    context.lineCap = "round";
    context.strokeStyle = "rgba(10, 14, 18, 0.75)";
    context.lineWidth = STYLES[level].width + 2;
    context.stroke(path);
    context.strokeStyle = "#fff";
    context.lineWidth = STYLES[level].width;
    context.setLineDash(STYLES[level].dash);
    context.stroke(path);
    context.restore();
  }
  drawLabels(context, labels, size);
  return drawn;
}

/** Each line's dose where the line is nearest to the head. */
function drawLabels(context, labels, size) {
  context.save();
  Object.assign(context, { textAlign: "center", textBaseline: "bottom", lineJoin: "round", lineWidth: 3, font: "600 10px sans-serif" });
  for (const { x, y, text } of labels) {
    context.strokeStyle = "rgba(10, 14, 18, 0.85)";
    context.strokeText(text, x * size, y * size - 2);
    context.fillStyle = "#fff";
    context.fillText(text, x * size, y * size - 2);
  }
  context.restore();
}

function twice(context, draw) {
  for (const [colour, width] of [["rgba(10, 14, 18, 0.85)", 4], ["#fff", 1.8]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    draw();
  }
}

export function drawPeak(context, x, y, size) {
  const r = Math.max(size, 6);
  context.save();
  twice(context, () => { context.beginPath(); context.arc(x, y, r, 0, 2 * Math.PI); context.stroke(); });
  context.restore();
}

export function drawCursor(context, x, y, size) {
  const reach = Math.max(size * 1.6, 9);
  const inner = Math.max(size * 0.5, 3);
  context.save();
  twice(context, () => {
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + dx * inner, y + dy * inner);
      context.lineTo(x + dx * reach, y + dy * reach);
    }
    context.stroke();
  });
  context.restore();
}
