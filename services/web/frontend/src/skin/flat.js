// Where cells stand when the body is laid flat: each part is cut open opposite to what is in the middle.
export class Flat {
  constructor(map, centre) {
    this.map = map;
    this.rows = map.rows;
    this.width = Math.max(...map.parts.map((part) => part.columns));
    const opposite = centre === "back" ? "front" : "back";
    this.bands = map.parts.map((part) => ({
      part, cut: part.middles[opposite], begin: Math.floor((this.width - part.columns) / 2),
    }));
    this.places = this.#places();
  }

  /** The place in the map of every place of the picture, row after row; -1 where there is no skin. */
  #places() {
    const found = new Int32Array(this.rows * this.width).fill(-1);
    for (const { part, cut, begin } of this.bands) {
      for (let row = part.first_row; row < part.first_row + part.rows; row += 1) {
        for (let along = 0; along < part.columns; along += 1) {
          const within = (cut + along) % part.columns;
          found[row * this.width + begin + along] = this.map.place(row, part.first_column + within);
        }
      }
    }
    return found;
  }

  band(row) {
    return this.bands.find(({ part }) => row >= part.first_row && row < part.first_row + part.rows);
  }

  /** The cell at a row and a place across; null where there is no skin. */
  cellAt(row, across) {
    const band = this.band(row);
    const along = across - (band?.begin ?? 0);
    if (!band || along < 0 || along >= band.part.columns) return null;
    const within = (band.cut + along) % band.part.columns;
    return { row, column: (band.part.first_column + within) % this.map.columns };
  }

  /** Where a cell stands; null where there is no skin. */
  acrossOf({ row, column }) {
    const band = this.band(row);
    if (!band) return null;
    const { part } = band;
    const within = (((column - part.first_column) % this.map.columns) + this.map.columns) % this.map.columns;
    if (within >= part.columns) return null;
    return band.begin + ((within - band.cut + part.columns) % part.columns);
  }

  /** The cell next to another; round the body there is no end. */
  moved({ row, column }, down, along) {
    const to = Math.min(Math.max(row + down, 0), this.rows - 1);
    const band = this.band(to);
    if (!band) return { row, column };
    const from = this.acrossOf({ row, column }) ?? band.begin;
    const count = band.part.columns;
    const held = to === row ? (from - band.begin + along + count * 10) % count : Math.min(Math.max(from - band.begin, 0), count - 1);
    return this.cellAt(to, band.begin + held);
  }
}
