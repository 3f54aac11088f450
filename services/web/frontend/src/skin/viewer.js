// The viewer: one state (cursor, scale, window, step), drawn flat and on the body, told in words.
import { drawBar } from "./bar.js";
import { paper } from "./colours.js";
import { Flat } from "./flat.js";
import { Picture } from "./picture.js";
import { Replay } from "./replay.js";
import { saved } from "./saving.js";
import { Scale } from "./scales.js";
import { Told } from "./told.js";
import { Windowing } from "./windowing.js";
import { Words } from "./words.js";

const SHARE_OF_SCREEN = 0.72;
const LARGE = 3;

export class Viewer {
  constructor(element, map) {
    Object.assign(this, { element, map, words: new Words(map), theme: paper(), body: null });
    this.find = (name) => element.querySelector(`[data-${name}]`);
    this.picture = new Picture(this.find("flat"));
    this.cursor = map.peak;
    this.told = new Told(element, map, this.words);
    this.#choices();
    this.windowing = new Windowing(element, map.peak.gy, () => this.draw());
    const replay = this.find("replay");
    this.replay = replay ? new Replay(replay, map, this.words, () => this.draw()) : null;
    this.layOut();
  }

  #choices() {
    const scale = this.find("scale");
    for (const one of this.map.head.scales) scale.add(new Option(one.label, one.key));
    scale.addEventListener("change", () => this.draw());
    this.find("centre").addEventListener("change", () => this.layOut());
    for (const name of ["regions", "isodoses", "peak"]) this.#box(name).addEventListener("change", () => this.draw());
    this.find("image").addEventListener("click", () => saved(this));
    this.find("full").addEventListener("click", () => {
      if (document.fullscreenElement) document.exitFullscreen(); else this.element.requestFullscreen?.();
    });
  }

  #box(name) {
    return this.element.querySelector(`input[name="${name}"]`);
  }

  /** Another map of the same study has come. */
  renew(map) {
    this.map = map;
    this.told.map = map;
    this.windowing.renew(map.peak.gy);
    this.replay?.renew(map);
    this.cursor = map.peak;
    this.body?.renew(map);
    this.layOut();
  }

  layOut() {
    this.flat = new Flat(this.map, this.find("centre").value);
    const full = document.fullscreenElement === this.element;
    const room = this.find("flat").parentElement.clientWidth;
    const height = Math.max(innerHeight * SHARE_OF_SCREEN, 360);
    this.picture.fit(this.flat, { width: room, height, largest: full ? 9 * LARGE : undefined });
    this.draw();
  }

  get scene() {
    const chosen = this.map.head.scales.find((one) => one.key === this.find("scale").value);
    return {
      map: this.map, flat: this.flat, doses: this.replay?.doses ?? this.map.dose, scale: new Scale(chosen.colours),
      window: this.windowing.ends, theme: this.theme, words: this.words.all, cursor: this.cursor,
      number: (value, digits) => this.words.number(value, digits),
      shown: { regions: this.#box("regions").checked, isodoses: this.#box("isodoses").checked, peak: this.#box("peak").checked },
    };
  }

  draw() {
    const scene = this.scene;
    const levels = this.picture.draw(scene);
    drawBar(this.find("bar"), scene);
    this.told.lines(levels, scene.shown.isodoses);
    this.told.cursor(this.cursor, scene.doses);
    this.body?.draw(scene);
  }

  /** Put the cursor on a cell, or leave it where there is none; `said` for those who hear the page. */
  point(cell, said = false) {
    if (!cell) return;
    this.cursor = cell;
    const scene = this.scene;
    this.picture.draw(scene);
    this.told.cursor(cell, scene.doses, said);
    this.body?.point(cell);
  }
}
