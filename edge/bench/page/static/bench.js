// The bench page: keys that are typed and held, deadlines that go down between two updates, a search for faults,
// sound where it is switched on, sections that stay as they were folded.
import { act, onPart } from "/static/shell.js";

const ACT = "/bench/act";
const HOLD_MS = 700;
const NARROW = "(max-width: 40rem)";

const words = (text, options = {}) => act(ACT, { words: text }, { quiet: true, ...options });

// --- the keypad: typed on, clicked, held -------------------------------------------------------------

let holding = null;

document.addEventListener("keydown", (event) => {
  const pad = event.target.closest?.("[data-keypad]");
  if (!pad || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const key = pad.querySelector(`[data-key="${CSS.escape(event.key.toUpperCase())}"]`);
  if (!key || event.key.length !== 1) return;
  event.preventDefault();
  press(key);
  words(`keys ${key.dataset.key}`);
});

function press(key) {
  key.classList.add("down");
  setTimeout(() => key.classList.remove("down"), 150);
}

document.addEventListener("pointerdown", (event) => {
  const key = event.target.closest?.("[data-keypad] [data-key]");
  if (!key || event.button !== 0 || holding) return; // a second finger would leave the first key stuck
  const name = key.dataset.key;
  const timer = setTimeout(() => {
    holding.stuck = true;
    words(`key ${name} stuck`);
  }, HOLD_MS);
  holding = { name, timer, stuck: false };
});

for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, () => {
    if (!holding) return;
    clearTimeout(holding.timer);
    if (holding.stuck) {
      words(`key ${holding.name} free`);
      setTimeout(() => (holding = null), 0); // the click that follows types nothing
    } else holding = null;
  });
}

document.addEventListener(
  "click",
  (event) => {
    if (holding?.stuck && event.target.closest?.("[data-keypad]")) event.preventDefault();
  },
  true,
);
document.addEventListener("contextmenu", (event) => {
  if (event.target.closest?.("[data-keypad]")) event.preventDefault(); // a long touch
});

// --- deadlines -----------------------------------------------------------------------------------------

function tick() {
  const now = performance.now();
  // Looked for each time: a page that was opened before the cabin answered gets it later.
  const template = document.getElementById("bench-sound")?.dataset.seconds ?? "{seconds} s";
  for (const one of document.querySelectorAll("[data-left-s]")) {
    if (one.dataset.leftS !== one.seen) {
      one.seen = one.dataset.leftS;
      one.ends = now + 1000 * Number(one.dataset.leftS);
    }
    const left = Math.max(0, (one.ends - now) / 1000);
    const text = template.replace("{seconds}", left < 100 ? left.toFixed(1) : left.toFixed(0));
    if (one.textContent !== text) one.textContent = text;
    const bar = one.parentElement.querySelector("[data-of-s]");
    if (bar) bar.setAttribute("width", Math.min(100, (100 * left) / Number(bar.dataset.ofS)).toFixed(1));
  }
}
setInterval(() => document.hidden || tick(), 100);

// --- the search for a fault --------------------------------------------------------------------------

const field = document.getElementById("fault-search");

function search() {
  const wanted = field.value.trim().toLowerCase();
  let found = 0;
  for (const group of document.querySelectorAll("[data-group]")) {
    let here = 0;
    for (const row of group.querySelectorAll("[data-fault]")) {
      const fits = row.dataset.fault.includes(wanted);
      row.hidden = !fits;
      here += fits;
    }
    group.hidden = wanted !== "" && here === 0;
    if (wanted !== "") group.open = here > 0;
    found += here;
  }
  document.getElementById("fault-none").hidden = found > 0;
}
if (field) {
  field.addEventListener("input", search);
  for (const part of document.querySelectorAll("[data-group] .part")) {
    onPart(part.id, () => field.value && search());
  }
}

// --- telephones show the newest ----------------------------------------------------------------------

for (const part of document.querySelectorAll(".phone .part")) {
  let texts = 0;
  onPart(part.id, () => {
    const list = part.querySelector("[data-bottom]");
    const count = list?.children.length ?? 0;
    if (count > texts) list.scrollTop = list.scrollHeight;
    texts = count;
  });
}

