// What is drawn on a picture, and what is wrong with it: the rules of edge/settings/areas.py, seen at once.
// Points are fractions [x, y] of the picture from its upper left corner.

export const SMALLEST = 0.0005;
export const SMALLEST_FLOOR = 0.002;
export const MOST_POINTS = 32;
const GRID = 40;
const HOURS = /^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$/;

export function area(points) {
  let twice = 0;
  points.forEach((a, at) => {
    const b = points[(at + 1) % points.length];
    twice += a[0] * b[1] - b[0] * a[1];
  });
  return twice / 2;
}

function turn(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

// The indexes of sides that meet others than their neighbours: [] where the outline does not cross itself.
export function crossings(points) {
  const sides = points.map((a, at) => [a, points[(at + 1) % points.length]]);
  const found = new Set();
  sides.forEach(([a, b], first) => {
    for (let second = first + 1; second < sides.length; second += 1) {
      const apart = second - first;
      if (apart === 1 || apart === sides.length - 1) continue; // neighbours share a corner
      const [c, d] = sides[second];
      if (turn(a, b, c) * turn(a, b, d) <= 0 && turn(c, d, a) * turn(c, d, b) <= 0) {
        found.add(first);
        found.add(second);
      }
    }
  });
  return [...found].sort((a, b) => a - b);
}

// How much of a camera's picture its masks cover together, 0 to 1: as the kiosk counts it, point by point.
export function masked(shapes, camera) {
  const masks = shapes.filter((one) => one.kind === "mask" && one.camera === camera && one.points.length > 2);
  let count = 0;
  for (let row = 0; masks.length && row < GRID; row += 1) {
    for (let column = 0; column < GRID; column += 1) {
      const x = (column + 0.5) / GRID, y = (row + 0.5) / GRID;
      count += masks.some((one) => inside(one.points, x, y));
    }
  }
  return count / GRID ** 2;
}

function inside(points, x, y) {
  let odd = false;
  points.forEach((a, at) => {
    const b = points[(at + 1) % points.length];
    if (a[1] > y !== b[1] > y && x < ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1]) + a[0]) odd = !odd;
  });
  return odd;
}

function goesAround(points) {
  const turns = points.map((_, at) =>
    turn(points[at], points[(at + 1) % points.length], points[(at + 2) % points.length]));
  return turns.every((one) => one > 0) || turns.every((one) => one < 0);
}

// The names of the words for everything that is wrong with a shape; [] where nothing is. `most`: how much of a
// picture its masks may cover.
export function problems(shape, all = [shape], most = 1) {
  const { points } = shape, found = [];
  if (shape.kind === "floor") {
    if (points.length !== 4) return ["four_points"];
    if (!goesAround(points)) found.push("goes_around");
    else if (Math.abs(area(points)) < SMALLEST_FLOOR) found.push("floor_small");
    return found;
  }
  if (points.length < 3) found.push("three_points");
  else if (crossings(points).length) found.push("crosses");
  else if (Math.abs(area(points)) < SMALLEST) found.push("no_inside");
  if (points.length > MOST_POINTS) found.push("many_points");
  if (shape.kind === "mask" && masked(all, shape.camera) > most) found.push("masked_much");
  const name = shape.name.trim();
  const same = (one) => one !== shape && one.kind === shape.kind && one.name.trim() === name;
  if (!name) found.push("no_name");
  else if (all.some((one) => same(one) && (shape.kind !== "region" || one.camera === shape.camera))) found.push("same_name");
  if (shape.kind === "zone" && shape.hours) {
    if (!HOURS.test(shape.hours)) found.push("hours");
    else if (shape.hours.slice(0, 5) === shape.hours.slice(6)) found.push("no_time");
  }
  return found;
}

export function rounded(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * 10000) / 10000;
}

export function middle(points) {
  const count = points.length || 1;
  return [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / count);
}

// The shapes of what the kiosk has, and back again.
export function shapesOf(drawn) {
  const blank = { hours: "", purpose: "", camera: "face" };
  const shapes = [];
  const add = (kind, list) => (list || []).forEach((one) =>
    shapes.push({ ...blank, ...one, kind, points: (one.polygon || one.corners).map((point) => [...point]) }));
  add("zone", drawn.zone);
  add("mask", drawn.mask);
  add("region", drawn.region);
  if (drawn.floor && drawn.floor.corners.length) add("floor", [{ ...drawn.floor, name: "" }]);
  return shapes;
}

export function drawnOf(shapes) {
  const of = (kind) => shapes.filter((shape) => shape.kind === kind);
  const plain = ({ name, camera, points }) => ({ name: name.trim(), camera, polygon: points });
  const floor = of("floor")[0];
  return {
    zone: of("zone").map((shape) => ({ ...plain(shape), purpose: shape.purpose, hours: shape.hours })),
    mask: of("mask").map(plain),
    region: of("region").map(plain),
    floor: floor ? {
      camera: floor.camera, corners: floor.points, width_cm: floor.width_cm, depth_cm: floor.depth_cm,
      camera_height_cm: floor.camera_height_cm,
    } : null,
  };
}
