/** The page: brings images, list, picture, answer and downloads together. */

import { headline, showAnswer, showCrop, showReasons } from "./answer.js";
import { Fault, bundles } from "./api.js";
import { attachDownloads, offerDownloads } from "./downloads.js";
import { get, make, percent, say } from "./dom.js";
import { Editor } from "./editor.js";
import { heatPicture, isVisible } from "./heat.js";
import { Images, pictureOf } from "./images.js";
import { List } from "./list.js";
import { Stage } from "./stage.js";

const PICTURE_PX = 4096; // more than a screen shows, and little enough for a phone

/** follows: whether the riskiest image is shown as findings come in, until a person does something. */
const state = { shown: null, picture: null, opening: null, dicom: false, follows: true };
const editor = new Editor(corrected);
const stage = new Stage(() => editor.on);
const images = new Images(changed);
const list = new List({ choose: chosen, remove });
editor.attach(stage);

/** Take files that were chosen, dropped or pasted. */
function take(files) {
  if (!files.length) return;
  state.follows ||= !images.items.length;
  const [first] = images.add(files);
  get("main").classList.remove("empty");
  choose(state.shown && images.items.length > files.length ? state.shown : first);
  say(files.length === 1 ? `${first.name}: looking` : `${files.length} images: looking`);
}

function remove(item) {
  images.remove(item);
  if (state.shown === item) choose(images.items[0] ?? null);
  list.render(images.items, state.shown);
  if (state.shown) list.focus(state.shown);
  else get("files").focus();
  say(`${item.name} removed`);
}

function chosen(item) {
  state.follows = false;
  choose(item);
}

/** Show an item; its picture is the only one that is kept decoded. */
function choose(item) {
  if (item === state.shown) return;
  state.shown = item;
  state.picture?.close();
  state.picture = null;
  stage.clear();
  editor.open(item);
  get("main").classList.toggle("empty", !item);
  for (const name of ["answer", "look", "reasons"]) get(name).hidden = !item;
  list.render(images.items, item);
  if (item) show(item);
}

/** Hear of an item's change of state. */
function changed(item) {
  if (item.removed) return;
  const riskiest = images.items.reduce((one, other) => (other.rank > one.rank ? other : one));
  if (state.follows && riskiest.finding) choose(riskiest);
  list.render(images.items, state.shown);
  if (item === state.shown) show(item);
  if (item.state === "done" || item.state === "failed") {
    const best = images.items.length === 1 ? "" : `${item.name}: `;
    say(`${best}${item.state === "done" ? headline(item) : item.note}`);
  }
}

function show(item) {
  showAnswer(item);
  showReasons(item);
  offerDownloads(item, state.dicom);
  get("look").hidden = item.state === "failed" && !item.finding;
  get("reasons").hidden = !item.finding;
  get("busy").hidden = !(item.finding && ["waiting", "asking"].includes(item.state));
  get("answer").setAttribute("aria-busy", !get("busy").hidden);
  if (item.finding) showPicture(item);
}

async function showPicture(item) {
  if (!state.picture && !(await openPicture(item))) return;
  const { heat_map: heat } = item.finding;
  get("heat-group").hidden = !heat;
  stage.heat = heat ? heatPicture(heat) : null;
  stage.heatBox = heat?.box;
  if (stage.mask !== item.mask || !item.corrected) stage.setMask(item.mask);
  editor.refresh();
  stage.redraw();
  showCrop(state.picture, item.finding);
  describe(item);
}

/** Decode an item's picture, once; tell whether it is on the stage. */
async function openPicture(item) {
  if (state.opening === item) return false;
  state.opening = item;
  const picture = await pictureOf(item, PICTURE_PX).catch(() => null); // the file may have gone from its disk
  if (state.opening === item) state.opening = null;
  if (state.shown !== item || state.picture || !picture) {
    picture?.close();
    return false;
  }
  state.picture = picture;
  const [height, width] = item.finding.size_px;
  stage.open(picture, { width, height });
  return true;
}

/** Say in words what the picture shows. */
function describe({ name, finding, mask }) {
  const outlined = mask && !mask.empty ? `, outlined ${finding.outline_by === "caller" ? "by hand" : "by the model"}` : "";
  const heated = stage.heat && stage.show.heat ? ", with a heat map" : "";
  get("canvas").setAttribute("aria-label", `${name}${outlined}${heated}`);
  get("heat-note").hidden = !heated;
  get("heat-empty").hidden = !heated || isVisible(finding.heat_map);
}

/** Take a corrected outline: a new crop, measurements and risk. */
function corrected(item) {
  if (item.removed) return;
  if (item.mask.empty) {
    showAnswer(item);
    say("The outline is empty");
  } else {
    images.ask(item, true);
  }
}

function attachView() {
  get("zoom-in").addEventListener("click", () => stage.zoom(1.5));
  get("zoom-out").addEventListener("click", () => stage.zoom(1 / 1.5));
  get("zoom-fit").addEventListener("click", () => stage.fit());
  for (const [name, key] of [["outline", "outline"], ["heat", "heat"]]) {
    get(`${name}-on`).addEventListener("change", (event) => {
      stage.show[key] = event.target.checked;
      redrawn();
    });
    get(`${name}-opacity`).addEventListener("input", (event) => {
      stage.show[`${key}Opacity`] = Number(event.target.value) / 100;
      redrawn();
    });
  }
}

function redrawn() {
  stage.redraw();
  if (state.shown?.finding) describe(state.shown);
}

function attachFiles() {
  get("files").addEventListener("change", (event) => {
    take([...event.target.files]);
    event.target.value = "";
  });
  document.addEventListener("paste", (event) => take([...event.clipboardData.files]));
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      document.body.classList.add("dropping");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    take([...event.dataTransfer.files]);
  });
}

async function start() {
  for (const name of ["look", "answer", "reasons"]) {
    for (const event of ["pointerdown", "keydown"]) get(name).addEventListener(event, () => (state.follows = false));
  }
  attachFiles();
  attachView();
  attachDownloads(() => ({ item: state.shown, images }));
  get("again").addEventListener("click", () => images.ask(state.shown, true));
  get("point").addEventListener("change", (event) => images.decideAt(event.target.value, state.shown));
  try {
    const { bundles: [segmenter, classifier], dicom } = await bundles();
    state.dicom = dicom;
    showPoints(classifier);
    get("bundles").textContent = `Outlines by ${segmenter.name}, risk by ${classifier.name}.`;
    if (state.shown) show(state.shown);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    get("bundles").textContent = error.message;
    say(error.message);
  }
}

function showPoints({ operating_points: points, operating_point: own }) {
  const sorted = Object.entries(points).sort(([, one], [, other]) => one - other);
  const options = sorted.map(([name, threshold]) => {
    const option = make("option", { text: `${name} (from ${percent(threshold)})` });
    option.value = name;
    option.selected = name === (images.point ?? own);
    return option;
  });
  get("point").replaceChildren(...options);
}

start();