// --- sections that fold --------------------------------------------------------------------------------

const KEPT_SHUT = ["coming-card", "contacts-card", "faults-card", "states-card", "stories-card", "log-card"];

for (const one of document.querySelectorAll(".fold > details")) {
  const name = `fold ${one.parentElement.id}`;
  const was = sessionStorage.getItem(name);
  if (was !== null) one.open = was === "open";
  else if (matchMedia(NARROW).matches && KEPT_SHUT.includes(one.parentElement.id)) one.open = false;
  one.firstElementChild.addEventListener("click", () => sessionStorage.setItem(name, one.open ? "shut" : "open"));
}

const coming = document.querySelector("#coming-card > details");

function openWhileLocked() {
  if (!matchMedia(NARROW).matches || sessionStorage.getItem("fold coming-card") !== null) return;
  coming.open = document.querySelector("#coming .ways") !== null;
}
if (coming) onPart("coming", openWhileLocked);

// --- sound ---------------------------------------------------------------------------------------------

let audio = null;
let siren = null;
let player = null;
let spoken = "";

function soundSwitch() {
  const button = document.querySelector(".sound-switch");
  if (!button) return;
  button.hidden = false;
  button.setAttribute("aria-pressed", String(audio !== null));
  button.textContent = audio ? button.dataset.on : button.dataset.off;
}

document.addEventListener("click", (event) => {
  if (!event.target.closest?.(".sound-switch")) return;
  if (audio) {
    silence();
    stopSpeaking();
    audio.close();
    audio = null;
  } else audio = new AudioContext();
  spoken = "";
  soundSwitch();
  hear();
});

function hear() {
  const what = document.getElementById("bench-sound");
  if (!audio || !what) return;
  play(what.dataset.pattern);
  const text = what.dataset.text;
  if (text !== spoken) {
    spoken = text;
    stopSpeaking();
    if (text) speak(what.dataset.files.split(" ").filter(Boolean), text);
  }
}

// Beeps as the cabin's sounder makes them, and a siren that goes up and down.
function play(pattern) {
  if (siren?.pattern === pattern) return;
  silence();
  if (pattern === "off") return;
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.type = "square";
  volume.gain.value = 0;
  tone.connect(volume).connect(audio.destination);
  tone.start();
  siren = { pattern, tone, volume, timer: 0 };
  const turn = () => {
    const at = audio.currentTime;
    if (pattern === "siren") {
      volume.gain.setValueAtTime(0.06, at);
      tone.frequency.setValueAtTime(650, at);
      tone.frequency.linearRampToValueAtTime(1300, at + 0.5);
      tone.frequency.linearRampToValueAtTime(650, at + 1);
    } else {
      tone.frequency.setValueAtTime(1900, at);
      volume.gain.setValueAtTime(0.05, at);
      volume.gain.setValueAtTime(0, at + 0.12);
    }
  };
  turn();
  siren.timer = setInterval(turn, 1000);
}

function silence() {
  if (!siren) return;
  clearInterval(siren.timer);
  siren.tone.stop();
  siren = null;
}

// The recorded phrases one after another; where there are none, the browser's own voice.
function speak(files, text) {
  const names = [...files];
  const own = () => {
    if (!("speechSynthesis" in window)) return;
    const said = new SpeechSynthesisUtterance(text);
    said.lang = document.documentElement.lang;
    speechSynthesis.speak(said);
  };
  if (!names.length) return own();
  player = new Audio();
  let first = true;
  player.addEventListener("ended", () => {
    first = false;
    next();
  });
  player.addEventListener("error", () => first && own(), { once: true });
  const next = () => {
    const name = names.shift();
    if (!name || !player) return;
    player.src = `/bench/clips/${encodeURIComponent(name)}`;
    player.play().catch(() => {});
  };
  next();
}

function stopSpeaking() {
  if (player) {
    player.pause();
    player = null;
  }
  if ("speechSynthesis" in window) speechSynthesis.cancel();
}

onPart("head", soundSwitch);
onPart("sounds", hear);
