/** Files to keep: each is made by the server for the outline and operating point that are shown. */

import { Fault, send } from "./api.js";
import { get, save, say } from "./dom.js";

/** Make the buttons work. @param {() => {item: object, images: object}} now What is shown. */
export function attachDownloads(now) {
  for (const button of get("downloads").querySelectorAll("button")) {
    button.addEventListener("click", () => download(button, now()));
  }
}

/** Hide what cannot be had of an item. */
export function offerDownloads({ finding }, dicom) {
  const outlined = Boolean(finding?.lesion_found);
  const there = { mask: outlined, dicom: outlined && dicom };
  for (const button of get("downloads").querySelectorAll("button")) {
    button.hidden = !(there[button.dataset.kind] ?? Boolean(finding));
  }
}

async function download(button, { item, images }) {
  get("download-fault").textContent = "";
  button.setAttribute("aria-busy", "true");
  try {
    const [blob, ending] = await MAKERS[button.dataset.kind](item, images);
    save(blob, `${item.stem}-${ending}`);
    say(`${button.textContent} is ready`);
  } catch (error) {
    if (!(error instanceof Fault)) console.error(error);
    get("download-fault").textContent = `${button.textContent}: ${error.message}`;
  } finally {
    button.removeAttribute("aria-busy");
  }
}

const MAKERS = {
  pdf: async (item, images) => [await report(item, images, "pdf"), "report.pdf"],
  html: async (item, images) => [await report(item, images, "html"), "report.html"],
  json: async (item, images) => [await finding(item, images), "finding.json"],
  mask: async (item, images) => [await mask(item, images), "mask.png"],
  dicom: async (item, images) => [await (await asked(item, images, "segmentation", {})).blob(), "seg.dcm"],
};

async function asked(item, images, route, options) {
  const parts = await images.parts(item);
  return send(route, parts, { ...options, operating_point: images.point });
}

async function report(item, images, format) {
  return (await asked(item, images, "report", { format })).blob();
}

async function finding(item, images) {
  const told = await (await asked(item, images, "analyze", {})).json();
  return new Blob([JSON.stringify(told, null, 2)], { type: "application/json" });
}

async function mask(item, images) {
  const told = await (await asked(item, images, "analyze", { mask: "png" })).json();
  const bytes = Uint8Array.from(atob(told.mask.base64), (one) => one.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}
