// Finds points of the map by their place: the nearest of a spot, and all in a rectangle.

import KDBush from "kdbush";
import type { MapPoints } from "./points.ts";

export interface Near {
  /** Index of the image. */
  readonly index: number;
  /** Euclidean, in units of the map. */
  readonly distance: number;
}

/** A spatial index over the first two coordinates of a map. Points that are not finite are never found. */
export class PlaneIndex {
  readonly #tree: KDBush;
  /** Image of each point of the tree. */
  readonly #images: Uint32Array;
  readonly #points: Pick<MapPoints, "coordinates" | "dim">;
  readonly #bounds: { minX: number; minY: number; maxX: number; maxY: number };

  constructor(points: Pick<MapPoints, "count" | "dim" | "coordinates">) {
    const { count, dim, coordinates } = points;
    this.#points = points;
    this.#images = Uint32Array.from(
      Array.from({ length: count }, (_, i) => i).filter((i) =>
        Number.isFinite(coordinates[i * dim] + coordinates[i * dim + 1]),
      ),
    );
    this.#tree = new KDBush(Math.max(1, this.#images.length), 64, Float32Array);
    const bounds = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity };
    for (const i of this.#images) {
      const [x, y] = [coordinates[i * dim], coordinates[i * dim + 1]];
      this.#tree.add(x, y);
      bounds.minX = Math.min(bounds.minX, x);
      bounds.minY = Math.min(bounds.minY, y);
      bounds.maxX = Math.max(bounds.maxX, x);
      bounds.maxY = Math.max(bounds.maxY, y);
    }
    // A tree takes no fewer points than it was made for.
    if (this.#images.length === 0) this.#tree.add(Number.NaN, Number.NaN);
    this.#tree.finish();
    this.#bounds = bounds;
  }

  /** The k nearest images of a spot, nearest first; exact. Of equally near ones the first comes first. */
  nearest(x: number, y: number, k: number): Near[] {
    const count = this.#images.length;
    const wanted = Math.min(k, count);
    if (wanted < 1 || !Number.isFinite(x + y)) return [];
    const { minX, minY, maxX, maxY } = this.#bounds;
    const gap = Math.hypot(Math.max(minX - x, 0, x - maxX), Math.max(minY - y, 0, y - maxY));
    // Circles twice as wide each time, until one holds enough: the nearest are then among what it holds.
    let width = Math.max(maxX - minX, maxY - minY) / Math.sqrt(count) || Number.EPSILON * (1 + gap);
    for (;;) {
      const found = this.#tree.within(x, y, gap + width);
      if (found.length >= wanted) return this.#sorted(found, x, y).slice(0, wanted);
      width *= 2;
    }
  }

  /** The images in a rectangle, edges included, in ascending order. */
  within(minX: number, minY: number, maxX: number, maxY: number): number[] {
    return this.#tree
      .range(minX, minY, maxX, maxY)
      .map((place) => this.#images[place])
      .sort((a, b) => a - b);
  }

  #sorted(places: readonly number[], x: number, y: number): Near[] {
    const { coordinates, dim } = this.#points;
    const near = places.map((place) => {
      const index = this.#images[place];
      return { index, distance: Math.hypot(coordinates[index * dim] - x, coordinates[index * dim + 1] - y) };
    });
    return near.sort((a, b) => a.distance - b.distance || a.index - b.index);
  }
}
