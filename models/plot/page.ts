// The map as a page that stands alone: pan, zoom, point at an image to see what it is, click a class to hide it.

import { base64, embedJson, escapeMarkup } from "./escape.ts";

export interface PageInput {
  readonly name: string;
  /** What stands under the name. */
  readonly summary: string;
  /** [2 · count], in pixels of the frame. NaN where an image has no place. */
  readonly positions: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly radius: number;
  readonly opacity: number;
  readonly paths: readonly string[];
  /** For each image an index into the categories. */
  readonly categoryOf: Uint32Array;
  /** CSS colours; one without a name if the map has no labels. */
  readonly categories: readonly { name: string; color: string; count: number }[];
  /** Pictures to show, if there are any. */
  readonly mosaic?: {
    /** A sheet of square pictures as a WebP, side by side, `columns` in a row. */
    readonly sheet: Uint8Array;
    readonly columns: number;
    /** Side of a picture on the sheet, in pixels. */
    readonly size: number;
    /** Side of a cell on the map, in pixels of the frame. */
    readonly cell: number;
    /** In the order of the sheet. */
    readonly tiles: readonly { index: number; x: number; y: number }[];
  };
}

/** The page as HTML. */
export function renderPage(input: PageInput): string {
  const { mosaic } = input;
  const data = {
    ...input,
    positions: base64(
      new Uint8Array(input.positions.buffer, input.positions.byteOffset, input.positions.byteLength),
    ),
    categoryOf: base64(new Uint8Array(Uint32Array.from(input.categoryOf).buffer)),
    mosaic: mosaic && { ...mosaic, sheet: `data:image/webp;base64,${base64(mosaic.sheet)}` },
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(input.name)} – map</title>
<style>${STYLE}</style>
</head>
<body>
<canvas id="map"></canvas>
<header><h1>${escapeMarkup(input.name)}</h1><p>${escapeMarkup(input.summary)}</p></header>
<aside id="side"></aside>
<div id="tip" hidden></div>
<script type="application/json" id="data">${embedJson(data)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

const STYLE = `
html, body { margin: 0; height: 100%; overflow: hidden; background: #fcfcfb; color: #1d1f24; font: 14px/1.45 system-ui, sans-serif; }
#map { position: absolute; inset: 0; width: 100%; height: 100%; cursor: grab; touch-action: none; }
header { position: absolute; left: 24px; top: 16px; pointer-events: none; max-width: 60vw; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 22px; }
header p { margin: 2px 0; color: #676b74; }
#side { position: absolute; right: 12px; top: 12px; max-height: calc(100% - 24px); max-width: 300px; overflow-y: auto; background: #ffffffe6; border-radius: 10px; padding: 6px; box-shadow: 0 1px 6px #0002; }
#side:empty { display: none; }
#side button { display: flex; gap: 9px; align-items: center; width: 100%; border: 0; background: none; font: inherit; color: inherit; padding: 3px 8px; cursor: pointer; border-radius: 6px; text-align: left; }
#side button:hover { background: #0000000d; }
#side button[aria-pressed="false"] { opacity: 0.35; }
#side i { flex: none; width: 12px; height: 12px; border-radius: 6px; }
#side span { flex: 1; overflow-wrap: anywhere; }
#side small { color: #676b74; }
#tip { position: absolute; pointer-events: none; background: #1d1f24; color: #fff; border-radius: 6px; padding: 5px 10px; max-width: 360px; overflow-wrap: anywhere; }
#tip small { display: block; color: #c3c6cc; }
`;

const SCRIPT = `
const data = JSON.parse(document.getElementById("data").textContent);
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
const positions = new Float32Array(bytes(data.positions));
const categoryOf = new Uint32Array(bytes(data.categoryOf));
const count = categoryOf.length;
const canvas = document.getElementById("map");
const context = canvas.getContext("2d");
const tip = document.getElementById("tip");
const side = document.getElementById("side");
const hidden = new Set();
const members = data.categories.map(() => []);
for (let i = 0; i < count; i++) members[categoryOf[i]].push(i);

let scale = 1, left = 0, top_ = 0, pending = false, showPictures = Boolean(data.mosaic);
let sheet;
if (data.mosaic) {
  sheet = new Image();
  sheet.onload = redraw;
  sheet.src = data.mosaic.sheet;
}

function fit() {
  const wide = innerWidth - (side.childElementCount > 0 && innerWidth > 700 ? side.offsetWidth + 12 : 0);
  scale = Math.min(wide / data.width, (innerHeight - 60) / data.height);
  left = (wide - data.width * scale) / 2;
  top_ = 60 + (innerHeight - 60 - data.height * scale) / 2;
  redraw();
}

function redraw() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(draw);
}

function draw() {
  pending = false;
  const ratio = devicePixelRatio;
  canvas.width = innerWidth * ratio;
  canvas.height = innerHeight * ratio;
  context.scale(ratio, ratio);
  const radius = Math.max(0.7, data.radius * Math.min(scale, Math.sqrt(scale)));
  context.globalAlpha = showPictures ? data.opacity / 3 : data.opacity;
  members.forEach((indices, category) => {
    if (hidden.has(category)) return;
    context.fillStyle = data.categories[category].color;
    for (const i of indices) {
      const x = positions[2 * i] * scale + left;
      const y = positions[2 * i + 1] * scale + top_;
      if (!(x > -9 && y > -9 && x < innerWidth + 9 && y < innerHeight + 9)) continue;
      if (radius < 1.5) context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
      else {
        context.beginPath();
        context.arc(x, y, radius, 0, 7);
        context.fill();
      }
    }
  });
  context.globalAlpha = 1;
  if (showPictures && sheet.complete) drawPictures();
}

function drawPictures() {
  const { columns, size, cell, tiles } = data.mosaic;
  const side = cell * scale;
  const border = Math.max(1, side / 20);
  tiles.forEach(({ index, x, y }, place) => {
    if (hidden.has(categoryOf[index])) return;
    const dx = x * scale + left, dy = y * scale + top_;
    if (dx > innerWidth || dy > innerHeight || dx < -side || dy < -side) return;
    context.fillStyle = data.categories[categoryOf[index]].color;
    context.fillRect(dx + 0.5, dy + 0.5, side - 1, side - 1);
    const sx = (place % columns) * size, sy = Math.floor(place / columns) * size;
    const inner = side - 1 - 2 * border;
    context.drawImage(sheet, sx, sy, size, size, dx + 0.5 + border, dy + 0.5 + border, inner, inner);
  });
}

function at(x, y) {
  if (showPictures) {
    const { cell, tiles } = data.mosaic;
    const mx = (x - left) / scale, my = (y - top_) / scale;
    const tile = tiles.find((t) => mx >= t.x && mx < t.x + cell && my >= t.y && my < t.y + cell && !hidden.has(categoryOf[t.index]));
    if (tile) return tile.index;
  }
  let best = -1, limit = 12 * 12;
  for (let i = 0; i < count; i++) {
    if (hidden.has(categoryOf[i])) continue;
    const dx = positions[2 * i] * scale + left - x, dy = positions[2 * i + 1] * scale + top_ - y;
    const square = dx * dx + dy * dy;
    if (square < limit) { limit = square; best = i; }
  }
  return best;
}

function zoom(x, y, factor) {
  const next = Math.min(Math.max(scale * factor, 0.05), 200);
  left = x - ((x - left) * next) / scale;
  top_ = y - ((y - top_) * next) / scale;
  scale = next;
  redraw();
}

const pointers = new Map();
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(event.clientX, event.clientY, Math.exp(-event.deltaY / (event.deltaMode === 1 ? 15 : 300)));
}, { passive: false });
canvas.addEventListener("dblclick", fit);
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event);
});
for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));
canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
canvas.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return show(event.clientX, event.clientY);
  tip.hidden = true;
  const other = [...pointers.values()].find((one) => one.pointerId !== event.pointerId);
  if (other) {
    const spread = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    zoom(other.clientX, other.clientY, spread(event) / Math.max(1, spread(before)));
  } else {
    left += event.clientX - before.clientX;
    top_ += event.clientY - before.clientY;
    redraw();
  }
  pointers.set(event.pointerId, event);
});

function show(x, y) {
  const index = at(x, y);
  tip.hidden = index < 0;
  if (index < 0) return;
  const path = document.createElement("small");
  path.textContent = data.paths[index];
  tip.replaceChildren(data.categories[categoryOf[index]].name ?? "", path);
  tip.style.left = Math.min(x + 14, innerWidth - tip.offsetWidth - 8) + "px";
  tip.style.top = Math.min(y + 14, innerHeight - tip.offsetHeight - 8) + "px";
}

function button(text, color, note, pressed, toggle) {
  const element = document.createElement("button");
  const swatch = document.createElement("i");
  swatch.style.background = color;
  const label = document.createElement("span");
  label.textContent = text;
  const small = document.createElement("small");
  small.textContent = note;
  element.append(swatch, label, small);
  element.setAttribute("aria-pressed", pressed);
  element.addEventListener("click", () => {
    element.setAttribute("aria-pressed", toggle());
    redraw();
  });
  side.append(element);
}

if (data.mosaic) button("pictures", "linear-gradient(135deg, #3f90da, #ffa90e)", "", true, () => (showPictures = !showPictures));
data.categories.forEach(({ name, color, count }, category) => {
  if (!name) return;
  button(name, color, count.toLocaleString("en"), true, () => {
    if (!hidden.delete(category)) hidden.add(category);
    return !hidden.has(category);
  });
});
addEventListener("resize", redraw);
fit();
`;
