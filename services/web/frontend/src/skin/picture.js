// The flat map on its canvas: fits the cells into the room there is, and says which cell a point is on.
import { FOOT, cellPicture, drawCursor, drawIsodoses, drawPeak, drawRegions } from "./drawing.js";

const LARGEST = 9;

export class Picture {
  constructor(canvas) {
    this.canvas = canvas;
  }

  /** Choose the size of a cell so that the whole map is seen. */
  fit(flat, room) {
    this.size = Math.max(Math.min(room.width / flat.width, (room.height - FOOT) / flat.rows, room.largest ?? LARGEST), 2);
    this.width = Math.floor(flat.width * this.size);
    this.height = Math.floor(flat.rows * this.size) + FOOT;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.ratio = ratio;
  }

  draw(scene) {
    const { flat, doses, scale, window, shown, words, theme, map } = scene;
    const context = this.canvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.imageSmoothingEnabled = false;
    const small = cellPicture(flat, doses, scale, window, theme.bare);
    context.drawImage(small, 0, 0, flat.width * this.size, flat.rows * this.size);
    if (shown.regions) drawRegions(context, flat, this.size, map.head.regions, theme);
    const levels = shown.isodoses ? drawIsodoses(context, flat, doses, map.head.isodoses_gy, this.size) : [];
    this.#foot(context, flat, words, theme);
    if (shown.peak) this.#at(flat, map.peak, (x, y) => drawPeak(context, x, y, this.size));
    if (scene.cursor) this.#at(flat, scene.cursor, (x, y) => drawCursor(context, x, y, this.size));
    return levels;
  }

  #at(flat, cell, draw) {
    const across = flat.acrossOf(cell);
    if (across !== null) draw((across + 0.5) * this.size, (cell.row + 0.5) * this.size);
  }

  /** The sides under the map, the patient's left and right as seen from outside. */
  #foot(context, flat, words, theme) {
    const band = flat.bands.find(({ part }) => part.columns === flat.width);
    if (!band) return;
    context.font = `11px ${theme.font}`;
    context.fillStyle = theme["ink-2"];
    context.textAlign = "center";
    context.textBaseline = "middle";
    const names = ["front", "left", "back", "right"].map((side) => words[side]);
    const runs = [];
    for (let along = 0; along < band.part.columns; along += 1) {
      const side = band.part.regions[(band.cut + along) % band.part.columns] % 4;
      if (runs.at(-1)?.side === side) runs.at(-1).count += 1;
      else runs.push({ side, start: along, count: 1 });
    }
    for (const { side, start, count } of runs) {
      if (count * this.size < context.measureText(names[side]).width) continue;
      context.fillText(names[side], (start + count / 2) * this.size, this.height - FOOT / 2);
    }
  }

  /** The cell under a point of the page; null beside the body. */
  cellAt(flat, x, y) {
    const box = this.canvas.getBoundingClientRect();
    const across = Math.floor((x - box.left) / this.size);
    const row = Math.floor((y - box.top) / this.size);
    return row >= 0 && row < flat.rows ? flat.cellAt(row, across) : null;
  }

  /** The middle of a cell on the canvas, in CSS pixels. */
  middleOf(flat, cell) {
    return { x: (flat.acrossOf(cell) + 0.5) * this.size, y: (cell.row + 0.5) * this.size };
  }
}
