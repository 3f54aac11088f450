// What is said of the cursor: dose, place, region, and the event that gave most there.
export class Told {
  constructor(element, map, words) {
    Object.assign(this, { map, words });
    this.find = (name) => element.querySelector(`[data-${name}]`);
  }

  cursor(cell, doses, said = false) {
    const place = this.map.place(cell.row, cell.column);
    const dose = doses[place];
    const region = this.map.head.regions[this.map.regions[place]] ?? this.words.fill("no_skin");
    const told = this.find("dose");
    told.textContent = this.words.number(dose);
    Object.assign(told.dataset, { gy: String(dose), row: String(cell.row), column: String(cell.column) });
    this.find("region").textContent = region;
    const part = this.map.parts.find((one) => cell.row >= one.first_row && cell.row < one.first_row + one.rows);
    const crown = this.words.number(part.first_y_cm + cell.row - part.first_row + 0.5, 3);
    this.find("place").textContent = this.words.fill("place", { row: cell.row, column: cell.column, crown });
    this.#most(place);
    if (said) {
      this.find("said").textContent = this.words.fill("said", {
        dose: this.words.number(dose, 3), region, row: cell.row, column: cell.column,
      });
    }
  }

  #most(place) {
    const link = this.find("most-link");
    const found = this.map.most(place);
    link.hidden = !found;
    if (!found) {
      this.find("most").textContent = this.map.steps.length ? this.words.fill("no_event") : "";
      return;
    }
    const sentence = this.words.fill(found.step.first === found.step.last ? "most" : "most_of", {
      event: found.step.first, first: found.step.first, last: found.step.last, dose: this.words.number(found.gy, 3),
      share: this.words.number((found.gy / this.map.dose[place]) * 100, 2),
    });
    this.find("most").textContent = sentence;
    link.textContent = this.words.fill("row_of_event");
    link.href = found.step.address;
  }

  /** Which isodose lines are drawn. */
  lines(levels, wanted) {
    const text = wanted && !levels.length ? this.words.fill("no_line") : levels.map((level) => `${level} Gy`).join(" · ");
    this.find("lines").textContent = wanted && levels.length ? this.words.fill("lines", { levels: text }) : text;
  }
}
