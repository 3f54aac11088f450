// The map as a picture to keep: the map without the cursor, its colours, and what it is of.
import { drawBar } from "./bar.js";
import { Picture } from "./picture.js";

const CELL = 8;
const EDGE = 24;
const HEAD = 46;

export function saved(viewer) {
  const scene = { ...viewer.scene, cursor: null };
  const map = new Picture(document.createElement("canvas"));
  map.fit(scene.flat, { width: scene.flat.width * CELL, height: Infinity, largest: CELL });
  map.draw(scene);
  const bar = document.createElement("canvas");
  Object.defineProperty(bar, "clientWidth", { value: map.width });
  drawBar(bar, scene);
  const sheet = document.createElement("canvas");
  const ratio = map.ratio;
  sheet.width = (map.width + 2 * EDGE) * ratio;
  sheet.height = (map.height + HEAD + 3 * EDGE + 34) * ratio;
  const context = sheet.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = scene.theme.surface;
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.fillStyle = scene.theme.ink;
  context.textBaseline = "middle";
  context.font = `600 16px ${scene.theme.font}`;
  context.fillText(document.querySelector("h1").textContent, EDGE, EDGE);
  context.font = `12px ${scene.theme.font}`;
  context.fillStyle = scene.theme["ink-2"];
  const region = scene.map.head.regions[scene.map.regions[scene.map.place(scene.map.peak.row, scene.map.peak.column)]];
  context.fillText(`${scene.words.peak} ${scene.number(scene.map.peak.gy)} Gy, ${region}`, EDGE, EDGE + 22);
  context.drawImage(map.canvas, EDGE, HEAD + EDGE, map.width, map.height);
  context.drawImage(bar, EDGE, HEAD + EDGE + map.height + 12, map.width, 34);
  const link = document.createElement("a");
  link.href = sheet.toDataURL("image/png");
  link.download = `${viewer.element.dataset.name}.png`;
  link.click();
}
