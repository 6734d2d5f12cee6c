// Keeps a page alive: takes the parts that changed, sends forms without leaving the page, asks before some of them.
// For a page's own module: import { onPart, act, toast } from "/static/shell.js".
import { morph } from "/static/morph.js";

const STALE_MS = 6000;
const ASK_MS = 2000;
const AGAIN_MS = 15000;
const TOAST_MS = 6000;
const HELD_MS = 5000;
const PRESS_MS = 1000;

const body = document.body;
const meta = document.querySelector('meta[name="token"]');
const watchers = new Map();
let mark = body.dataset.mark ?? "";
let heard = performance.now();

// --- what changed ------------------------------------------------------------------------------------

// Calls `changed(element)` now and whenever the part was renewed.
export function onPart(id, changed) {
  watchers.set(id, [...(watchers.get(id) ?? []), changed]);
  const element = document.getElementById(id);
  if (element) changed(element);
}

const waiting = new Map();
let held = null; // what the finger or the mouse is on
let pressed = false; // just now: a button that moves away from under the finger is not clicked
let turning = false;

function show(change) {
  const boot = mark.split(".")[0];
  if (boot && boot !== change.boot && !stays()) return;
  mark = `${change.boot}.${change.version}`;
  body.dataset.state = change.state;
  document.title = change.title;
  const told = document.getElementById("told");
  if (told.textContent !== change.told) told.textContent = change.told;
  for (const [id, html] of Object.entries(change.parts)) waiting.set(id, html);
  turn();
}

const rests = (part) => pressed || (held && part?.contains(held));

async function turn() {
  if (turning) return;
  turning = true;
  try {
    for (const id of [...waiting.keys()]) {
      const html = waiting.get(id); // the newest: it may have come while another part waited for its pictures
      const part = document.getElementById(id);
      if (!part) waiting.delete(id);
      if (!part || rests(part)) continue; // at the latest when it is let go
      const next = document.createElement("template");
      next.innerHTML = html; // every value in it was escaped by the server
      const content = document.importNode(next.content, true);
      await loaded(content, part);
      if (rests(part)) continue; // pressed meanwhile
      if (waiting.get(id) === html) waiting.delete(id);
      morph(part, content);
      for (const changed of watchers.get(id) ?? []) changed(part);
    }
  } finally {
    turning = false;
  }
  if ([...waiting.keys()].some((id) => !rests(document.getElementById(id)))) turn();
}

// New pictures are loaded before they take the place of the old ones, so that nothing flickers.
function loaded(content, part) {
  const there = new Set([...part.querySelectorAll("img")].map((one) => one.getAttribute("src")));
  const fresh = [...content.querySelectorAll("img")].filter(
    (one) => !there.has(one.getAttribute("src")) && one.loading !== "lazy",
  );
  if (!fresh.length) return null;
  const late = new Promise((done) => setTimeout(done, 1500));
  return Promise.race([Promise.all(fresh.map((one) => one.decode().catch(() => {}))), late]);
}

let longest = 0;
let click = 0;
addEventListener("pointerdown", (event) => {
  held = event.target;
  pressed = true;
  clearTimeout(longest);
  clearTimeout(click);
  longest = setTimeout(letGo, HELD_MS);
  click = setTimeout(settle, PRESS_MS);
});
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => setTimeout(letGo, 0));

function letGo() {
  held = null;
  settle();
}

function settle() {
  pressed = false;
  turn();
}

// The program was started again, and its page may be another one: loads it, unless something is half typed here.
function stays() {
  const typed = [...document.querySelectorAll("input")].some(
    (one) => one.type !== "hidden" && one.type !== "checkbox" && one.value !== one.defaultValue,
  );
  if (typed) mark = "";
  else location.reload();
  return typed;
}

// --- the stream, and asking where there is none ------------------------------------------------------

let stream = null; // none: it is asked now and then instead

function listen() {
  const mine = new EventSource(`${body.dataset.live}?from=${encodeURIComponent(mark)}`);
  stream = mine;
  const alive = () => {
    heard = performance.now();
    stale();
  };
  mine.addEventListener("hello", (event) => {
    const hello = JSON.parse(event.data);
    if (mark && mark.split(".")[0] !== hello.boot && !stays()) return;
    token(hello.token);
  });
  mine.addEventListener("beat", alive);
  mine.addEventListener("parts", (event) => {
    alive();
    show(JSON.parse(event.data));
  });
  mine.addEventListener("error", () => {
    if (mine.readyState !== EventSource.CLOSED) return;
    stream = null;
    ask(performance.now() + AGAIN_MS);
  });
}

