/** A lesion's mask at the scale it is drawn at, and what a brush does to it. */

const LONG_SIDE = 1024;

export class Mask {
  /**
   * @param {number} width
   * @param {number} height
   * @param {Uint8Array} inside 1 = lesion, row by row.
   */
  constructor(width, height, inside = new Uint8Array(width * height)) {
    this.width = width;
    this.height = height;
    this.inside = inside;
  }

  /** Return a mask from the server's run lengths, which go down the columns of the photo. */
  static fromRuns({ size: [rows, columns], counts }) {
    const scale = Math.min(1, LONG_SIDE / Math.max(rows, columns));
    const mask = new Mask(Math.max(1, Math.round(columns * scale)), Math.max(1, Math.round(rows * scale)));
    let run = 0;
    let end = counts[0];
    for (let x = 0; x < mask.width; x += 1) {
      const column = Math.floor(((x + 0.5) * columns) / mask.width);
      for (let y = 0; y < mask.height; y += 1) {
        const at = column * rows + Math.floor(((y + 0.5) * rows) / mask.height);
        while (at >= end && run + 1 < counts.length) end += counts[(run += 1)];
        mask.inside[y * mask.width + x] = run % 2;
      }
    }
    return mask;
  }

  copy() {
    return new Mask(this.width, this.height, this.inside.slice());
  }

  get empty() {
    return !this.inside.includes(1);
  }

  /** Fill a stroke of a round brush from one point to another, in the mask's pixels. */
  stroke(from, to, radius, value) {
    const steps = Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / Math.max(1, radius / 8));
    for (let step = 0; step <= steps; step += 1) {
      const share = steps ? step / steps : 0;
      const x = from.x + share * (to.x - from.x);
      this.#dab(x, from.y + share * (to.y - from.y), radius, value);
    }
  }

  #dab(x, y, radius, value) {
    const top = Math.max(0, Math.ceil(y - radius - 0.5));
    const bottom = Math.min(this.height - 1, Math.floor(y + radius - 0.5));
    for (let row = top; row <= bottom; row += 1) {
      const half = Math.sqrt(Math.max(0, radius ** 2 - (row + 0.5 - y) ** 2));
      const left = Math.max(0, Math.round(x - half));
      const right = Math.min(this.width, Math.round(x + half));
      if (right > left) this.inside.fill(value, row * this.width + left, row * this.width + right);
    }
  }

  /** Move the outline outwards (value 1) or inwards (value 0) by about so many pixels. */
  spread(value, steps) {
    for (let step = 0; step < steps; step += 1) {
      const before = this.inside.slice();
      for (let y = 0; y < this.height; y += 1) {
        for (let x = 0; x < this.width; x += 1) {
          const at = y * this.width + x;
          if (before[at] !== value && this.#touches(before, x, y, value, step % 2)) this.inside[at] = value;
        }
      }
    }
  }

  /** Tell whether a pixel has a neighbour of a value; corners count every other time: an octagon. */
  #touches(inside, x, y, value, corners) {
    for (let dy = -1; dy <= 1; dy += 1) {
      for (let dx = -1; dx <= 1; dx += 1) {
        const [nx, ny] = [x + dx, y + dy];
        if ((dx && dy && !corners) || nx < 0 || ny < 0 || nx >= this.width || ny >= this.height) continue;
        if (inside[ny * this.width + nx] === value) return true;
      }
    }
    return false;
  }

  /** Return the outline as a path in the mask's pixels: marching squares (Lorensen and Cline 1987). */
  path() {
    const path = new Path2D();
    const { width, height, inside } = this;
    const at = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : inside[y * width + x]);
    for (let y = -1; y < height; y += 1) {
      for (let x = -1; x < width; x += 1) {
        const corners = at(x, y) | (at(x + 1, y) << 1) | (at(x + 1, y + 1) << 2) | (at(x, y + 1) << 3);
        for (const [from, to] of LINES[corners]) {
          path.moveTo(x + 0.5 + SIDES[from][0], y + 0.5 + SIDES[from][1]);
          path.lineTo(x + 0.5 + SIDES[to][0], y + 0.5 + SIDES[to][1]);
        }
      }
    }
    return path;
  }

  /** Return the mask as a PNG, the lesion white. */
  async png() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.width, this.height];
    const pixels = new ImageData(this.width, this.height);
    const colours = new Uint32Array(pixels.data.buffer);
    for (let at = 0; at < colours.length; at += 1) colours[at] = this.inside[at] ? 0xffffffff : 0xff000000;
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }
}

/** Middles of a cell's sides: top, right, bottom, left. */
const SIDES = [[0.5, 0], [1, 0.5], [0.5, 1], [0, 0.5]];

/** The lines through a cell, by which of its corners are inside: 1 top left, then clockwise. */
const LINES = [
  [], [[3, 0]], [[0, 1]], [[3, 1]], [[1, 2]], [[3, 0], [1, 2]], [[0, 2]], [[3, 2]],
  [[2, 3]], [[2, 0]], [[0, 1], [2, 3]], [[2, 1]], [[1, 3]], [[1, 0]], [[0, 3]], [],
];
