/** The images of this page: read, sent two at a time, and what came of each. */

import { Fault, send } from "./api.js";
import { Mask } from "./mask.js";

const AT_ONCE = 2;

/**
 * One image.
 *
 * state: waiting, asking, done or failed. finding: the server's last answer. mask: the outline that
 * is shown; modelMask: the model's; corrected: whether mask was changed by hand.
 */
export class Item {
  static #made = 0;

  constructor(file) {
    this.id = Item.#made += 1;
    this.file = file;
    this.name = file.name || "pasted image";
    this.state = "waiting";
    this.note = "";
    this.finding = this.mask = this.modelMask = this.preview = null;
    this.corrected = false;
    this.undo = [];
  }

  /** What the list is sorted by: the riskiest first, then those not scored, then the others. */
  get rank() {
    if (!this.finding) return this.state === "failed" ? -2 : -1.5;
    return this.finding.probability_malignant ?? -1;
  }

  get stem() {
    return this.name.replace(/\.[^.]*$/, "").replace(/[^\w.-]+/g, "_") || "image";
  }
}

export class Images {
  /** @param {(item: Item) => void} onChange Is told of each change of an item's state. */
  constructor(onChange) {
    this.items = [];
    this.point = undefined;
    this.onChange = onChange;
  }

  #waiting = [];
  #running = 0;

  add(files) {
    const added = [...files].map((file) => new Item(file));
    this.items.push(...added);
    for (const item of added) this.ask(item);
    return added;
  }

  remove(item) {
    item.call?.abort();
    item.removed = true;
    this.items = this.items.filter((one) => one !== item);
    this.#waiting = this.#waiting.filter((one) => one !== item);
  }

  /** Ask for an item's finding, anew where there is one; what was on its way is given up. */
  ask(item, first = false) {
    item.call?.abort();
    item.state = "waiting";
    item.note = "";
    this.#waiting = this.#waiting.filter((one) => one !== item);
    this.#waiting[first ? "unshift" : "push"](item);
    this.onChange(item);
    this.#next();
  }

  /** Decide all at another operating point, the one that is looked at first. */
  decideAt(point, shown) {
    this.point = point;
    for (const item of this.items) if (item !== shown) this.ask(item);
    if (shown) this.ask(shown, true);
  }

  /** What the server is sent of an item. */
  async parts(item) {
    return { image: item.file, outline: item.corrected ? await item.mask.png() : null };
  }

  #next() {
    while (this.#running < AT_ONCE && this.#waiting.length) {
      this.#running += 1;
      this.#run(this.#waiting.shift()).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #run(item) {
    const call = (item.call = new AbortController());
    item.state = "asking";
    this.onChange(item);
    try {
      item.shown ??= await shownBy(item.file);
      await this.#fetch(item, call.signal);
      item.state = "done";
      item.note = "";
    } catch (error) {
      if (call.signal.aborted) return;
      item.state = "failed";
      item.note = error instanceof Fault ? error.message : `The page failed: ${error.message}`;
      if (!(error instanceof Fault)) console.error(error);
    }
    this.onChange(item);
  }

  async #fetch(item, signal) {
    const { corrected } = item;
    const wanted = {
      words: "en",
      mask: item.modelMask ? undefined : "rle",
      preview: item.shown === "by-server" && !item.preview ? "png" : undefined,
      operating_point: this.point,
    };
    const wait = (text) => {
      item.note = text;
      this.onChange(item);
    };
    const response = await send("analyze", await this.parts(item), wanted, signal, wait);
    const { mask, preview, ...finding } = await response.json();
    if (signal.aborted) throw new DOMException("aborted", "AbortError");
    if (preview) item.preview = pngOf(preview.base64);
    if (mask && !corrected) {
      item.modelMask = Mask.fromRuns(mask);
      item.mask ??= item.modelMask.copy();
    }
    item.finding = finding;
    if (item.shown !== "by-server" && !sameShape(item.shown, finding.size_px)) {
      item.shown = "by-server"; // this browser turns the photo another way than the server
      await this.#fetch(item, signal);
    }
  }
}

/** Return a picture of an item with a long side up to a limit, to be closed by who asked for it. */
export function pictureOf({ preview, file, shown }, limit) {
  if (preview || Math.max(shown.width, shown.height) <= limit) return createImageBitmap(preview ?? file);
  const long = shown.width >= shown.height ? "resizeWidth" : "resizeHeight";
  return createImageBitmap(file, { [long]: limit, resizeQuality: "high" });
}

/** Return the size a file has in this browser, or that only the server can show it. */
async function shownBy(file) {
  try {
    const picture = await createImageBitmap(file);
    const size = { width: picture.width, height: picture.height };
    picture.close();
    return size;
  } catch {
    return "by-server";
  }
}

function sameShape({ width, height }, [rows, columns]) {
  return width === columns && height === rows;
}

function pngOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}
