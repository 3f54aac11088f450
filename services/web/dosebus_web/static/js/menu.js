// Closes open menus and questions with Escape, and menus when something else is clicked; without script they close by
// their own summary.
const open = (kind) => [...document.querySelectorAll(`details.${kind}[open]`)];

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const one of [...open("menu"), ...open("confirm")]) {
    const inside = one.contains(document.activeElement);
    one.open = false;
    if (inside) one.querySelector("summary").focus();
  }
});
addEventListener("click", (event) => {
  for (const one of open("menu")) if (!one.contains(event.target)) one.open = false;
});
addEventListener("focusin", (event) => {
  for (const one of open("menu")) if (!one.contains(event.target)) one.open = false;
});
