// Moves the cursor over the flat map with mouse, finger and keys.
const LEAP = 5;
const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export function listen(viewer, canvas) {
  let held = viewer.cursor;
  const under = (event) => viewer.picture.cellAt(viewer.flat, event.clientX, event.clientY);
  canvas.addEventListener("pointermove", (event) => viewer.point(under(event)));
  // A click holds the cursor there, so that the mouse can leave for a link.
  canvas.addEventListener("pointerdown", (event) => { held = under(event) ?? held; viewer.point(held, true); });
  canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && viewer.point(held));
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = KEYS[event.key];
    if (to) {
      const leap = event.shiftKey ? LEAP : 1;
      held = viewer.flat.moved(viewer.cursor, to[0] * leap, to[1] * leap);
    } else if (event.key.toLowerCase() === "p") held = viewer.map.peak;
    else return;
    event.preventDefault();
    viewer.point(held, true);
  });
  return { hold: (cell) => { held = cell; viewer.point(cell, true); } };
}
