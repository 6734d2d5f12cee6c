// Fetches the parts of the page once a second and puts in those that changed. Without it the page reloads itself.
"use strict";

const EVERY_MS = 1000;
const shown = {};
let misses = 0;

async function turn() {
  try {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), 8000);
    const answer = await fetch("/now", { cache: "no-store", signal: limit.signal });
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.json());
    clearTimeout(timer);
    misses = 0;
  } catch {
    misses += 1;
  }
  document.getElementById("stale").hidden = misses < 2;
  setTimeout(turn, document.hidden ? 5 * EVERY_MS : EVERY_MS);
}

function show(now) {
  document.body.dataset.state = now.state;
  document.title = now.title;
  const told = document.getElementById("told");
  if (told.textContent !== now.told) told.textContent = now.told;
  for (const [name, html] of Object.entries(now.parts)) {
    const part = document.getElementById(name);
    // Who is at a button or a link of a part keeps it under the finger.
    if (shown[name] === html || !part || part.contains(document.activeElement)) continue;
    shown[name] = html;
    if (name === "picture") swap(part, html);
    else part.innerHTML = html; // every value in it was escaped by the server
  }
}

// The new picture is loaded before it takes the old one's place, so that nothing flickers.
function swap(part, html) {
  const next = document.createElement("div");
  next.innerHTML = html;
  const loads = [...next.querySelectorAll("img")].map((img) => img.decode().catch(() => {}));
  Promise.all(loads).then(() => part.replaceChildren(...next.childNodes));
}

setTimeout(turn, EVERY_MS);
