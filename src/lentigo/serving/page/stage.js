/** The picture with what lies over it; zoom and pan by pointer, wheel, pinch and keys. */

import { get } from "./dom.js";

const OUTLINE = "#40e0ff";
const CLOSEST = 40; // times the size that fits
const KEY_STEP_PX = 40;

export class Stage {
  /** @param {() => boolean} isEditing Whether one pointer belongs to the brush. */
  constructor(isEditing) {
    this.element = get("stage");
    this.canvas = get("canvas");
    this.isEditing = isEditing;
    this.show = { outline: true, outlineOpacity: 1, heat: false, heatOpacity: 1 };
    this.brush = null;
    this.view = { scale: 1, x: 0, y: 0 };
    this.clear();
    this.#pointers = new Map();
    this.element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.element.addEventListener("pointerdown", (event) => this.#down(event));
    this.element.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.element.addEventListener(name, (event) => this.#up(event));
    }
    this.element.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#resize()).observe(this.element);
  }

  #pointers;
  #asked = false;

  clear() {
    this.picture = this.size = this.heat = this.heatBox = this.mask = this.path = null;
    this.redraw();
  }

  /** Show a photo: a picture of it at any scale, and its own size in pixels. */
  open(picture, size) {
    this.picture = picture;
    this.size = size;
    this.fit();
  }

  setMask(mask) {
    this.mask = mask;
    this.path = null; // made when it is drawn: a brush changes the mask more often than that
    this.redraw();
  }

  /** Make the whole photo fit. */
  fit() {
    if (!this.size) return;
    const { clientWidth: width, clientHeight: height } = this.element;
    const scale = this.#fitting();
    const [x, y] = [(width - this.size.width * scale) / 2, (height - this.size.height * scale) / 2];
    this.view = { scale, x, y };
    this.fitScale = scale;
    this.#settle();
  }

  #fitting() {
    const { clientWidth: width, clientHeight: height } = this.element;
    return Math.min(width / this.size.width, height / this.size.height) || 1;
  }

  /** Zoom about a point of the element; the middle where none is given. */
  zoom(factor, at = { x: this.element.clientWidth / 2, y: this.element.clientHeight / 2 }) {
    if (!this.size) return;
    const { scale, x, y } = this.view;
    const next = Math.min(Math.max(scale * factor, this.fitScale), CLOSEST * this.fitScale);
    this.view = { scale: next, x: at.x - ((at.x - x) * next) / scale, y: at.y - ((at.y - y) * next) / scale };
    this.#settle();
  }

  pan(dx, dy) {
    this.view.x += dx;
    this.view.y += dy;
    this.#settle();
  }

  /** Return a point of the element in the photo's pixels. */
  toPhoto({ x, y }) {
    return { x: (x - this.view.x) / this.view.scale, y: (y - this.view.y) / this.view.scale };
  }

  /** Keep the photo in sight, and the page able to scroll while nothing else wants the finger. */
  #settle() {
    const { clientWidth: width, clientHeight: height } = this.element;
    this.view.x = kept(this.view.x, this.size.width * this.view.scale, width);
    this.view.y = kept(this.view.y, this.size.height * this.view.scale, height);
    this.updateTouch();
    this.redraw();
  }

  updateTouch() {
    const fits = !this.size || this.view.scale <= this.fitScale * 1.001;
    this.element.style.touchAction = fits && !this.isEditing() ? "pan-y" : "none";
  }

  #resize() {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.element.clientWidth * ratio);
    this.canvas.height = Math.round(this.element.clientHeight * ratio);
    if (!this.size) return;
    const fitted = this.view.scale <= this.fitScale * 1.001;
    this.fitScale = this.#fitting();
    if (fitted || this.view.scale < this.fitScale) this.fit();
    else this.#settle();
  }

  redraw() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  #draw() {
    const context = this.canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.picture || !this.size) return;
    const { scale, x, y } = this.view;
    context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * x, ratio * y);
    context.drawImage(this.picture, 0, 0, this.size.width, this.size.height);
    if (this.heat && this.show.heat) this.#drawHeat(context);
    if (this.mask && this.show.outline) this.#drawOutline(context);
    if (this.brush) this.#drawBrush(context);
  }

  #drawHeat(context) {
    const { top, left, height, width } = this.heatBox;
    context.globalAlpha = this.show.heatOpacity;
    context.drawImage(this.heat, left, top, width, height);
    context.globalAlpha = 1;
  }

  #drawOutline(context) {
    context.save();
    this.path ??= this.mask.path();
    const scale = this.size.width / this.mask.width;
    context.scale(scale, this.size.height / this.mask.height);
    const pixel = 1 / (scale * this.view.scale);
    context.lineCap = "round";
    context.globalAlpha = this.show.outlineOpacity;
    for (const [colour, width] of [["rgb(0 0 0 / .5)", 4.5], [OUTLINE, 2.2]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * pixel;
      context.stroke(this.path);
    }
    context.restore();
  }

  #drawBrush(context) {
    const { x, y, radius, erases } = this.brush;
    const pixel = 1 / this.view.scale;
    for (const [colour, width] of [["#000", 3.5], [erases ? "#ffb3a8" : "#fff", 1.5]]) {
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = width * pixel;
      context.setLineDash(erases ? [6 * pixel, 4 * pixel] : []);
      context.stroke();
    }
    context.setLineDash([]);
  }

  #wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 400), this.#at(event));
  }

  #down(event) {
    this.#pointers.set(event.pointerId, this.#at(event));
    this.element.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#at(event);
    const [other] = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (other) {
      const spread = distance(now, other) / Math.max(1, distance(before, other));
      this.zoom(spread, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
      this.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else if (!this.isEditing() && this.size) {
      this.pan(now.x - before.x, now.y - before.y);
    }
    this.#pointers.set(event.pointerId, now);
  }

  #up(event) {
    this.#pointers.delete(event.pointerId);
  }

  /** Tell whether two fingers are down. */
  get pinching() {
    return this.#pointers.size > 1;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const steps = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.key in steps) this.pan(...steps[event.key].map((one) => one * KEY_STEP_PX));
    else if (event.key === "+" || event.key === "=") this.zoom(1.25);
    else if (event.key === "-") this.zoom(0.8);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  #at(event) {
    const { left, top } = this.element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
}

function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

/** Return where a side of a length starts in a window: in the middle, or without a gap. */
function kept(start, length, room) {
  if (length <= room) return (room - length) / 2;
  return Math.min(0, Math.max(room - length, start));
}
