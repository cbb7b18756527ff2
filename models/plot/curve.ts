// A line chart as SVG: one quantity over the epochs of a stage. Colours come from the page's style sheet.

import { escapeMarkup } from "./escape.ts";

export interface Series {
  readonly name: string;
  /** Class of the line in the style sheet. */
  readonly className: string;
  /** x and y, x ascending. */
  readonly points: readonly (readonly [number, number])[];
}

const WIDTH = 440;
const HEIGHT = 220;
const LEFT = 58;
const RIGHT = 12;
const TOP = 34;
const BOTTOM = 30;
/** More points than this are averaged, they could not be seen. */
const MOST_POINTS = 400;

/**
 * One chart; values that are not finite are left out.
 * @param fromZero whether the axis begins at 0
 */
export function curve(title: string, xLabel: string, series: readonly Series[], fromZero = false): string {
  const shown = series.map((one) => ({ ...one, points: thinned(one.points) }));
  const all = shown.flatMap(({ points }) => points);
  if (all.length === 0) return "";
  const [x0, x1] = extent(all.map(([x]) => x));
  const values = all.map(([, y]) => y);
  const [low, high] = extent(fromZero ? [0, ...values] : values);
  const pad = (high - low) * 0.06 || Math.abs(high) * 0.05 || 1;
  const [y0, y1] = [low - pad, high + pad];
  const px = (x: number) => (LEFT + ((x - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const py = (y: number) => (HEIGHT - BOTTOM - ((y - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const grid = ticks(y0, y1).map(
    (y) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(y)}" y2="${py(y)}"/>` +
      `<text class="tick" x="${LEFT - 8}" y="${Number(py(y)) + 4}" text-anchor="end">${shortNumber(y)}</text>`,
  );
  const below = ticks(x0, x1).map(
    (x) => `<text class="tick" x="${px(x)}" y="${HEIGHT - 10}" text-anchor="middle">${shortNumber(x)}</text>`,
  );
  const lines = shown.map(({ points, className }) =>
    points.length === 1
      ? `<circle class="${className}" cx="${px(points[0][0])}" cy="${py(points[0][1])}" r="3"/>`
      : `<polyline class="${className}" points="${points.map(([x, y]) => `${px(x)},${py(y)}`).join(" ")}"/>`,
  );
  const legend = shown
    .filter(({ points }) => points.length > 0)
    .map(({ name, className }) => `<tspan class="${className}" dx="14">${escapeMarkup(name)}</tspan>`);
  return (
    `<svg class="curve" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeMarkup(title)}">` +
    `<text class="title" x="${LEFT - 44}" y="18">${escapeMarkup(title)}${legend.length > 1 ? legend.join("") : ""}</text>` +
    `${grid.join("")}${below.join("")}${lines.join("")}` +
    `<text class="tick" x="${WIDTH - RIGHT}" y="18" text-anchor="end">${escapeMarkup(xLabel)}</text></svg>`
  );
}

function extent(values: readonly number[]): [number, number] {
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}

function thinned(points: Series["points"]): (readonly [number, number])[] {
  const finite = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const each = Math.ceil(finite.length / MOST_POINTS);
  return Array.from({ length: Math.ceil(finite.length / each || 0) }, (_, i) => {
    const group = finite.slice(i * each, (i + 1) * each);
    return [mean(group.map(([x]) => x)), mean(group.map(([, y]) => y))] as const;
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Three to six round numbers within a range. */
function ticks(low: number, high: number): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(span / 3));
  const step =
    [10, 5, 2, 1].map((factor) => factor * power).find((candidate) => span / candidate >= 3) ?? power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

export function shortNumber(value: number): string {
  if (value === 0 || Math.abs(value) < 1e-12) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(1).replace(".0e", "e").replace("e+", "e");
  return String(Number(value.toPrecision(4)));
}
