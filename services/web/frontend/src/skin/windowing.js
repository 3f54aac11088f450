// Level and window: sliders over the range of the map, numbers for what is meant exactly.
import { ends } from "./scales.js";

const STEPS = 1000;

export class Windowing {
  constructor(element, peak, changed) {
    const find = (name) => element.querySelector(`[data-${name}]`);
    this.changed = changed;
    this.inputs = { level: find("level"), window: find("window") };
    this.sliders = { level: find("level-slider"), window: find("window-slider") };
    for (const name of ["level", "window"]) {
      this.sliders[name].addEventListener("input", () => this.set(name, (this.sliders[name].value / STEPS) * this.peak));
      this.inputs[name].addEventListener("change", () => this.set(name, this.inputs[name].valueAsNumber));
    }
    find("reset").addEventListener("click", () => { this.reset(); changed(); });
    this.renew(peak);
  }

  renew(peak) {
    this.peak = peak || 1;
    this.reset();
  }

  reset() {
    this.level = this.peak / 2;
    this.width = this.peak;
    this.#show();
  }

  set(name, value) {
    if (Number.isFinite(value) && value >= 0) {
      if (name === "level") this.level = value; else this.width = Math.max(value, this.peak / STEPS);
    }
    this.#show();
    this.changed();
  }

  get ends() {
    return ends(this.level, this.width);
  }

  #show() {
    const values = { level: this.level, window: this.width };
    for (const [name, value] of Object.entries(values)) {
      this.inputs[name].value = Number(value.toPrecision(4));
      this.sliders[name].value = (value / this.peak) * STEPS;
      this.sliders[name].setAttribute("aria-valuetext", `${Number(value.toPrecision(3))} Gy`);
    }
  }
}
