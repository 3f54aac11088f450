// Lets the keyboard scroll what is wider or longer than its frame: such a frame can be focused and says what it holds.
// Browsers that focus them by themselves need no script for it.
const FRAMES = ".scroll, .tree";
const USABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

function name(frame) {
  const own = frame.closest("section, details, .panel");
  const heading = own?.querySelector("h2, h3, summary");
  return heading?.textContent.trim() || document.querySelector("h1")?.textContent.trim() || document.title;
}

function look(frame) {
  const scrolls = frame.scrollWidth > frame.clientWidth + 1 || frame.scrollHeight > frame.clientHeight + 1;
  if (scrolls && !frame.querySelector(USABLE)) {
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", name(frame));
  } else if (frame.getAttribute("role") === "region" && frame.hasAttribute("tabindex")) {
    for (const one of ["tabindex", "role", "aria-label"]) frame.removeAttribute(one);
  }
}

const sizes = new ResizeObserver((changes) => changes.forEach((change) => look(change.target)));
const watch = () => document.querySelectorAll(FRAMES).forEach((frame) => sizes.observe(frame));
new MutationObserver(watch).observe(document.getElementById("main"), { childList: true, subtree: true });
watch();
