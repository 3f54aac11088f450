// Doses as colours: a scale from the server, in 256 steps between the two ends of the window.
const STEPS = 256;

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

export class Scale {
  constructor(colours) {
    const stops = colours.map(channels);
    this.table = new Uint8ClampedArray(STEPS * 3);
    for (let step = 0; step < STEPS; step += 1) {
      const place = (step / (STEPS - 1)) * (stops.length - 1);
      const first = Math.min(Math.floor(place), stops.length - 2);
      for (let one = 0; one < 3; one += 1) {
        this.table[step * 3 + one] = stops[first][one] + (stops[first + 1][one] - stops[first][one]) * (place - first);
      }
    }
  }

  /** The place in the table of a dose in a window from low to high (Gy). */
  at(dose, { low, high }) {
    const share = (dose - low) / (high - low || 1);
    return Math.min(Math.max(Math.floor(share * STEPS), 0), STEPS - 1) * 3;
  }
}

/** The window of a level and a width: its ends. */
export function ends(level, width) {
  return { low: level - width / 2, high: level + width / 2 };
}
