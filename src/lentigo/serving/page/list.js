/** The list of images with thumbnails, the riskiest first. */

import { get, make, percent } from "./dom.js";
import { pictureOf } from "./images.js";

const THUMBNAIL_PX = 112;

export class List {
  /** @param {{choose: Function, remove: Function}} actions What buttons of a row do with its item. */
  constructor(actions) {
    this.actions = actions;
    this.rows = new Map();
    get("list").addEventListener("keydown", (event) => this.#key(event));
  }

  /** Show the items in the order of their risk. */
  render(items, shown) {
    const list = get("list");
    const sorted = items.toSorted((one, other) => other.rank - one.rank || one.id - other.id);
    for (const [item, row] of this.rows) if (!items.includes(item)) this.#drop(item, row);
    const rows = sorted.map((item) => this.rows.get(item) ?? this.#make(item));
    if (rows.some((row, at) => list.children[at] !== row.element)) {
      const focused = document.activeElement;
      list.append(...rows.map((row) => row.element)); // moving a row takes its focus away
      if (list.contains(focused)) focused.focus();
    }
    sorted.forEach((item, at) => this.#fill(item, rows[at], item === shown));
  }

  focus(item) {
    this.rows.get(item)?.button.focus();
  }

  #make(item) {
    const thumbnail = make("canvas", { className: "thumbnail" });
    thumbnail.setAttribute("aria-hidden", "true");
    const state = make("span", { className: "state" });
    const words = [make("span", { className: "name", text: item.name }), state];
    words[0].title = item.name;
    const button = make("button", { className: "row", children: [thumbnail, make("span", { className: "words", children: words })] });
    const remove = make("button", { className: "remove", text: "×" });
    remove.setAttribute("aria-label", `Remove ${item.name}`);
    button.type = remove.type = "button";
    button.addEventListener("click", () => this.actions.choose(item));
    remove.addEventListener("click", () => this.actions.remove(item));
    const row = { element: make("li", { children: [button, remove] }), button, remove, thumbnail, state };
    this.rows.set(item, row);
    return row;
  }

  #drop(item, row) {
    row.element.remove();
    this.rows.delete(item);
  }

  #fill(item, row, isShown) {
    if (isShown) row.button.setAttribute("aria-current", "true");
    else row.button.removeAttribute("aria-current");
    row.element.className = item.state === "done" ? item.finding.decision : item.state;
    row.state.textContent = stateOf(item);
    if (item.shown && !row.drawn && (item.shown !== "by-server" || item.preview)) {
      row.drawn = true;
      drawThumbnail(item, row.thumbnail);
    }
  }

  /** Move between rows by arrows, as well as by Tab. */
  #key(event) {
    const buttons = [...get("list").querySelectorAll(".row")];
    const at = buttons.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || !buttons[next]) return;
    event.preventDefault();
    buttons[next].focus();
  }
}

function stateOf({ state, note, finding }) {
  if (state === "failed") return `No finding: ${note}`;
  if (note) return note;
  if (state === "waiting" && !finding) return "waiting";
  if (state === "asking" && !finding) return "looking …";
  if (finding.decision === "refused") return "not scored: not dermoscopy";
  const warned = finding.warnings.length ? ", with warnings" : "";
  return `${percent(finding.probability_malignant)}, called ${finding.decision}${warned}`;
}

async function drawThumbnail(item, canvas) {
  try {
    const picture = await pictureOf(item, 4 * THUMBNAIL_PX);
    const side = Math.min(picture.width, picture.height);
    [canvas.width, canvas.height] = [THUMBNAIL_PX, THUMBNAIL_PX];
    const [left, top] = [(picture.width - side) / 2, (picture.height - side) / 2];
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, left, top, side, side, 0, 0, THUMBNAIL_PX, THUMBNAIL_PX);
    picture.close();
  } catch {
    canvas.classList.add("none"); // the row says in words what is wrong with the image
  }
}
