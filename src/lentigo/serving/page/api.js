/** Calls of the API beside this page. */

import { get } from "./dom.js";

const KEY = "lentigo-token";
const MOST_TRIES = 30;

/** What went wrong, in words for a person. */
export class Fault extends Error {}

let token = kept();
let asked = null;

/** Return the bundles at work. */
export async function bundles() {
  return (await request("v1/bundles")).json();
}

/**
 * Send an image.
 *
 * @param {string} route Below /v1.
 * @param {{image: Blob, outline?: Blob|null}} parts Sent without their names.
 * @param {Record<string, string|undefined>} options Of the query; those undefined are left out.
 * @param {AbortSignal} [signal] Ends the call.
 * @param {(text: string) => void} [onWait] Is told when the server lets it wait.
 * @returns {Promise<Response>}
 */
export async function send(route, parts, options, signal, onWait = () => {}) {
  const told = Object.entries(options).filter(([, value]) => value !== undefined);
  const form = new FormData();
  form.append("image", parts.image, "image");
  if (parts.outline) form.append("outline", parts.outline, "outline");
  const path = `v1/${route}?${new URLSearchParams(told)}`;
  return request(path, { method: "POST", body: form, signal }, onWait);
}

/** Call the API; a busy server is asked again when it says so, and a token is asked for. */
async function request(path, options = {}, onWait = () => {}) {
  for (let tries = 1; ; tries += 1) {
    const used = token;
    const response = await call(path, options, used);
    if (response.ok) return response;
    if (response.status === 401) {
      if (used === token) await askForToken(used !== null);
      continue;
    }
    const wait = Number(response.headers.get("Retry-After"));
    if (![429, 503].includes(response.status) || !wait || tries >= MOST_TRIES) {
      throw new Fault(await detail(response));
    }
    onWait(`The server is busy; trying again in ${wait} s`);
    await pause(1000 * wait, options.signal);
  }
}

async function call(path, options, bearer) {
  const headers = bearer ? { Authorization: `Bearer ${bearer}` } : {};
  try {
    return await fetch(path, { ...options, headers, cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Fault("The server cannot be reached");
  }
}

async function detail(response) {
  try {
    const problem = await response.json();
    return problem.detail.replace(/^image: /, "the file ");
  } catch {
    return `The server answered ${response.status}`;
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    });
  });
}

/** Ask for a token once, however many calls wait for it. */
function askForToken(wrong) {
  asked ??= new Promise((resolve) => {
    get("door-fault").textContent = wrong ? "The server does not know this token." : "";
    get("door").showModal();
    get("door-form").onsubmit = (event) => {
      event.preventDefault();
      token = get("token").value.trim();
      get("token").value = "";
      keep(token);
      asked = null;
      get("door").close();
      resolve();
    };
    get("door").onclose = () => asked && get("door").showModal(); // without a token nothing works
  });
  return asked;
}

function kept() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(value) {
  try {
    sessionStorage.setItem(KEY, value);
  } catch {
    // Where nothing may be kept, the token lasts until the page is left.
  }
}
