// Which pictures to show on a map: one for each cell of a grid, so that they do not cover each other.

import type { View } from "./view.ts";

export interface Tile {
  /** The image shown. */
  readonly index: number;
  /** Left and top edge of its cell, in pixels. */
  readonly x: number;
  readonly y: number;
}

export interface Mosaic {
  /** Side of a cell, in pixels. */
  readonly cell: number;
  /** By ascending index. */
  readonly tiles: readonly Tile[];
}

/** Sides that are tried, in pixels. */
const CELLS = [160, 128, 104, 84, 68, 56, 46];
/** A mosaic of so many pictures is rich enough … */
const PLENTY = 700;
/** … and so is one that shows this share of the images. */
const MOST = 0.6;

/** The mosaic with the largest pictures that is still rich. */
export function mosaic(view: View): Mosaic {
  const count = view.positions.length / 2;
  const wanted = Math.min(PLENTY, MOST * count);
  for (const cell of CELLS) {
    const tiles = fillCells(view, cell);
    if (tiles.length >= wanted || cell === CELLS.at(-1)) return { cell, tiles };
  }
  throw new Error("unreachable");
}

/** In each cell the image nearest to its middle. */
function fillCells({ width, height, positions }: View, cell: number): Tile[] {
  const [columns, rows] = [Math.floor(width / cell), Math.floor(height / cell)];
  // The grid is centred, so that the margin is even.
  const [left, top] = [Math.floor((width - columns * cell) / 2), Math.floor((height - rows * cell) / 2)];
  const chosen = new Int32Array(columns * rows).fill(-1);
  const distances = new Float64Array(columns * rows).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < positions.length / 2; i++) {
    const x = (positions[2 * i] - left) / cell;
    const y = (positions[2 * i + 1] - top) / cell;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (!(column >= 0 && column < columns && row >= 0 && row < rows)) continue;
    const distance = (x - column - 0.5) ** 2 + (y - row - 0.5) ** 2;
    const at = row * columns + column;
    if (distance < distances[at]) {
      distances[at] = distance;
      chosen[at] = i;
    }
  }
  const tiles: Tile[] = [];
  chosen.forEach((index, at) => {
    if (index >= 0)
      tiles.push({ index, x: left + (at % columns) * cell, y: top + Math.floor(at / columns) * cell });
  });
  return tiles.sort((a, b) => a.index - b.index);
}
