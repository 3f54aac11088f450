// The bar that says which colour is which dose.
const HEIGHT = 34;

export function drawBar(canvas, { scale, window, theme, words, number }) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth || 300;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, HEIGHT);
  context.font = `11px ${theme.font}`;
  const bare = context.measureText(words.no_dose).width;
  const left = bare + 36;
  context.fillStyle = `rgb(${theme.bare.join(",")})`;
  context.fillRect(0, 2, 14, 12);
  context.fillStyle = theme["ink-2"];
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillText(words.no_dose, 19, 8.5);
  const steps = scale.table.length / 3;
  for (let step = 0; step < steps; step += 1) {
    const [red, green, blue] = scale.table.subarray(step * 3, step * 3 + 3);
    context.fillStyle = `rgb(${red},${green},${blue})`;
    context.fillRect(left + ((width - left) * step) / steps, 2, (width - left) / steps + 1, 12);
  }
  context.fillStyle = theme["ink-2"];
  for (const [share, align] of [[0, "left"], [0.5, "center"], [1, "right"]]) {
    context.textAlign = align;
    const dose = window.low + (window.high - window.low) * share;
    context.fillText(`${number(dose, 3)} Gy`, left + (width - left) * share, 25);
  }
}
