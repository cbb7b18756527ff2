// Where on the map the name of a class goes: at its densest place, not on the name of another.

import type { View } from "./view.ts";

export interface Anchor {
  readonly x: number;
  readonly y: number;
}

/** Cells along the longer side, for finding the densest place. */
const CELLS = 40;
/** Cells over which a point is spread in each direction, so that a dense region outweighs a few points on one spot. */
const REACH = 3;

/**
 * The densest place of each class, in pixels; undefined for a class without a point.
 * @param classes of every point, 0 … classCount − 1
 */
export function densestPlaces(view: View, classes: Uint32Array, classCount: number): (Anchor | undefined)[] {
  const cell = Math.max(view.width, view.height) / CELLS;
  const members: number[][] = Array.from({ length: classCount }, () => []);
  classes.forEach((number, i) => {
    if (Number.isFinite(view.positions[2 * i] + view.positions[2 * i + 1])) members[number].push(i);
  });
  return members.map((indices) => densest(view.positions, indices, cell));
}

function densest(positions: Float32Array, indices: readonly number[], cell: number): Anchor | undefined {
  if (indices.length === 0) return undefined;
  const columns = CELLS + 2 * REACH;
  const counts = new Float64Array(columns * columns);
  const place = (i: number, axis: number) =>
    REACH + Math.min(CELLS - 1, Math.floor(positions[2 * i + axis] / cell));
  for (const i of indices) {
    for (let dy = -REACH; dy <= REACH; dy++) {
      for (let dx = -REACH; dx <= REACH; dx++) {
        const weight = (REACH + 1 - Math.abs(dx)) * (REACH + 1 - Math.abs(dy));
        counts[(place(i, 1) + dy) * columns + place(i, 0) + dx] += weight;
      }
    }
  }
  const best = counts.indexOf(counts.reduce((a, b) => Math.max(a, b)));
  const [column, row] = [best % columns, Math.floor(best / columns)];
  const near = indices.filter(
    (i) => Math.abs(place(i, 0) - column) <= REACH && Math.abs(place(i, 1) - row) <= REACH,
  );
  const mean = (axis: number) => near.reduce((sum, i) => sum + positions[2 * i + axis], 0) / near.length;
  return { x: mean(0), y: mean(1) };
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Puts boxes around their anchors so that none covers another and all lie within the picture; the first have the first
 * choice.
 * @returns for each its box, or undefined where there was no room
 */
export function placeBoxes(
  view: View,
  wanted: readonly { anchor: Anchor; width: number; height: number }[],
): (Box | undefined)[] {
  const placed: Box[] = [];
  return wanted.map(({ anchor, width, height }) => {
    for (const [dx, dy] of [
      [0, 0],
      [0, -1],
      [0, 1],
      [-0.5, 0],
      [0.5, 0],
      [0, -2],
      [0, 2],
      [-0.5, -1],
      [0.5, 1],
    ]) {
      const box = {
        x: Math.min(Math.max(anchor.x - width / 2 + dx * width, 4), view.width - width - 4),
        y: Math.min(Math.max(anchor.y - height / 2 + dy * height * 1.2, 4), view.height - height - 4),
        width,
        height,
      };
      if (placed.some((other) => overlap(box, other))) continue;
      placed.push(box);
      return box;
    }
    return undefined;
  });
}

function overlap(a: Box, b: Box): boolean {
  const gap = 4;
  return (
    a.x < b.x + b.width + gap &&
    b.x < a.x + a.width + gap &&
    a.y < b.y + b.height + gap &&
    b.y < a.y + a.height + gap
  );
}
