// Does an image belong on this map? Its distance to the training images in feature space, as a percentile of the
// distances that the training images have among each other: 0.5 is ordinary, 1 is farther out than all of them.

import type { Neighbours } from "./neighbours.ts";

/**
 * Neighbours that are averaged over, on a map of so many images: with the root of their number, so that their distance
 * tells of the density around an image and not of the two or three that happen to be closest.
 */
export function noveltyNeighbours(count: number): number {
  return Math.max(10, Math.round(Math.sqrt(count) / 2));
}

/** The distribution is kept in steps of a thousandth. */
const STEPS = 1000;

/** Mean distance of each query to its neighbours, or to the first `most` of them: [queries]. */
export function meanDistances({ k, distances }: Neighbours, most = k): Float32Array {
  const count = Math.min(k, most);
  return Float32Array.from({ length: k === 0 ? 0 : distances.length / k }, (_, q) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += distances[q * k + i];
    return sum / count;
  });
}

/**
 * The quantiles 0, 0.001 … 1 of the training images' own mean distances: [1001].
 * @param distances [images], each image itself left out; at least one
 */
export function distanceQuantiles(distances: Float32Array): Float32Array {
  if (distances.length === 0) throw new Error("no distances to take quantiles of");
  const sorted = distances.slice().sort();
  return Float32Array.from({ length: STEPS + 1 }, (_, i) => {
    const position = (i / STEPS) * (sorted.length - 1);
    const low = Math.floor(position);
    const high = Math.min(low + 1, sorted.length - 1);
    return sorted[low] + (position - low) * (sorted[high] - sorted[low]);
  });
}

/**
 * Where a mean distance lies within the distribution, 0 … 1. Among equal quantiles, their middle.
 * @param quantiles ascending, as distanceQuantiles gives them
 */
export function novelty(distance: number, quantiles: Float32Array): number {
  const below = countWhile(quantiles, (quantile) => quantile < distance);
  const notAbove = countWhile(quantiles, (quantile) => quantile <= distance);
  const last = quantiles.length - 1;
  if (notAbove > below) return (below + notAbove - 1) / 2 / last;
  if (below === 0 || below > last) return below === 0 ? 0 : 1;
  const [low, high] = [quantiles[below - 1], quantiles[below]];
  return (below - 1 + (distance - low) / (high - low)) / last;
}

/**
 * The images that are newest to the others, the newest first; of equally new ones the first.
 * @param novelty [images]
 * @param most so many, if there are as many
 */
export function mostNovel(novelty: Float32Array, most: number): number[] {
  // Numbers alone are sorted quickly, even a million of them.
  const least = novelty.slice().sort().at(-most) ?? 0;
  const images: number[] = [];
  for (const [i, value] of novelty.entries()) if (value >= least) images.push(i);
  return images.sort((a, b) => novelty[b] - novelty[a]).slice(0, most);
}

/** How many at the start of a sorted list hold; by bisection. */
function countWhile(sorted: Float32Array, holds: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}
