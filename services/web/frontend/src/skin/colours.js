// The colours of the page around a drawing.
export function paper() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const found = {};
  for (const name of ["ink", "ink-2", "ink-3", "line", "line-strong", "surface", "surface-2", "surface-3", "brand", "bad"]) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  found.bare = found["surface-3"].match(/[\d.]+/g).slice(0, 3).map(Number);
  found.font = getComputedStyle(document.body).fontFamily;
  return found;
}