addEventListener("pagehide", () => stream?.close());
addEventListener("pageshow", (event) => {
  if (event.persisted && stream) listen(); // gone back to: the browser had kept the page, and not its stream
});

async function ask(until) {
  try {
    const answer = await fetch(`${body.dataset.now}?from=${encodeURIComponent(mark)}`, {
      signal: AbortSignal.timeout(5000),
    });
    if (answer.ok) {
      show(await answer.json());
      heard = performance.now();
    }
  } catch {
    // told by `stale`
  }
  stale();
  if (performance.now() > until) listen();
  else setTimeout(ask, document.hidden ? 3 * ASK_MS : ASK_MS, until);
}

function token(value) {
  meta.content = value;
  for (const field of document.querySelectorAll('input[name="_token"]')) field.value = value;
}

function stale() {
  document.getElementById("stale").hidden = performance.now() - heard < STALE_MS;
}

// --- acts --------------------------------------------------------------------------------------------

const toasts = document.getElementById("toasts");

export function toast(text, bad = false) {
  if (!text) return;
  const one = document.createElement("p");
  one.className = bad ? "toast bad" : "toast";
  one.textContent = text;
  while (toasts.children.length > 2) toasts.firstElementChild.remove();
  toasts.append(one);
  setTimeout(() => one.remove(), bad ? 2 * TOAST_MS : TOAST_MS);
}

let before = Promise.resolve();

// Posts fields (an object, FormData or a Blob) and says what came of it; acts go out one after another, in their
// order, but for `now`. Gives true where it was done.
export function act(path, fields = {}, { now = false, quiet = false } = {}) {
  const turn = () => post(path, fields, quiet);
  if (now) return turn();
  const mine = before.then(turn);
  before = mine.catch(() => {});
  return mine;
}

async function post(path, fields, quiet) {
  const blob = fields instanceof Blob;
  const head = { "X-CabinGuard": "act", "X-CabinGuard-Token": meta.content };
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: head,
      body: blob ? fields : new URLSearchParams(fields instanceof FormData ? [...fields] : Object.entries(fields)),
      signal: AbortSignal.timeout(30000),
    });
    const go = answer.headers.get("X-Go");
    if (go) {
      location.assign(go);
      return true;
    }
    const said = (await answer.text()).trim();
    if (!answer.ok) toast(said, true);
    else if (!quiet) toast(said);
    return answer.ok;
  } catch {
    toast(toasts.dataset.noAnswer, true);
    return false;
  }
}

addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post" || form.id === "enter" || event.defaultPrevented) return;
  event.preventDefault();
  const button = event.submitter;
  const fields = new FormData(form, button);
  const sentence = form.dataset.confirm;
  if (sentence && !(await sure(sentence, button?.textContent))) return;
  form.setAttribute("aria-busy", "true");
  const urgent = form.dataset.now !== undefined;
  const done = await act(form.getAttribute("action"), fields, { now: urgent });
  form.removeAttribute("aria-busy");
  if (done && form.dataset.clear !== undefined) {
    for (const field of form.querySelectorAll("input")) {
      if (field.type !== "hidden") field.value = field.defaultValue;
    }
  }
});

// --- the question before an act ----------------------------------------------------------------------

function sure(sentence, label) {
  const dialog = document.getElementById("ask");
  const yes = dialog.querySelector('[value="yes"]');
  const no = dialog.querySelector('[value="no"]');
  dialog.querySelector("#ask-what").textContent = sentence;
  if (label?.trim()) yes.textContent = label.trim();
  const back = document.activeElement;
  dialog.showModal();
  no.focus();
  return new Promise((decided) => {
    const end = (value) => {
      yes.onclick = no.onclick = dialog.onclose = null;
      if (dialog.open) dialog.close();
      back?.focus?.({ preventScroll: true });
      decided(value);
    };
    yes.onclick = () => end(true);
    no.onclick = () => end(false);
    dialog.onclose = () => {
      if (!dialog.open) end(false); // Escape; an open one was closed before this question, and is told of late
    };
  });
}

for (const one of toasts.children) setTimeout(() => one.remove(), 2 * TOAST_MS);
if (location.search.includes("said=")) history.replaceState(null, "", location.pathname + location.hash);
if (body.dataset.live) {
  listen();
  setInterval(stale, 1000);
}
