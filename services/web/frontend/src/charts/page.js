// The chart page: fetches each chart when it comes into view, draws it, and fills its table, buttons and links.
import { colours } from "./colours.js";
import { init } from "./engine.js";
import { bars, lines } from "./named.js";
import { dots, histograms, week } from "./spread.js";
import { replaceList, replaceTable } from "./tables.js";

const DRAWINGS = {
  values: (answer, ...rest) => (answer.statistic === "histogram" ? histograms : bars)(answer, ...rest),
  frequency: bars, time: lines, against: dots, steps: bars, workload: week,
};
const AT_ONCE = 2;
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const waiting = [];
let busy = 0;

class Card {
  constructor(element) {
    this.element = element;
    this.canvas = element.querySelector("[data-canvas]");
    this.state = element.querySelector("[data-state]");
    this.chart = null;
    this.answer = null;
    element.querySelector("[data-image]").addEventListener("click", () => this.save());
    element.querySelector("[data-full]").addEventListener("click", () => this.fill());
  }

  async load() {
    this.element.dataset.phase = "loading";
    try {
      const reply = await fetch(this.element.dataset.source, { headers: { accept: "application/json" } });
      if (reply.redirected) return location.reload();
      const answer = await reply.json();
      if (!reply.ok) return this.say(answer.error ?? this.element.dataset.failed);
      this.answer = { ...answer, animated: !still };
      replaceTable(this.element.querySelector("[data-table]"), answer.table);
      if (!answer.rows.length) return this.say(answer.words.empty);
      this.draw();
    } catch {
      this.say(this.element.dataset.failed);
    }
  }

  say(sentence) {
    this.element.dataset.phase = "said";
    this.state.textContent = sentence;
  }

  draw() {
    this.element.dataset.phase = "drawn";
    this.state.textContent = this.answer.note;
    const theme = colours(this.answer.palette);
    const width = this.canvas.clientWidth;
    const { option, height } = DRAWINGS[this.answer.drawing](this.answer, theme, width);
    this.canvas.style.height = `${Math.max(height, document.fullscreenElement === this.element ? innerHeight - 140 : 0)}px`;
    if (!this.chart) {
      this.chart = init(this.canvas, null, { renderer: "canvas" });
      this.chart.on("click", (at) => at.data?.row && this.open(at.data.row));
    }
    this.chart.resize();
    this.chart.setOption(option, true);
    this.canvas.setAttribute("aria-label", this.answer.summary);
  }

  open(row) {
    const query = new URLSearchParams(this.answer.list.query);
    for (const [name, value] of row.narrow ?? []) query.set(name, value);
    replaceList(document.querySelector("#below"), `${this.answer.list.address}?${query}`, `${this.answer.list.rows}?${query}`, row);
  }

  save() {
    if (!this.chart) return;
    const { surface } = colours(this.answer.palette);
    const link = document.createElement("a");
    link.href = this.chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: surface });
    link.download = `${this.element.dataset.key}.png`;
    link.click();
  }

  fill() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.element.requestFullscreen?.();
  }
}

async function next() {
  if (busy >= AT_ONCE || !waiting.length) return;
  busy += 1;
  await waiting.shift().load();
  busy -= 1;
  next();
}

const cards = [...document.querySelectorAll("[data-chart]")].map((element) => new Card(element));
const byElement = new Map(cards.map((card) => [card.element, card]));
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((one) => one.isIntersecting)) {
    seen.unobserve(entry.target);
    waiting.push(byElement.get(entry.target));
    next();
  }
}, { rootMargin: "400px" });
for (const card of cards) seen.observe(card.element);

const redraw = () => cards.forEach((card) => card.chart && card.draw());
let pending = 0;
addEventListener("resize", () => { clearTimeout(pending); pending = setTimeout(redraw, 120); });
document.addEventListener("fullscreenchange", redraw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("beforeprint", redraw);
