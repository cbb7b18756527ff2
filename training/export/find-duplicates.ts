// Images that show the same: one file copied, scaled, compressed again or made a little brighter. What is near in
// feature space is compared as a picture, since features alone cannot tell the same from what is merely alike. The
// bounds are chosen so that copies of photographs pass and emoji of another skin do not: see docs/results.md.

import type { Neighbours } from "../../models/neighbours.ts";
import type { PictureReader } from "../../models/pictures.ts";
import { resample } from "../../models/resample.ts";

/** So many of the nearest of each image are looked at. */
const MOST_CANDIDATES = 10;
/** Pictures are compared at this side, in pixels, where traces of compression are gone, … */
const SIDE = 16;
/** … when one is made as bright as the other, by at most so much, of 255, … */
const MOST_BRIGHTNESS = 16;
/** … and as rich in contrast, by at most this factor. */
const MOST_CONTRAST = 1.1;
/** Then no value of the same picture differs by more than this, of 255, … */
const LARGEST_DIFFERENCE = 16;
/** … nor do all of them, as a root mean square, by more than this share of the picture's deviation … */
const USUAL_DIFFERENCE = 0.1;
/** … or, where there is next to nothing to see, by more than this. */
const NOISE = 1;
/** Looks that are kept for the next comparison. */
const MOST_KEPT = 65_536;

export interface DuplicateSearch {
  /** Number of images. */
  readonly count: number;
  readonly pictures: PictureReader;
  /** The nearest of each image in feature space, without itself. */
  readonly found: Neighbours;
}

/**
 * Finds the duplicates among images.
 * @returns for each image the first that shows the same, directly or by way of others; −1 where there is none
 */
export async function findDuplicates(search: DuplicateSearch): Promise<Int32Array> {
  const { count, pictures, found } = search;
  const groups = new Groups(count);
  const looks = new Looks(pictures);
  for (let image = 0; image < count; image++) {
    for (let at = image * found.k; at < image * found.k + Math.min(found.k, MOST_CANDIDATES); at++) {
      const other = found.indices[at];
      if (groups.firstOf(image) === groups.firstOf(other)) continue;
      // Waits only for what must be read: there are hundreds of thousands of pairs.
      const own = looks.known(image) ?? (await looks.read(image));
      if (showSame(own, looks.known(other) ?? (await looks.read(other)))) groups.join(image, other);
    }
  }
  return Int32Array.from({ length: count }, (_, image) => {
    const first = groups.firstOf(image);
    return first === image ? -1 : first;
  });
}

/** A picture at the side at which pictures are compared, uint8 [side, side, 3], and what is always asked of it. */
interface Look {
  readonly pixels: Uint8Array;
  /** Of each channel. */
  readonly means: readonly [number, number, number];
  /** Mean square of the values less these means. */
  readonly variance: number;
}

/**
 * Whether two pictures show the same, brightness and contrast aside.
 * @param a as `lookOf` gives it
 * @param b the same
 */
export function showSame(a: Look, b: Look): boolean {
  if (a.means.some((mean, channel) => Math.abs(mean - b.means[channel]) > MOST_BRIGHTNESS)) return false;
  // Where there is next to no contrast, its ratio means nothing.
  const ratio = Math.sqrt((a.variance + NOISE) / (b.variance + NOISE));
  const contrast = Math.sqrt(Math.min(Math.max(ratio, 1 / MOST_CONTRAST), MOST_CONTRAST));
  let sum = 0;
  for (let i = 0; i < a.pixels.length; i++) {
    const channel = i % 3;
    const difference =
      (a.pixels[i] - a.means[channel]) / contrast - (b.pixels[i] - b.means[channel]) * contrast;
    if (Math.abs(difference) > LARGEST_DIFFERENCE) return false;
    sum += difference * difference;
  }
  const variance = Math.min(a.variance, b.variance);
  return sum / a.pixels.length <= Math.max(NOISE ** 2, USUAL_DIFFERENCE ** 2 * variance);
}

/** @param picture uint8 [size, size, 3] */
export function lookOf(picture: Uint8Array, size: number): Look {
  const pixels = resample(picture, size, Math.min(SIDE, size));
  const means: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < pixels.length; i++) means[i % 3] += pixels[i] / (pixels.length / 3);
  let variance = 0;
  for (let i = 0; i < pixels.length; i++) variance += (pixels[i] - means[i % 3]) ** 2 / pixels.length;
  return { pixels, means, variance };
}

/** How images look; of many that were read, without reading them again. */
class Looks {
  readonly #pictures: PictureReader;
  readonly #kept = new Map<number, Look>();

  constructor(pictures: PictureReader) {
    this.#pictures = pictures;
  }

  known(image: number): Look | undefined {
    return this.#kept.get(image);
  }

  async read(image: number): Promise<Look> {
    const { size } = this.#pictures;
    const picture = new Uint8Array(size ** 2 * 3);
    await this.#pictures.read(image, picture);
    const look = lookOf(picture, size);
    // The one that came first goes first.
    if (this.#kept.size >= MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(image, look);
    return look;
  }
}

/** Sets of images, each known by its first. (Union–find) */
class Groups {
  readonly #parent: Int32Array;

  constructor(count: number) {
    this.#parent = Int32Array.from({ length: count }, (_, i) => i);
  }

  firstOf(image: number): number {
    let first = image;
    while (this.#parent[first] !== first) first = this.#parent[first];
    // Shorter ways for the next time.
    for (let at = image; at !== first; ) {
      const next = this.#parent[at];
      this.#parent[at] = first;
      at = next;
    }
    return first;
  }

  join(a: number, b: number): void {
    const [one, other] = [this.firstOf(a), this.firstOf(b)];
    this.#parent[Math.max(one, other)] = Math.min(one, other);
  }
}
