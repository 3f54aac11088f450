// Goes through a study event by event.
const BEAT_MS = 220;
const LONGEST_MS = 20_000;

export class Replay {
  constructor(element, map, words, changed) {
    Object.assign(this, { element, map, words, changed, timer: 0 });
    this.slider = element.querySelector("[data-step]");
    this.mode = element.querySelector("[data-mode]");
    this.button = element.querySelector("[data-play]");
    this.slider.addEventListener("input", () => { this.stop(); this.show(); });
    this.mode.addEventListener("change", () => this.show());
    this.button.addEventListener("click", () => (this.timer ? this.stop() : this.play()));
    this.renew(map);
  }

  renew(map) {
    this.stop();
    this.map = map;
    this.slider.max = map.steps.length;
    this.slider.value = map.steps.length;
    this.say();
  }

  get step() {
    return Number(this.slider.value);
  }

  get alone() {
    return this.mode.value === "single";
  }

  /** The doses of what is shown. */
  get doses() {
    return this.map.frame(this.step, this.alone);
  }

  play() {
    if (this.step >= this.map.steps.length) this.slider.value = 0;
    const beat = Math.min(BEAT_MS, LONGEST_MS / this.map.steps.length);
    this.timer = setInterval(() => {
      this.slider.value = this.step + 1;
      this.show();
      if (this.step >= this.map.steps.length) this.stop();
    }, beat);
    this.#label(true);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.#label(false);
  }

  #label(playing) {
    this.button.textContent = playing ? this.words.fill("pause") : this.words.fill("play");
    this.button.setAttribute("aria-pressed", String(playing));
  }

  show() {
    this.say();
    this.changed();
  }

  say() {
    const step = this.map.steps[this.step - 1];
    const total = this.map.steps.length;
    const whole = this.step >= total && !this.alone;
    const event = this.words.events(step);
    const key = whole ? "all" : this.alone ? "alone" : "up_to";
    const sentence = this.words.fill(key, { event, at: this.step, total });
    this.element.querySelector("[data-step-at]").textContent = sentence;
    this.element.querySelector("[data-step-told]").textContent = whole ? "" : step.told;
    this.slider.setAttribute("aria-valuetext", `${sentence} ${whole ? "" : step.told}`.trim());
    const link = this.element.querySelector("[data-step-link]");
    link.hidden = whole;
    link.textContent = this.words.fill("row_of_event");
    link.href = step.address;
  }
}
