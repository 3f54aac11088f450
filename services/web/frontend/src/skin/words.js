// The sentences that the server sent with the map, in the reader's language.
export class Words {
  constructor(map) {
    this.all = map.head.words;
    this.language = document.documentElement.lang;
  }

  fill(key, values = {}) {
    return this.all[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  }

  /** An event, or the run of events of a step. */
  events(step) {
    return step.first === step.last
      ? this.fill("event", { event: step.first }) : this.fill("events", { first: step.first, last: step.last });
  }

  number(value, digits = 4) {
    const small = value !== 0 && Math.abs(value) < 1e-6;
    return new Intl.NumberFormat(this.language, {
      maximumSignificantDigits: digits, notation: small ? "scientific" : "standard",
    }).format(value);
  }
}
