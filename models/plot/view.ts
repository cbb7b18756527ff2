// From map coordinates to pixels: one scale for both axes, and a frame that a few stray points cannot blow up.

import type { MapPoints } from "../points.ts";

export interface View {
  readonly width: number;
  readonly height: number;
  /** Pixels per unit of the map. */
  readonly scale: number;
  /** Pixels of every image, x and y: [2 · count]. Points beyond the frame lie on its edge, NaN stays NaN. */
  readonly positions: Float32Array;
  /** Map coordinates shown at the top left corner; y points up on the map and down in the picture. */
  readonly origin: readonly [number, number];
}

/** So many of the points on each side do not decide on the frame, … */
const STRAY = 0.002;
/** … but are shown if they lie no farther out than this share of it. */
const TOLERANCE = 0.1;
/** Narrower than this share of the longer side the frame does not get. */
const NARROWEST = 0.6;

/**
 * Frames the first two coordinates of a map.
 * @param side of the longer side of the picture, in pixels
 * @param margin kept free around the points, in pixels
 */
export function frame({ coordinates, dim, count }: MapPoints, side: number, margin: number): View {
  const axes = [0, 1].map((axis) =>
    range(Float32Array.from({ length: count }, (_, i) => coordinates[i * dim + axis])),
  );
  const spans = axes.map(([low, high]) => high - low);
  const longest = Math.max(...spans) || 1;
  const scale = (side - 2 * margin) / longest;
  const [width, height] = spans.map((span) =>
    Math.round(Math.max(span * scale, NARROWEST * (side - 2 * margin)) + 2 * margin),
  );
  const origin = [
    (axes[0][0] + axes[0][1] - width / scale) / 2,
    (axes[1][0] + axes[1][1] + height / scale) / 2,
  ] as const;
  const positions = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const x = (coordinates[i * dim] - origin[0]) * scale;
    const y = (origin[1] - coordinates[i * dim + 1]) * scale;
    positions[2 * i] = Math.min(Math.max(x, margin / 2), width - margin / 2);
    positions[2 * i + 1] = Math.min(Math.max(y, margin / 2), height - margin / 2);
  }
  return { width, height, scale, positions, origin };
}

/** Where the points of one axis lie, strays aside. */
function range(values: Float32Array): [number, number] {
  const sorted = values.filter(Number.isFinite).sort();
  if (sorted.length === 0) return [0, 0];
  const cut = Math.floor(sorted.length * STRAY);
  const [low, high] = [sorted[cut], sorted[sorted.length - 1 - cut]];
  const more = (high - low) * TOLERANCE;
  return [Math.max(sorted[0], low - more), Math.min(sorted[sorted.length - 1], high + more)];
}
