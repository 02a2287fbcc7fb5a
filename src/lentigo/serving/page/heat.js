/** A finding's heat map as a picture, coloured as the reports colour it. */

const WEAK = [255, 240, 60];
const STRONG = [255, 0, 50];
const OPACITY = 0.7;
const STEPS = 16;
const VISIBLE = 0.2; // as the reports have it

/**
 * Return a picture of the heat map's box.
 *
 * Values, not colours, are made finer: what lies between two values of opposite sign is then as
 * empty as it is in the reports.
 */
export function heatPicture({ values }) {
  const [rows, columns] = [values.length, values[0].length];
  const greatest = Math.max(...values.flat().map(Math.abs)) || 1;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns * STEPS, rows * STEPS];
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  for (let y = 0; y < canvas.height; y += 1) {
    for (let x = 0; x < canvas.width; x += 1) {
      const value = between(values, (y + 0.5) / STEPS - 0.5, (x + 0.5) / STEPS - 0.5);
      const strength = Math.max(0, value) / greatest;
      const at = 4 * (y * canvas.width + x);
      for (let i = 0; i < 3; i += 1) pixels.data[at + i] = WEAK[i] + (STRONG[i] - WEAK[i]) * strength;
      pixels.data[at + 3] = 255 * OPACITY * strength;
    }
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/** Tell whether any place speaks for malignancy so much that the picture shows it. */
export function isVisible({ values }) {
  const all = values.flat();
  return Math.max(...all) >= VISIBLE * Math.max(...all.map(Math.abs)) && Math.max(...all) > 0;
}

/** Return the bilinear value at a place of a grid, its edge values going on outside. */
function between(values, row, column) {
  const [top, down] = split(row, values.length);
  const [left, right] = split(column, values[0].length);
  const upper = values[top.at][left.at] * left.share + values[top.at][right.at] * right.share;
  const lower = values[down.at][left.at] * left.share + values[down.at][right.at] * right.share;
  return upper * top.share + lower * down.share;
}

function split(place, length) {
  const inside = Math.min(Math.max(place, 0), length - 1);
  const at = Math.floor(inside);
  const share = inside - at;
  return [{ at, share: 1 - share }, { at: Math.min(at + 1, length - 1), share }];
}
