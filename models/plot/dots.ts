import type { Rgb } from "../color.ts";
import type { Canvas } from "./canvas.ts";
import type { View } from "./view.ts";

export interface DotStyle {
  /** In pixels. */
  readonly radius: number;
  /** 0 … 1. */
  readonly opacity: number;
}

/** Dots that show ten points as well as a million: the more there are, the smaller and the more transparent. */
export function dotStyle(count: number, side: number): DotStyle {
  return {
    radius: clamp((0.22 * side) / Math.sqrt(count), 1.2, side / 200),
    opacity: clamp(0.9 * (5000 / count) ** 0.25, 0.15, 0.9),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** All indices once, in an order that mixes near and far ones, so that no class always lies on top. */
export function* mixedOrder(count: number): Generator<number> {
  // Steps by the golden section; coprime with the count, so that every index is met.
  let step = Math.max(1, Math.round(count * 0.618034));
  while (gcd(step, count) !== 1) step++;
  for (let i = 0, at = 0; i < count; i++, at = (at + step) % count) yield at;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/**
 * Draws all points.
 * @param classes of every point, an index into the colours
 */
export function drawDots(
  canvas: Canvas,
  { positions }: View,
  classes: Uint32Array,
  colors: readonly Rgb[],
  { radius, opacity }: DotStyle,
): void {
  for (const i of mixedOrder(classes.length)) {
    canvas.dot(positions[2 * i], positions[2 * i + 1], radius, colors[classes[i]], opacity);
  }
}

/** Rounds in which the classes take turns to be drawn. */
const ROUNDS = 12;

/** All points as SVG: the dots of a class and round are one path of round-capped strokes of no length. */
export function dotsSvg(
  { positions }: View,
  classes: Uint32Array,
  colors: readonly string[],
  { radius, opacity }: DotStyle,
): string {
  const count = classes.length;
  const paths: string[][] = Array.from({ length: ROUNDS * colors.length }, () => []);
  let drawn = 0;
  for (const i of mixedOrder(count)) {
    const round = Math.floor((drawn++ * ROUNDS) / count);
    const [x, y] = [positions[2 * i], positions[2 * i + 1]];
    if (Number.isFinite(x + y))
      paths[round * colors.length + classes[i]].push(`M${x.toFixed(1)} ${y.toFixed(1)}h0`);
  }
  const stroke = `stroke-linecap="round" stroke-width="${(2 * radius).toFixed(1)}" stroke-opacity="${opacity.toFixed(2)}"`;
  const body = paths.flatMap((path, i) =>
    path.length > 0 ? [`<path stroke="${colors[i % colors.length]}" d="${path.join("")}"/>`] : [],
  );
  return `<g fill="none" ${stroke}>${body.join("")}</g>`;
}
