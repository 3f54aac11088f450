// Keeps parts of a page fresh: an element with data-live="kind kind" and data-fragment="url" is fetched again
// when the server says that one of its kinds changed. Without script the page is as fresh as its last load.
const script = document.querySelector("script[data-stream]");
const parts = [...document.querySelectorAll("[data-live]")];
const waiting = new Map();

const plain = (html) => html.replace(/\s+/g, " ").trim();
const shown = new Map();

// What is put in place of a pressed link would swallow the click.
let released = Promise.resolve();
let release = null;
addEventListener("pointerdown", () => { if (!release) released = new Promise((done) => { release = done; }); }, true);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => { release?.(); release = null; }), true);

async function refresh(part) {
  if (waiting.get(part)) { waiting.set(part, "again"); return; }
  waiting.set(part, "busy");
  try {
    const answer = await fetch(part.dataset.fragment, { headers: { accept: "text/html" } });
    const text = answer.ok && !answer.redirected ? await answer.text() : null;
    await released;
    if (text !== null) replace(part, text);
  } catch {
    // The stream reconnects and brings the next news.
  }
  const again = waiting.get(part) === "again";
  waiting.delete(part);
  if (again) refresh(part);
}

function replace(part, text) {
  if (part.contains(document.activeElement) && document.activeElement.closest("details[open], form")) return;
  const parsed = new DOMParser().parseFromString(text, "text/html");
  const html = plain(parsed.body.innerHTML);
  if ((shown.get(part) ?? plain(part.innerHTML)) === html) return;
  shown.set(part, html);
  const before = new Map([...part.querySelectorAll("[data-key]")].map((row) => [row.dataset.key, row.textContent]));
  const restore = remember(part);
  part.replaceChildren(...parsed.body.childNodes);
  restore();
  for (const row of part.querySelectorAll("[data-key]")) {
    if (before.get(row.dataset.key) !== row.textContent) row.classList.add("fresh");
  }
}

// Where somebody is in a part: what is focused, unfolded and scrolled to. Gives what brings it back.
function remember(part) {
  const name = (one) => [one.tagName, one.getAttribute("href"), one.getAttribute("aria-label"), one.closest("[data-key]")?.dataset.key].join("\n");
  const fold = (one) => plain(one.querySelector("summary")?.textContent ?? "");
  const frames = () => [...part.querySelectorAll(".scroll")];
  const focused = part.contains(document.activeElement) ? name(document.activeElement) : null;
  const unfolded = new Set([...part.querySelectorAll("details[open]")].map(fold));
  const places = frames().map((frame) => [frame.scrollLeft, frame.scrollTop]);
  return () => {
    for (const one of part.querySelectorAll("details")) if (unfolded.has(fold(one))) one.open = true;
    frames().forEach((frame, index) => { if (places[index]) frame.scrollTo(...places[index]); });
    if (focused) [...part.querySelectorAll("a, button, summary, [tabindex]")].find((one) => name(one) === focused)?.focus({ preventScroll: true });
  };
}

if (parts.length && script) {
  const stream = new EventSource(script.dataset.stream);
  const lights = document.querySelectorAll("[data-live-light]");
  const light = (on) => lights.forEach((one) => { one.classList.toggle("good", on); one.parentElement.hidden = false; });
  // Its address says since when: what changes while the page is made and comes here is told too.
  stream.addEventListener("open", () => light(true));
  stream.addEventListener("error", () => light(false));
  stream.addEventListener("news", (event) => {
    const kinds = JSON.parse(event.data);
    for (const part of parts) {
      const wanted = part.dataset.live.split(" ");
      if (kinds.includes("reconnected") || wanted.some((kind) => kinds.includes(kind))) refresh(part);
    }
  });
  addEventListener("pagehide", () => stream.close());
}
