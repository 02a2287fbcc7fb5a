/** What a finding says: the answer first, then the reasons. */

import { get, make, percent } from "./dom.js";

/** Show the answer for an item; the part that changes with the outline or the operating point. */
export function showAnswer(item) {
  const { finding } = item;
  get("answer-name").textContent = item.name;
  get("answer").className = finding?.decision ?? item.state;
  get("again").hidden = item.state !== "failed";
  get("answer-title").textContent = get("badge").textContent = headline(item);
  get("point-group").hidden = !finding;
  get("risk").hidden = !finding || finding.refusal !== null;
  for (const name of ["frequency", "counts", "decision"]) tell(name, finding?.words[name]);
  tell("point-words", finding?.words.point);
  if (finding && !finding.refusal) showRisk(finding);
  showCautions(item);
}

/** Return the answer in one line. */
export function headline({ finding, state, note }) {
  if (state === "failed" && !finding) return "No finding";
  if (!finding) return note || "Looking …";
  if (finding.refusal) return "Not scored";
  return `${percent(finding.probability_malignant)} risk, called ${finding.decision}`;
}

/** Show a sentence, no line ending between a number and its sign. */
function tell(id, text) {
  get(id).hidden = !text;
  get(id).textContent = (text ?? "").replaceAll(" %", "\u00a0%");
}

function showRisk({ probability_malignant: risk, operating_point: point }) {
  const label = `Risk ${percent(risk)} on a scale from 0 to 100 %, threshold ${percent(point.threshold)}`;
  get("bar").setAttribute("aria-label", label);
  get("bar-risk").style.width = `${100 * risk}%`;
  get("bar-point").style.left = `${100 * point.threshold}%`;
  get("bar-label").textContent = `threshold ${percent(point.threshold)}`;
  get("bar-label").style.left = `${Math.min(Math.max(100 * point.threshold, 26), 74)}%`;
}

function showCautions({ finding, state, note, mask }) {
  const texts = (finding?.warnings ?? []).map((warning) => warning.message);
  if (finding?.refusal) {
    texts.push("if it is dermoscopy after all, whoever runs the server can score it, with a warning: lentigo serve --no-gate");
  }
  if (mask?.empty && finding?.lesion_found) texts.unshift("the outline is empty: paint the lesion, undo, or go back to the model's outline; what is told here is for the outline before");
  if (state === "failed") texts.unshift(note);
  get("cautions").hidden = !texts.length;
  get("cautions").replaceChildren(...texts.map((text) => make("li", { children: [make("span", { text })] })));
}

/** Show the reasons for an item, and what of them there is. */
export function showReasons({ finding, corrected }) {
  get("measured").hidden = !finding?.measurements;
  get("shares").hidden = !finding?.diagnoses;
  if (!finding) return;
  if (finding.measurements) showMeasurements(finding, corrected);
  const shares = Object.entries(finding.diagnoses ?? {}).map(([name, share]) => {
    const told = [make("span", { text: finding.words.diagnoses[name] }), make("b", { text: percent(share) })];
    return make("li", { children: told });
  });
  get("diagnoses").replaceChildren(...shares);
  showProvenance(finding);
}

function showMeasurements({ measurements: told, outline_quality: quality, outline_by: by }) {
  const across = told.equivalent_diameter_mm;
  const size = across === null ? `${Math.round(told.equivalent_diameter_px)} px` : `${across.toFixed(1)} mm`;
  const rows = [
    ["Size", size, `${percent(told.area_share)} of image`],
    ["Asymmetry", told.asymmetry.toFixed(2)],
    ["Border", told.border_irregularity.toFixed(2)],
    ["Colour", told.colour_variegation.toFixed(1)],
  ];
  const entries = rows.map(([name, value, note]) => {
    const parts = [make("dt", { text: name }), make("dd", { text: value })];
    if (note) parts[1].append(make("small", { text: note }));
    return make("div", { children: parts });
  });
  get("measurements").replaceChildren(...entries);
  get("quality").textContent = qualityInWords(by, quality);
}

function qualityInWords(by, quality) {
  if (by === "caller") return "Corrected by hand: measurements, crop and risk are for this outline.";
  if (!quality) return "The model's own; the bundle does not tell how good to expect it.";
  const { expected_jaccard: expected, review_below: below } = quality;
  const verdict = expected < below ? "Look at it before you rely on it, and correct it." : "";
  return (
    `By the model. Expected overlap with an expert's outline: ${expected.toFixed(2)} of 1; below ` +
    `${below.toFixed(2)} a person should look at it. ${verdict}`
  );
}

function showProvenance(finding) {
  const { made_with: made, size_px: [height, width] } = finding;
  const text = [
    `Lentigo ${made.lentigo} on ${made.engine}.`,
    `Outline: ${made.segmenter.name} in ${made.segmenter.precision}, SHA-256 ${made.segmenter.sha256}.`,
    `Probability: ${made.classifier.name} in ${made.classifier.precision}, SHA-256 ${made.classifier.sha256}.`,
    `Image: ${width}×${height} pixels, SHA-256 ${finding.image_sha256}.`,
    `Operating point ${finding.operating_point.name}: ${finding.operating_point.rule}.`,
  ];
  get("made").textContent = text.join(" ");
}

/** Draw the crop that the classifier is given. */
export function showCrop(picture, finding) {
  const { box } = finding;
  get("crop-figure").hidden = !box || !picture;
  if (!box || !picture) return;
  const canvas = get("crop");
  const scale = picture.width / finding.size_px[1];
  const shrink = Math.min(1, 360 / (Math.max(box.width, box.height) * scale));
  canvas.width = Math.max(1, Math.round(box.width * scale * shrink));
  canvas.height = Math.max(1, Math.round(box.height * scale * shrink));
  const from = [box.left, box.top, box.width, box.height].map((one) => one * scale);
  canvas.getContext("2d").drawImage(picture, ...from, 0, 0, canvas.width, canvas.height);
  canvas.setAttribute("aria-label", `Crop of the lesion, ${box.width} by ${box.height} pixels`);
}
