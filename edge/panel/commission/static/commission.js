// Shows one step at a time, by what stands behind the # of the address, and keeps the editor's picture fresh.
// Without this script all steps stand below each other, and everything but drawing works.
import { onPart, toast } from "/static/shell.js";
import { Editor } from "/static/commission-editor.js";

const PICTURE_MS = 700;
const steps = [...document.querySelectorAll(".steps > section")];
let editor = null;

// --- one step at a time --------------------------------------------------------------------------------

function chosen() {
  const name = location.hash.slice(1);
  return steps.find((one) => one.id === name && one.childElementCount) ?? firstOpen() ?? steps[0];
}

// Where the technician is to go on: the first step that nobody has judged yet.
function firstOpen() {
  const link = document.querySelector("#rail .open a");
  return link && steps.find((one) => `#${one.id}` === link.hash);
}

function show() {
  const now = chosen();
  for (const one of steps) one.hidden = one !== now;
  for (const link of document.querySelectorAll("#rail a")) {
    if (link.hash === `#${now.id}`) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
  document.body.classList.toggle("wide-step", now.id === "draw");
  return now;
}

addEventListener("hashchange", () => {
  const now = show();
  now.querySelector("h2").focus({ preventScroll: true });
  scrollTo({ top: 0 });
});
onPart("rail", show);
for (const one of steps) onPart(one.id, (part) => part.querySelector("h2")?.setAttribute("tabindex", "-1"));
show();

// --- drawing -------------------------------------------------------------------------------------------

async function save(drawn) {
  const token = document.querySelector('meta[name="token"]').content;
  const head = { "X-CabinGuard": "act", "X-CabinGuard-Token": token };
  try {
    const answer = await fetch("/commission/draw", {
      method: "POST", headers: head, body: new URLSearchParams({ drawn }), signal: AbortSignal.timeout(30000),
    });
    return { ok: answer.ok, text: (await answer.text()).trim() };
  } catch {
    const text = document.getElementById("toasts").dataset.noAnswer;
    toast(text, true);
    return { ok: false, text };
  }
}

onPart("draw", (part) => {
  const root = part.querySelector("#editor");
  if (!root || editor?.root === root) return;
  root.editor = editor = new Editor(root, { save });
});

// The next picture is loaded before it takes the place of the last one.
async function refresh() {
  if (editor && !editor.root.closest("section").hidden && !document.hidden) {
    const next = new Image(), camera = editor.camera;
    next.src = `${editor.root.dataset.picture}${camera}.jpg?${Date.now()}`;
    try {
      await next.decode();
      if (camera === editor.camera) editor.image.src = next.src; // not the picture of the one chosen before
    } catch {
      // the kiosk may be starting again
    }
  }
  setTimeout(refresh, PICTURE_MS);
}
refresh();
