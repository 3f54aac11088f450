// Colours that people with any colour vision can tell apart, and those of the page around the chart.
const SERIES = {
  // Okabe and Ito, 2008; the yellow and black of the set have no contrast on one of our papers.
  even: ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#8a7bd1", "#8c8c4a"],
  // Steps of the maps, from dark to light.
  viridis: ["#443983", "#31688e", "#21918c", "#35b779", "#6ece58", "#b5b52f", "#5b2a7d", "#2a788e"],
  cividis: ["#31446b", "#4e576c", "#666970", "#7c7b78", "#958f78", "#afa371", "#cab969", "#1f77a4"],
};
// The same hues, lighter, for a dark page.
const ON_DARK = ["#4aa8e0", "#f0b445", "#3cc29a", "#f08a4b", "#9ad6f7", "#e3a5c9", "#b3a7f2", "#c8c884"];
const MAPS = {
  even: ["#e8f1f7", "#a6cbe3", "#56a0ce", "#0072b2", "#00436a"],
  viridis: ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"],
  cividis: ["#00224e", "#35456c", "#666970", "#b1a570", "#fee838"],
};

function resolved(probe, name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

export function colours(palette) {
  const probe = document.createElement("span");
  document.body.append(probe);
  const names = ["ink", "ink-2", "ink-3", "line", "surface", "surface-2", "brand"];
  const found = Object.fromEntries(names.map((name) => [name, resolved(probe, name)]));
  probe.remove();
  const [red, green, blue] = found.surface.match(/[\d.]+/g).map(Number);
  const dark = red + green + blue < 384;
  const even = !(palette in SERIES) || palette === "even";
  const map = MAPS[palette] ?? MAPS.even;
  return {
    ...found, series: even && dark ? ON_DARK : SERIES[palette] ?? SERIES.even,
    map: even && dark ? [found["surface-2"], "#00436a", "#0072b2", "#56a0ce", "#cfe6f5"] : map,
  };
}
