// Draws zones, masks, regions and the floor on the camera's picture: with mouse, finger and keyboard alike.
// Every word comes from the server in data-words; every change can be undone; nothing is saved by itself.

import { morph } from "/static/morph.js";
import { crossings, drawnOf, masked, middle, problems as problemsOf, rounded, shapesOf } from "./commission-shapes.js";

const SVG = "http://www.w3.org/2000/svg";
const HANDLE_PX = 9, MIDDLE_PX = 6, FAR_PX = 4, MOST_UNDONE = 100;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Editor {
  constructor(root, { save, camera = "face" }) {
    this.root = root;
    this.words = JSON.parse(root.dataset.words);
    this.most = Number(root.dataset.most);
    this.words.masked_much = this.words.masked_much.replace("{most}", Math.round(this.most * 100));
    this.purposes = JSON.parse(root.dataset.purposes);
    this.regions = JSON.parse(root.dataset.regions);
    this.camera = camera;
    this.send = save;
    this.svg = root.querySelector("svg");
    this.image = root.querySelector("img");
    this.say = root.querySelector(".say");
    this.kept = `editor ${location.pathname}`;
    this.undone = []; this.redone = [];
    this.chosen = -1; this.point = -1; this.drawing = false; this.cursor = [0.5, 0.5];
    this.load(JSON.parse(root.dataset.drawn));
    this.listen();
    this.draw();
  }

  // --- what there is -------------------------------------------------------------------------------

  load(drawn) {
    this.saved = JSON.stringify(drawnOf(shapesOf(drawn)));
    this.shapes = shapesOf(drawn);
    const kept = sessionStorage.getItem(this.kept);
    if (kept && JSON.parse(kept).from === this.saved) this.shapes = JSON.parse(kept).shapes;
  }

  get shape() { return this.shapes[this.chosen]; }
  get changed() { return JSON.stringify(drawnOf(this.shapes)) !== this.saved; }

  problems(shape) { return problemsOf(shape, this.shapes, this.most); }

  // Before each change, so that it can be taken back; `same` joins the steps of one move.
  keep(same = "") {
    const now = JSON.stringify(this.shapes);
    if (same && same === this.same) return;
    this.same = same;
    this.undone.push(now);
    this.undone = this.undone.slice(-MOST_UNDONE);
    this.redone = [];
  }

  step(from, to) {
    if (!from.length) return;
    to.push(JSON.stringify(this.shapes));
    this.shapes = JSON.parse(from.pop());
    this.same = "";
    this.drawing = false;
    this.chosen = Math.min(this.chosen, this.shapes.length - 1);
    this.point = -1;
    this.draw();
    this.svg.focus({ preventScroll: true });
    this.tell(from === this.undone ? this.words.undone : this.words.redone);
  }

  // --- acts ----------------------------------------------------------------------------------------

  begin(kind) {
    this.keep();
    const many = this.shapes.filter((shape) => shape.kind === kind);
    if (kind === "floor" && many.length) this.shapes = this.shapes.filter((shape) => shape.kind !== "floor");
    const name = kind === "floor" ? "" : this.fresh(kind);
    const floor = { width_cm: 60, depth_cm: 60, camera_height_cm: 220 };
    this.shapes.push({
      kind, name, purpose: "forbidden", hours: "", camera: this.camera, points: [], ...(kind === "floor" ? floor : {}),
    });
    this.chosen = this.shapes.length - 1;
    this.point = -1;
    this.drawing = true;
    this.cursor = [0.5, 0.5];
    this.draw();
    this.svg.focus({ preventScroll: false });
    this.tell(this.words.begin);
  }

  fresh(kind) {
    const base = kind === "region" ? this.regions[0][0] : this.words[`name_${kind}`];
    const taken = new Set(this.shapes.filter((shape) => shape.kind === kind).map((shape) => shape.name));
    if (kind === "region") {
      const free = this.regions.map(([value]) => value).find((value) => !taken.has(value));
      if (free) return free;
    }
    for (let number = 1; ; number += 1) {
      const name = kind === "region" ? `${base}-${number + 1}` : `${base} ${number}`;
      if (!taken.has(name)) return name;
    }
  }

  put([x, y]) {
    const { shape } = this;
    if (shape.kind === "floor" && shape.points.length === 4) return;
    this.keep();
    shape.points.push([rounded(x), rounded(y)]);
    this.point = shape.points.length - 1;
    if (shape.kind === "floor" && shape.points.length === 4) { this.finish(); return; }
    this.draw();
    const much = shape.kind === "mask" && masked(this.shapes, shape.camera) > this.most;
    this.tell(this.at(this.words.put, this.point) + (much ? ` ${this.words.masked_much}` : ""));
  }

  finish() {
    if (!this.drawing) return;
    const { shape } = this, enough = shape.kind === "floor" ? 4 : 3;
    this.drawing = false;
    if (shape.points.length < enough) { this.remove(); this.tell(this.words.given_up); return; }
    this.point = 0;
    this.draw();
    const wrong = this.problems(shape);
    this.tell(wrong.length ? wrong.map((name) => this.words[name]).join(" ") : this.words.finished);
    this.focusPoint();
  }

  remove() {
    if (!this.shape) return;
    this.keep();
    this.shapes.splice(this.chosen, 1);
    this.chosen = -1;
    this.point = -1;
    this.drawing = false;
    this.draw();
    this.tell(this.words.removed);
  }

  addPoint(after) {
    const { points, kind } = this.shape;
    if (kind === "floor" && points.length >= 4) { this.tell(this.words.four_points); return; }
    this.keep();
    const a = points[after] || this.cursor, b = points[(after + 1) % Math.max(1, points.length)] || a;
    const between = points.length < 2 ? [rounded(a[0] + 0.05), a[1]] : middle([a, b]).map(rounded);
    points.splice(after + 1, 0, between);
    this.point = Math.min(after + 1, points.length - 1);
    this.draw();
    this.focusPoint();
  }

  removePoint(at) {
    const { points, kind } = this.shape;
    if (!this.drawing && (points.length <= 3 || kind === "floor")) {
      this.tell(kind === "floor" ? this.words.four_points : this.words.three_points);
      return;
    }
    this.keep();
    points.splice(at, 1);
    this.point = Math.min(at, points.length - 1);
    this.draw();
    this.focusPoint();
    this.tell(this.words.point_removed);
  }

  move(at, to, same) {
    this.keep(same);
    this.shape.points[at] = to.map(rounded);
    this.point = at;
    this.draw();
  }

  // --- listening -----------------------------------------------------------------------------------

  listen() {
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button) this.act(button);
    });
    this.root.addEventListener("change", (event) => this.field(event.target));
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.svg.addEventListener("pointerdown", (event) => this.down(event));
    this.svg.addEventListener("pointermove", (event) => this.moved(event));
    this.svg.addEventListener("pointerup", (event) => this.up(event));
    this.svg.addEventListener("pointercancel", () => { this.held = null; });
    this.svg.addEventListener("dblclick", () => this.finish());
    this.svg.addEventListener("focusin", (event) => {
      const at = event.target.dataset && event.target.dataset.point;
      if (at !== undefined && Number(at) !== this.point) { this.point = Number(at); this.marked(); }
    });
    // A fresh picture of the same size changes nothing that is drawn, and fields that somebody types in stay.
    this.image.addEventListener("load", () => { if (String(this.size()) !== this.drawnAt) this.draw(); });
    new ResizeObserver(() => this.draw()).observe(this.svg);
    window.addEventListener("beforeunload", () => this.store());
  }

  act(button) {
    const what = button.dataset.do, at = Number(button.dataset.at);
    if (["zone", "mask", "region", "floor"].includes(what)) this.begin(what);
    else if (what === "undo") this.step(this.undone, this.redone);
    else if (what === "redo") this.step(this.redone, this.undone);
    else if (what === "remove") this.remove();
    else if (what === "finish") this.finish();
    else if (what === "choose") this.choose(at);
    else if (what === "add") this.addPoint(at);
    else if (what === "drop") this.removePoint(at);
    else if (what === "save") this.save();
    else if (what === "camera") { this.camera = button.dataset.camera; this.choose(-1); }
  }

  choose(at) {
    if (this.drawing) this.finish();
    this.chosen = at;
    this.point = -1;
    this.same = "";
    this.draw();
  }

  field(input) {
    const { shape } = this, name = input.dataset.field;
    if (!shape || !name) return;
    input.defaultValue = input.value; // not half typed any more
    this.keep();
    if (name === "x" || name === "y") {
      const value = Number.parseFloat(input.value.replace(",", "."));
      const point = shape.points[Number(input.dataset.at)];
      if (Number.isFinite(value)) point[name === "x" ? 0 : 1] = rounded(value / 100);
    } else if (name.endsWith("_cm")) {
      const value = Number.parseFloat(input.value.replace(",", "."));
      if (Number.isFinite(value)) shape[name] = value;
    } else shape[name] = input.value;
    this.draw();
  }

  key(event) {
    if (event.target.closest("input, select, button")) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      if (event.shiftKey) this.step(this.redone, this.undone); else this.step(this.undone, this.redone);
      return;
    }
    const by = event.shiftKey ? 0.05 : event.altKey ? 0.001 : 0.01, to = STEPS[event.key];
    if (this.drawing) this.keyDrawing(event, to, by);
    else if (this.shape && this.point >= 0) this.keyPoint(event, to, by);
  }

  keyDrawing(event, to, by) {
    if (to) this.cursor = this.cursor.map((value, axis) => rounded(value + to[axis] * by));
    else if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.put(this.cursor); return; }
    else if (event.key === "Backspace") {
      event.preventDefault();
      if (this.shape.points.length) this.removePoint(this.shape.points.length - 1);
      return;
    } else if (event.key === "Escape") { event.preventDefault(); this.finish(); return; } else return;
    event.preventDefault();
    this.draw();
    this.tell(this.place(this.cursor));
  }

  keyPoint(event, to, by) {
    if (to) {
      event.preventDefault();
      const point = this.shape.points[this.point];
      this.move(this.point, point.map((value, axis) => value + to[axis] * by), `key ${this.chosen} ${this.point}`);
      this.focusPoint();
      const wrong = this.problems(this.shape);
      this.tell([this.place(this.shape.points[this.point]), ...wrong.map((name) => this.words[name])].join(" "));
    } else if (event.key === "Delete") { event.preventDefault(); this.removePoint(this.point); }
    else if (event.key === "Insert" || event.key === "+") { event.preventDefault(); this.addPoint(this.point); }
    else if (event.key === "Escape") { event.preventDefault(); this.choose(-1); this.svg.focus(); }
  }

  where(event) {
    const box = this.svg.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  down(event) {
    if (event.button > 0) return;
    const { target } = event, at = this.where(event);
    if (this.drawing) {
      event.preventDefault();
      this.svg.focus({ preventScroll: true });
      const last = String(this.shape.points.length - 1);
      if (target.dataset.point === "0" && this.shape.points.length > 2) this.finish();
      else if (target.dataset.point !== last) this.put(at); // a double click is no second point at one place
      return;
    }
    if (target.dataset.middle !== undefined) { this.addPoint(Number(target.dataset.middle)); this.hold(event, at); return; }
    if (target.dataset.point !== undefined) { this.point = Number(target.dataset.point); this.hold(event, at); return; }
    const shape = target.closest("[data-shape]");
    if (!shape) { this.choose(-1); return; }
    this.choose(Number(shape.dataset.shape));
    this.hold(event, at);
  }

  hold(event, at) {
    event.preventDefault();
    this.svg.setPointerCapture(event.pointerId);
    this.held = { at, first: [event.clientX, event.clientY], point: this.point, moved: false,
      points: this.shape.points.map((point) => [...point]), same: `held ${event.timeStamp}` };
    if (this.point >= 0) { this.draw(); this.focusPoint(); }
  }

  moved(event) {
    if (this.drawing && event.pointerType === "mouse") {
      this.cursor = this.where(event).map(rounded);
      this.cursorOnly();
      return;
    }
    const { held } = this;
    if (!held) return;
    const far = Math.hypot(event.clientX - held.first[0], event.clientY - held.first[1]);
    if (!held.moved && far < FAR_PX) return;
    held.moved = true;
    const to = this.where(event), by = [to[0] - held.at[0], to[1] - held.at[1]];
    if (held.point >= 0) {
      this.move(held.point, held.points[held.point].map((value, axis) => value + by[axis]), held.same);
      return;
    }
    const low = [0, 1].map((axis) => Math.min(...held.points.map((point) => point[axis])));
    const high = [0, 1].map((axis) => Math.max(...held.points.map((point) => point[axis])));
    const inside = by.map((value, axis) => Math.min(1 - high[axis], Math.max(-low[axis], value)));
    this.keep(held.same);
    this.shape.points = held.points.map((point) => point.map((value, axis) => rounded(value + inside[axis])));
    this.draw();
  }

  up() {
    if (this.held && this.held.moved && this.shape) {
      const wrong = this.problems(this.shape);
      this.tell(wrong.length ? wrong.map((name) => this.words[name]).join(" ") : this.words.moved);
    }
    this.held = null;
    if (this.point >= 0) this.focusPoint();
  }

  // --- saving --------------------------------------------------------------------------------------

  async save() {
    if (this.drawing) this.finish();
    const at = this.shapes.findIndex((shape) => this.problems(shape).length);
    if (at >= 0) {
      this.choose(at);
      const shape = this.shapes[at], named = shape.name || this.words.kind_floor;
      this.tell(`${named}: ${this.problems(shape).map((name) => this.words[name]).join(" ")}`);
      return;
    }
    const drawn = drawnOf(this.shapes), sent = JSON.stringify(drawn);
    this.root.setAttribute("aria-busy", "true");
    const answer = await this.send(sent);
    this.root.removeAttribute("aria-busy");
    if (answer.ok) { this.saved = sent; this.store(); }
    this.tell(answer.text);
    this.draw();
  }

  // What is not saved yet outlives a reload.
  store() {
    if (this.changed) sessionStorage.setItem(this.kept, JSON.stringify({ from: this.saved, shapes: this.shapes }));
    else sessionStorage.removeItem(this.kept);
  }

  // --- drawing -------------------------------------------------------------------------------------

  tell(text) { this.say.textContent = text; }
  place([x, y]) { return this.words.place.replace("{x}", (x * 100).toFixed(1)).replace("{y}", (y * 100).toFixed(1)); }
  at(template, index) {
    const point = this.shape.points[index];
    return template.replace("{number}", index + 1).replace("{count}", this.shape.points.length)
      .replace("{place}", this.place(point));
  }

  focusPoint() {
    const handle = this.svg.querySelector(`[data-point="${this.point}"]`);
    if (handle) handle.focus({ preventScroll: true });
  }

  size() {
    const wide = this.image.naturalWidth || Number(this.image.getAttribute("width"));
    const high = this.image.naturalHeight || Number(this.image.getAttribute("height"));
    return [wide, high, wide / (this.svg.clientWidth || wide)];
  }

  draw() {
    const focused = document.activeElement, inside = this.svg.contains(focused) && focused.dataset.point;
    const [wide, high, scale] = this.size();
    this.drawnAt = String([wide, high, scale]);
    this.svg.setAttribute("viewBox", `0 0 ${wide} ${high}`);
    this.svg.replaceChildren();
    this.svg.classList.toggle("drawing", this.drawing);
    this.shapes.forEach((shape, at) => { if (shape.camera === this.camera) this.outline(shape, at, wide, high, scale); });
    if (this.shape && this.shape.camera === this.camera) this.handles(this.shape, wide, high, scale);
    if (inside !== undefined && inside !== false) this.focusPoint();
    this.cursorOnly();
    this.list();
    this.fields();
    this.buttons();
    this.store();
  }

  outline(shape, at, wide, high, scale) {
    const group = make("g", { "data-shape": at, class: `${shape.kind} ${shape.purpose} ${at === this.chosen ? "chosen" : ""}` });
    const points = shape.points.map(([x, y]) => `${x * wide},${y * high}`).join(" ");
    const open = this.drawing && at === this.chosen;
    group.append(make(open ? "polyline" : "polygon", { points, class: "edge" }));
    if (!open) {
      for (const side of crossings(shape.points)) {
        const a = shape.points[side], b = shape.points[(side + 1) % shape.points.length];
        group.append(make("line", { x1: a[0] * wide, y1: a[1] * high, x2: b[0] * wide, y2: b[1] * high, class: "wrong" }));
      }
      const [x, y] = middle(shape.points);
      const label = make("text", { x: x * wide, y: y * high, "font-size": 13 * scale, class: "label" });
      label.textContent = shape.kind === "floor" ? this.words.kind_floor : shape.name;
      group.append(label);
    }
    this.svg.append(group);
  }

  handles(shape, wide, high, scale) {
    const { points } = shape;
    if (!this.drawing && shape.kind !== "floor") {
      points.forEach((a, at) => {
        const [x, y] = middle([a, points[(at + 1) % points.length]]);
        this.svg.append(make("circle", { cx: x * wide, cy: y * high, r: MIDDLE_PX * scale, class: "between", "data-middle": at }));
      });
    }
    points.forEach(([x, y], at) => {
      this.svg.append(make("circle", {
        cx: x * wide, cy: y * high, r: HANDLE_PX * scale, class: at === this.point ? "handle now" : "handle",
        "data-point": at, tabindex: 0, role: "button", "aria-label": this.at(this.words.handle, at),
      }));
      const number = make("text", { x: x * wide, y: y * high, "font-size": 11 * scale, class: "number", "aria-hidden": true });
      number.textContent = at + 1;
      this.svg.append(number);
    });
  }

  marked() {
    this.svg.querySelectorAll(".handle").forEach((one) => one.classList.toggle("now", Number(one.dataset.point) === this.point));
    this.root.querySelectorAll(".points tr").forEach((row, at) => row.classList.toggle("now", at === this.point));
  }

  cursorOnly() {
    this.svg.querySelectorAll(".cursor").forEach((one) => one.remove());
    if (!this.drawing) return;
    const [wide, high, scale] = this.size(), [x, y] = [this.cursor[0] * wide, this.cursor[1] * high];
    const last = this.shape.points[this.shape.points.length - 1];
    if (last) this.svg.append(make("line", { x1: last[0] * wide, y1: last[1] * high, x2: x, y2: y, class: "cursor lead" }));
    const arm = 12 * scale;
    this.svg.append(make("path", { d: `M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`, class: "cursor" }));
  }

  list() {
    renew(this.root.querySelector(".shapes"), this.shapes.map((shape, at) => {
      const item = document.createElement("li"), button = document.createElement("button");
      const wrong = this.problems(shape).length && !(this.drawing && at === this.chosen);
      button.type = "button";
      Object.assign(button.dataset, { do: "choose", at });
      button.setAttribute("aria-pressed", String(at === this.chosen));
      button.className = `${shape.kind} ${shape.purpose}${wrong ? " wrong" : ""}`;
      const kind = shape.kind === "zone" ? this.purposes.find(([value]) => value === shape.purpose)[1] : this.words[`kind_${shape.kind}`];
      const other = shape.camera === this.camera ? "" : ` (${this.words[`camera_${shape.camera}`]})`;
      button.append(span("swatch", ""), span("name", shape.name || this.words.kind_floor), span("kind", `${shape.name ? kind : ""}${other}`));
      if (wrong) button.append(span("mark", "!"));
      item.append(button);
      return item;
    }));
    this.root.querySelector(".none").hidden = this.shapes.length > 0;
  }

  fields() {
    const form = this.root.querySelector(".fields"), { shape } = this;
    form.hidden = !shape;
    if (!shape) { form.replaceChildren(); return; }
    const rows = [];
    if (shape.kind === "region") rows.push(this.choice("name", this.words.part, this.regionNames(shape), shape.name));
    else if (shape.kind !== "floor") rows.push(this.text("name", this.words.name, shape.name, 24));
    if (shape.kind === "zone") {
      rows.push(this.choice("purpose", this.words.purpose, this.purposes, shape.purpose));
      rows.push(this.text("hours", this.words.hours_field, shape.hours, 11, "22:00-06:00"));
    }
    if (shape.kind === "floor") {
      for (const name of ["width_cm", "depth_cm", "camera_height_cm"]) rows.push(this.number(name, this.words[name], shape[name], 10, 1000));
    }
    const wrong = this.drawing ? [] : this.problems(shape);
    const told = document.createElement("ul");
    told.className = "problems";
    told.append(...wrong.map((name) => Object.assign(document.createElement("li"), { textContent: this.words[name] })));
    if (shape.kind === "mask") rows.push(this.share(shape));
    const fresh = [...rows, told, this.table(shape)];
    const values = new Map(fresh.flatMap((one) => [...one.querySelectorAll("[data-field]")]).map((one) => [one.id, one.value]));
    renew(form, fresh);
    for (const one of form.querySelectorAll("[data-field]")) {
      const typing = one === document.activeElement && one.value !== one.defaultValue && one.nodeName === "INPUT";
      if (!typing) one.value = one.defaultValue = values.get(one.id);
    }
  }

  // How much the masks cover, while they are drawn already.
  share(shape) {
    const covered = masked(this.shapes, shape.camera), percent = Math.round(covered * 100), much = covered > this.most;
    const line = Object.assign(document.createElement("p"), { className: much ? "masked bad" : "masked" });
    line.textContent = this.words.masked.replace("{percent}", percent);
    if (much && this.drawing) line.textContent += ` ${this.words.masked_much}`;
    return line;
  }

  regionNames(shape) {
    const known = this.regions.some(([value]) => value === shape.name);
    return known ? this.regions : [...this.regions, [shape.name, shape.name]];
  }

  table(shape) {
    const table = document.createElement("table"), head = table.createTHead().insertRow();
    table.className = "points";
    table.append(Object.assign(document.createElement("caption"), { textContent: this.words.points }));
    for (const word of [this.words.point, this.words.across, this.words.down, this.words.change]) {
      head.append(Object.assign(document.createElement("th"), { textContent: word, scope: "col" }));
    }
    const body = table.createTBody();
    shape.points.forEach((point, at) => {
      const row = body.insertRow();
      row.classList.toggle("now", at === this.point);
      row.append(Object.assign(document.createElement("th"), { textContent: at + 1, scope: "row" }));
      ["x", "y"].forEach((name, axis) => {
        const input = document.createElement("input");
        Object.assign(input, { type: "number", min: 0, max: 100, step: 0.1, id: `point-${at}-${name}`, defaultValue: (point[axis] * 100).toFixed(1) });
        Object.assign(input.dataset, { field: name, at });
        input.setAttribute("aria-label", `${this.words.point} ${at + 1}, ${axis ? this.words.down : this.words.across}`);
        row.insertCell().append(input);
      });
      const cell = row.insertCell();
      cell.append(this.button("drop", at, "−", this.at(this.words.drop_point, at)));
      if (shape.kind !== "floor") cell.append(this.button("add", at, "+", this.at(this.words.add_point, at)));
    });
    if (!shape.points.length) {
      const cell = body.insertRow().insertCell();
      cell.colSpan = 4;
      cell.append(this.button("add", 0, this.words.first_point, this.words.first_point));
    }
    return table;
  }

  button(what, at, text, label) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    Object.assign(button.dataset, { do: what, at });
    button.setAttribute("aria-label", label);
    return button;
  }

  labelled(name, word, input) {
    const label = document.createElement("label");
    input.id = `field-${name}`;
    input.dataset.field = name;
    label.append(span("", word), input);
    return label;
  }

  text(name, word, value, longest, example = "") {
    return this.labelled(name, word, Object.assign(document.createElement("input"), { type: "text", defaultValue: value, maxLength: longest, placeholder: example }));
  }

  number(name, word, value, min, max) {
    return this.labelled(name, word, Object.assign(document.createElement("input"), { type: "number", defaultValue: value, min, max, step: 1 }));
  }

  choice(name, word, options, value) {
    const select = document.createElement("select");
    select.append(...options.map(([one, text]) => new Option(text, one, false, one === value)));
    return this.labelled(name, word, select);
  }

  buttons() {
    const set = (what, on) => this.root.querySelectorAll(`.tools [data-do="${what}"]`).forEach((one) => { one.disabled = !on; });
    set("undo", this.undone.length > 0);
    set("redo", this.redone.length > 0);
    set("remove", Boolean(this.shape));
    set("finish", this.drawing);
    this.root.querySelector(".unsaved").hidden = !this.changed;
    this.root.querySelectorAll("[data-do=camera]").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.camera === this.camera)));
  }
}

function make(name, attributes) {
  const one = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  return one;
}

// Makes them the children of an element. What can stay does: it may have the focus, or the mouse on it.
function renew(element, children) {
  const next = document.createDocumentFragment();
  next.append(...children);
  morph(element, next);
}

function span(kind, text) {
  return Object.assign(document.createElement("span"), { className: kind, textContent: text });
}
