// How large the pictures to be looked at are.

import { readImageHeader } from "../../models/image-header.ts";
import { imageKind } from "../../models/image-kind.ts";
import { THUMBNAIL_SIDES, thumbnailSize } from "../../models/thumbnails.ts";
import type { ImageEntry } from "./entries.ts";

/** So many images say for all of them how large they are, evenly spread. */
const SAMPLE = 7;

/**
 * Side of the pictures to be looked at: the largest of thumbnails that are neither larger than the images themselves
 * nor too many for their size; or `imageSize`, where that is no less.
 * @param imageSize side of the pictures to learn from, in pixels
 */
export async function thumbnailSizeFor(entries: readonly ImageEntry[], imageSize: number): Promise<number> {
  if (imageSize >= THUMBNAIL_SIDES[0]) return imageSize;
  const side = await sideOfImages(entries);
  // Only so many sizes, so that another image in the folder does not change it for all.
  const size = THUMBNAIL_SIDES.find((one) => one <= side && thumbnailSize(entries.length, one) === one);
  return Math.max(imageSize, size ?? 0);
}

/** The median short side of some images, in pixels; 0 where none can be used. */
async function sideOfImages(entries: readonly ImageEntry[]): Promise<number> {
  const count = Math.min(SAMPLE, entries.length);
  const sides: number[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = await entries[Math.floor((i * entries.length) / count)].read().catch(() => undefined);
    const kind = bytes && imageKind(bytes);
    if (!kind) continue; // is skipped later, with the reason
    const { size } = readImageHeader(kind, bytes);
    // Of a format that does not tell at once: such images are seldom small.
    sides.push(size ? Math.min(size.width, size.height) : Number.POSITIVE_INFINITY);
  }
  return sides.sort((a, b) => a - b)[sides.length >> 1] ?? 0;
}
