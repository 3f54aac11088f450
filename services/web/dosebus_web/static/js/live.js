// Keeps parts of a page fresh: an element with data-live="kind kind" and data-fragment="url" is fetched again
// when the server says that one of its kinds changed. Without script the page is as fresh as its last load.
const script = document.querySelector("script[data-stream]");
const parts = [...document.querySelectorAll("[data-live]")];
const waiting = new Map();

async function refresh(part) {
  if (waiting.get(part)) { waiting.set(part, "again"); return; }
  waiting.set(part, "busy");
  try {
    const answer = await fetch(part.dataset.fragment, { headers: { accept: "text/html" } });
    if (answer.ok && !answer.redirected) replace(part, await answer.text());
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
  const before = new Map([...part.querySelectorAll("[data-key]")].map((row) => [row.dataset.key, row.textContent]));
  part.replaceChildren(...parsed.body.childNodes);
  for (const row of part.querySelectorAll("[data-key]")) {
    if (before.get(row.dataset.key) !== row.textContent) row.classList.add("fresh");
  }
}

if (parts.length && script) {
  const stream = new EventSource(script.dataset.stream);
  const lights = document.querySelectorAll("[data-live-light]");
  const light = (on) => lights.forEach((one) => { one.classList.toggle("good", on); one.parentElement.hidden = false; });
  // What changed between the making of the page and now was told to nobody here.
  stream.addEventListener("open", () => { light(true); parts.forEach(refresh); });
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
