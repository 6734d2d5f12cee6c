// Measuring on the floor: two points chosen on the editor's picture, and the marks as they are drawn now.
import { onPart } from "/static/shell.js";
import { drawnOf } from "/static/commission-shapes.js";

const SVG = "http://www.w3.org/2000/svg";

class FloorCheck {
  constructor(form, root) {
    this.form = form;
    this.root = root;
    this.points = [];
    this.picking = false;
    this.board = root.querySelector(".canvas svg");
    this.status = form.querySelector(".picking");
    this.button = form.querySelector("[data-pick]");
    this.button.hidden = false;
    this.overlay = document.createElementNS(SVG, "svg");
    this.overlay.setAttribute("viewBox", "0 0 1 1");
    this.overlay.setAttribute("preserveAspectRatio", "none");
    this.overlay.setAttribute("class", "measured");
    this.overlay.setAttribute("aria-hidden", "true");
    root.querySelector(".canvas").append(this.overlay);
    this.button.addEventListener("click", () => this.begin());
    // Before the editor, which would take the press for one of its own.
    this.board.addEventListener("pointerdown", (event) => this.press(event), { capture: true });
    addEventListener("keydown", (event) => { if (event.key === "Escape" && this.picking) this.end(""); });
    form.addEventListener("input", () => this.typed());
    // Before the shell, which sends what the form has.
    document.addEventListener("submit", (event) => { if (event.target === form) this.marks(); }, { capture: true });
  }

  // The floor in the editor, saved or not; none while it has not its four points.
  floor() {
    const drawn = this.root.editor?.shapes.find((shape) => shape.kind === "floor");
    return drawn && drawn.points.length === 4 ? drawn : null;
  }

  marks() {
    if (!this.root.editor) return;
    const floor = this.floor();
    this.form.elements.marks.value = JSON.stringify(floor ? drawnOf([floor]).floor : {});
  }

  begin() {
    const camera = this.floor()?.camera;
    if (camera && camera !== this.root.editor.camera) {
      this.root.querySelector(`[data-do="camera"][data-camera="${camera}"]`)?.click();
    }
    this.points = [];
    this.picking = true;
    this.status.textContent = this.form.dataset.pickFirst;
    this.board.scrollIntoView({ block: "nearest" });
    this.draw();
  }

  press(event) {
    if (!this.picking || event.button > 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const box = this.board.getBoundingClientRect();
    this.points.push([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
    if (this.points.length < 2) this.status.textContent = this.form.dataset.pickSecond;
    else this.end(this.form.dataset.picked);
    this.draw();
  }

  end(said) {
    this.picking = false;
    this.status.textContent = said;
    if (this.points.length < 2) { this.points = []; this.draw(); return; }
    ["a", "b"].forEach((name, at) => ["x", "y"].forEach((axis, index) => {
      this.form.elements[name + axis].value = (this.points[at][index] * 100).toFixed(1);
    }));
    this.form.elements.true_cm.focus();
  }

  typed() {
    const value = (name) => this.form.elements[name].valueAsNumber / 100;
    const points = ["a", "b"].map((name) => [value(`${name}x`), value(`${name}y`)]);
    if (points.flat().every(Number.isFinite)) { this.points = points; this.draw(); }
  }

  draw() {
    this.overlay.replaceChildren();
    if (this.points.length === 2) {
      const [[x1, y1], [x2, y2]] = this.points;
      this.line({ x1, y1, x2, y2 });
    }
    // A point is a line without length, whose round ends are as large on any screen.
    for (const [x, y] of this.points) this.line({ x1: x, y1: y, x2: x, y2: y, class: "end" });
  }

  line(attributes) {
    const line = document.createElementNS(SVG, "line");
    for (const [name, value] of Object.entries(attributes)) line.setAttribute(name, value);
    this.overlay.append(line);
  }
}

onPart("draw", (part) => {
  const form = part.querySelector("#floor-check"), root = part.querySelector("#editor");
  if (form && root && !form.check) form.check = new FloorCheck(form, root);
});
