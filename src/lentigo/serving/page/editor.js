/** Correcting the outline: a brush for pointer and keys, growing, shrinking, undo. */

import { get, say } from "./dom.js";

const MOST_UNDONE = 40;
const PAUSE_MS = 350;
const STEP_SHARE = 0.004; // of the long side, that growing and shrinking move the outline by

export class Editor {
  /**
   * @param {import("./stage.js").Stage} stage
   * @param {(mask: import("./mask.js").Mask | null) => void} onChange Is told the corrected mask a
   *   moment after each change; null goes back to the model's outline.
   */
  constructor(onChange) {
    this.on = false;
    this.onChange = onChange;
    this.item = null;
    this.cursor = null;
    this.last = null;
  }

  /** Take the stage's pointers and the tools' buttons. */
  attach(stage) {
    this.stage = stage;
    const { element } = stage;
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerleave", () => this.#hideBrush());
    element.addEventListener("blur", () => this.#hideBrush());
    for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, () => this.#up());
    element.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    get("edit").addEventListener("click", () => this.toggle());
    get("undo").addEventListener("click", () => this.undo());
    get("grow").addEventListener("click", () => this.#spread(1));
    get("shrink").addEventListener("click", () => this.#spread(0));
    get("model-outline").addEventListener("click", () => this.#restore());
    document.addEventListener("keydown", (event) => this.#shortcut(event));
    this.explain();
  }

  /** Work on an image; its mask is changed in place of the model's. */
  open(item) {
    clearTimeout(this.timer);
    this.item = item;
    this.cursor = this.last = null;
    if (this.on && !item?.mask) this.toggle();
    this.refresh();
  }

  toggle() {
    this.on = !this.on;
    get("edit").setAttribute("aria-pressed", this.on);
    get("edit-tools").hidden = !this.on;
    this.stage.updateTouch();
    this.#hideBrush();
    this.explain();
    if (this.on) {
      get("outline-on").checked = this.stage.show.outline = true;
      this.stage.redraw();
    }
  }

  /** Say which keys do what. */
  explain() {
    get("keys").textContent = this.on
      ? "Paint on the picture. Keys on the picture: arrows move the brush, with Shift they paint; Space paints a dot, " +
        "E changes between add and erase, [ and ] the size, + and − zoom. Ctrl+Z undoes."
      : "Drag, pinch or scroll on the picture; keys on it: arrows, + and −, 0 to fit.";
    this.stage.element.classList.toggle("editing", this.on);
  }

  refresh() {
    get("edit").disabled = !this.item?.mask;
    get("undo").disabled = !this.item?.undo.length;
    get("model-outline").disabled = !this.item?.corrected;
  }

  undo() {
    const before = this.item?.undo.pop();
    if (!before) return;
    this.item.mask = before.mask;
    this.item.corrected = before.corrected;
    this.#changed();
    say("Undone");
  }

  get radius() {
    const share = Number(get("brush-size").value) / 100;
    return Math.max(1, 0.15 * share ** 1.5 * Math.max(this.stage.size.width, this.stage.size.height));
  }

  get erases() {
    return get("brush-erase").checked;
  }

  #remember() {
    const { undo, mask, corrected } = this.item;
    undo.push({ mask: mask.copy(), corrected });
    if (undo.length > MOST_UNDONE) undo.shift();
    this.item.corrected = true;
  }

  #changed() {
    this.stage.setMask(this.item.mask);
    this.refresh();
    clearTimeout(this.timer);
    const { item } = this;
    this.timer = setTimeout(() => this.onChange(item), PAUSE_MS);
  }

  #spread(value) {
    if (!this.item?.mask) return;
    this.#remember();
    const { mask } = this.item;
    mask.spread(value, Math.max(1, Math.round(STEP_SHARE * Math.max(mask.width, mask.height))));
    this.#changed();
  }

  #restore() {
    this.#remember();
    this.item.mask = this.item.modelMask.copy();
    this.item.corrected = false;
    this.#changed();
  }

  #paint(from, to) {
    const { mask } = this.item;
    const scale = mask.width / this.stage.size.width;
    const inMask = ({ x, y }) => ({ x: x * scale, y: y * scale });
    mask.stroke(inMask(from), inMask(to), this.radius * scale, this.erases ? 0 : 1);
    this.stage.setMask(mask);
  }

  #down(event) {
    if (!this.on || event.button !== 0) return;
    if (this.stage.pinching) {
      this.#giveUp();
      return;
    }
    this.#remember();
    this.last = this.#photoAt(event);
    this.#paint(this.last, this.last);
    this.#showBrush(this.last);
  }

  #move(event) {
    if (!this.on || !this.stage.size) return;
    const now = this.#photoAt(event);
    if (this.last && !this.stage.pinching) {
      this.#paint(this.last, now);
      this.last = now;
    }
    this.#showBrush(now);
  }

  #up() {
    if (!this.last) return;
    this.last = null;
    this.#changed();
  }

  /** A second finger came: this is a pinch, and the dot that the first one made is not meant. */
  #giveUp() {
    if (!this.last) return;
    this.last = null;
    const before = this.item.undo.pop();
    this.item.mask = before.mask;
    this.item.corrected = before.corrected;
    this.stage.setMask(before.mask);
    this.#hideBrush();
  }

  #photoAt(event) {
    const { left, top } = this.stage.element.getBoundingClientRect();
    return this.stage.toPhoto({ x: event.clientX - left, y: event.clientY - top });
  }

  #showBrush(at) {
    this.cursor = at;
    this.stage.brush = { ...at, radius: this.radius, erases: this.erases };
    this.stage.redraw();
  }

  #hideBrush() {
    this.stage.brush = null;
    this.stage.redraw();
  }

  #key(event) {
    if (!this.on || !this.item?.mask || event.ctrlKey || event.metaKey || event.altKey) return;
    const { size } = this.stage;
    const at = this.cursor ?? { x: size.width / 2, y: size.height / 2 };
    const step = Math.max(1, this.radius / 2);
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const sizes = { "[": -5, "]": 5 };
    if (event.key in steps) this.#step(at, steps[event.key].map((one) => one * step), event.shiftKey);
    else if (event.key === " " || event.key === "Enter") this.#step(at, [0, 0], true);
    else if (event.key.toLowerCase() === "e") get(this.erases ? "brush-add" : "brush-erase").checked = true;
    else if (event.key in sizes) get("brush-size").value = Number(get("brush-size").value) + sizes[event.key];
    else return;
    if (!(event.key in steps)) this.#showBrush(this.cursor ?? at);
    event.preventDefault();
  }

  #step(from, [dx, dy], paints) {
    const { width, height } = this.stage.size;
    const x = Math.min(Math.max(from.x + dx, 0), width);
    const to = { x, y: Math.min(Math.max(from.y + dy, 0), height) };
    if (paints) {
      this.#remember();
      this.#paint(from, to);
      this.#changed();
    }
    this.#showBrush(to);
  }

  #shortcut(event) {
    const undoes = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey;
    if (!this.on || !undoes || event.target.matches("input[type=password]")) return;
    event.preventDefault();
    this.undo();
  }
}
