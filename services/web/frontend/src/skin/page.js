// The skin dose page: fetches the map, shows it flat at once and on the body when that comes into view.
import { paper } from "./colours.js";
import { fetchMap } from "./dosemap.js";
import { listen } from "./pointing.js";
import { Viewer } from "./viewer.js";

async function showBody(viewer, pointing) {
  const stage = viewer.find("stage");
  const canvas = document.createElement("canvas");
  try {
    // Asked before the bundle is fetched: half a megabyte is in vain where nothing can draw.
    const context = canvas.getContext("webgl2", { alpha: true, antialias: true, preserveDrawingBuffer: true });
    if (!context) throw new Error("no WebGL");
    const { Phantom } = await import(viewer.element.dataset.phantom);
    viewer.body = new Phantom(stage, { canvas, context }, viewer.map, viewer.words.all, (cell, held) => (held ? pointing.hold(cell) : viewer.point(cell)));
    for (const button of viewer.element.querySelectorAll("[data-look]")) {
      button.addEventListener("click", () => viewer.body.look(button.dataset.look));
    }
    viewer.body.draw(viewer.scene);
    viewer.body.point(viewer.cursor);
    viewer.element.dataset.body = "drawn";
  } catch {
    viewer.body = null;
    const notice = document.createElement("p");
    notice.textContent = viewer.words.fill("no_webgl");
    stage.replaceChildren(notice);
    viewer.element.dataset.body = "none";
  }
}

function whenSeen(element, then) {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((one) => one.isIntersecting)) return;
    seen.disconnect();
    then();
  }, { rootMargin: "100px" });
  seen.observe(element);
}

async function begin(element) {
  let map;
  try {
    map = await fetchMap(element.dataset.source);
  } catch {
    element.dataset.phase = "failed";
    return null;
  }
  const viewer = new Viewer(element, map);
  const pointing = listen(viewer, viewer.find("flat"));
  element.dataset.phase = "drawn";
  whenSeen(viewer.find("stage"), () => showBody(viewer, pointing));
  let pending = 0;
  const again = () => { clearTimeout(pending); pending = setTimeout(() => { viewer.theme = paper(); viewer.layOut(); }, 80); };
  addEventListener("resize", again);
  document.addEventListener("fullscreenchange", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  return viewer;
}

/** When the server has computed another map: draw it, or load the page where there was none or is none any more. */
function follow(viewer, element) {
  const part = document.querySelector("[data-told]");
  const stamp = () => part.querySelector("[data-stamp]");
  let known = stamp()?.dataset.stamp;
  new MutationObserver(async () => {
    const now = stamp();
    if (!now || now.dataset.stamp === known) return;
    known = now.dataset.stamp;
    if ((now.dataset.drawable === "yes") !== Boolean(viewer)) return location.reload();
    if (viewer) viewer.renew(await fetchMap(element.dataset.source));
  }).observe(part, { childList: true });
}

const element = document.querySelector("[data-skin]");
const viewer = element ? await begin(element) : null;
follow(viewer, element);
