// A map as the server sends it: a JSON head, then its arrays. See pages/skin/sent.py.
export class DoseMap {
  constructor(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    this.head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    const { rows, columns, parts, steps } = this.head;
    Object.assign(this, { rows, columns, parts, steps, peak: this.head.peak });
    let at = 4 + length;
    this.dose = new Float64Array(buffer, at, rows * columns);
    at += rows * columns * 8;
    const total = steps.reduce((sum, step) => sum + step.cells, 0);
    this.cells = new Uint16Array(buffer.slice(at, at + total * 2));
    this.added = new Float32Array(buffer.slice(at + total * 2, at + total * 6));
    this.starts = [];
    let start = 0;
    for (const step of steps) { this.starts.push(start); start += step.cells; }
    this.regions = this.#regions();
  }

  /** The region of each cell; -1 where there is no skin. */
  #regions() {
    const found = new Int8Array(this.rows * this.columns).fill(-1);
    for (const part of this.parts) {
      for (let row = part.first_row; row < part.first_row + part.rows; row += 1) {
        part.regions.forEach((region, within) => { found[this.place(row, part.first_column + within)] = region; });
      }
    }
    return found;
  }

  place(row, column) {
    return row * this.columns + (((column % this.columns) + this.columns) % this.columns);
  }

  /** The doses when the steps up to `step` are there, or that step alone. All of them are the array itself. */
  frame(step, alone) {
    if (!this.steps.length || (!alone && step >= this.steps.length)) return this.dose;
    const doses = new Float64Array(this.dose.length);
    for (let one = alone ? step - 1 : 0; one < step; one += 1) {
      const start = this.starts[one];
      for (let n = start; n < start + this.steps[one].cells; n += 1) doses[this.cells[n]] += this.added[n];
    }
    return doses;
  }

  /** The step that gave most at a place, with its dose; null where none did. */
  most(place) {
    let best = null;
    this.steps.forEach((step, index) => {
      const start = this.starts[index];
      // Places rise within a step.
      let low = start;
      let high = start + step.cells;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.cells[middle] < place) low = middle + 1; else high = middle;
      }
      if (low < start + step.cells && this.cells[low] === place && (!best || this.added[low] > best.gy)) {
        best = { step, gy: this.added[low] };
      }
    });
    return best;
  }
}

export async function fetchMap(address) {
  const answer = await fetch(address);
  if (answer.redirected || !answer.ok) throw new Error(`no map: ${answer.status}`);
  return new DoseMap(await answer.arrayBuffer());
}
