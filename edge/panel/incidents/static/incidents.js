// The film of an incident: its pictures in their own time, and what was decided beside it, moving along.
const AHEAD = 4;
const LONGEST_S = 8; // where no picture was kept for longer, the film does not wait

const player = document.getElementById("player");
if (player) film();

function film() {
  const by = (id) => document.getElementById(id);
  const [frame, caption, seen, play, position, speed] = ["frame", "caption", "seen", "play", "position", "speed"].map(by);
  const drawn = by("drawn");
  const all = [...by("shots").children].map((one) => ({ ...one.dataset, since: Number(one.dataset.since), plain: !("drawn" in one.dataset) }));
  const beside = document.querySelector(".beside");
  const moments = [...document.querySelectorAll("#moments > li")];
  const buttons = document.querySelectorAll("#moments [data-at]");
  let shots = all;
  let now = 0;
  let timer = 0;

  if (all.every((one) => one.plain)) drawn.closest("label").remove();
  for (const one of [...player.querySelectorAll("[data-script]"), ...buttons]) one.hidden = false;
  position.max = shots.length - 1;

  function show(number, told = false) {
    now = Math.min(Math.max(0, number), shots.length - 1);
    const one = shots[now];
    frame.src = one.src;
    frame.alt = one.alt;
    caption.textContent = `${one.time} (${one.mark})`;
    position.value = now;
    position.setAttribute("aria-valuetext", caption.textContent);
    for (const next of shots.slice(now + 1, now + 1 + AHEAD)) new Image().src = next.src;
    follow(one.since);
    if (told) seen.textContent = one.alt;
  }

  // The last moment that had come by then; the list alone is scrolled, never the page.
  function follow(since) {
    let newest = null;
    for (const one of moments) {
      const come = Number(one.dataset.since) <= since + 0.05;
      if (come) newest = one;
    }
    for (const one of moments) {
      one.classList.toggle("now", one === newest);
      if (one === newest) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
    if (newest) beside.scrollTop = newest.offsetTop - beside.clientHeight / 3;
  }

  function next() {
    if (now >= shots.length - 1) return stop();
    const gap = Math.min(LONGEST_S, Math.max(0.02, shots[now + 1].since - shots[now].since));
    timer = setTimeout(() => {
      show(now + 1);
      next();
    }, (gap * 1000) / Number(speed.value));
  }

  function stop() {
    clearTimeout(timer);
    timer = 0;
    play.textContent = player.dataset.play;
    seen.textContent = shots[now].alt;
  }

  function turn() {
    if (timer) return stop();
    if (now >= shots.length - 1) show(0);
    play.textContent = player.dataset.pause;
    next();
  }

  function step(number) {
    if (timer) stop();
    show(number, true);
  }

  function at(since) {
    const found = shots.findLastIndex((one) => one.since <= since + 0.05);
    step(Math.max(0, found));
  }

  play.addEventListener("click", turn);
  by("back").addEventListener("click", () => step(now - 1));
  by("on").addEventListener("click", () => step(now + 1));
  position.addEventListener("input", () => step(Number(position.value)));
  speed.addEventListener("change", () => {
    if (!timer) return;
    clearTimeout(timer);
    next();
  });
  drawn.addEventListener("change", () => {
    const since = shots[now].since;
    shots = drawn.checked ? all : all.filter((one) => one.plain);
    position.max = shots.length - 1;
    at(since);
  });
  for (const one of buttons) {
    one.addEventListener("click", () => {
      at(Number(one.dataset.at));
      player.scrollIntoView({ block: "nearest" });
    });
  }
  player.addEventListener("keydown", (event) => {
    const own = event.target;
    if (event.ctrlKey || event.altKey || event.metaKey || own === speed || own === drawn) return;
    const keys = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: shots.length - 1 };
    if (event.key === " " && own.tagName !== "BUTTON") turn();
    else if (event.key in keys) step(keys[event.key]);
    else return;
    event.preventDefault();
  });
  show(0);
}
