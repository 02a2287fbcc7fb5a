/** Small helpers around the document; data go into it as text alone. */

/** Return the element with an id. */
export function get(id) {
  return document.getElementById(id);
}

/** Return a new element with text or children in it. */
export function make(tag, { text, className, children = [] } = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

/** Tell a screen reader. */
export function say(text) {
  get("live").textContent = text;
}

/** Return a share of 0–1 as a percentage that never rounds to a false certainty. */
export function percent(share) {
  if (share > 0 && share < 0.01) return "< 1 %";
  if (share > 0.99 && share < 1) return "> 99 %";
  return `${Math.round(100 * share)} %`;
}

/** Offer a Blob as a file. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
