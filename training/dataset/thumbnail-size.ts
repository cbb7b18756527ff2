// How large the pictures to be looked at are.

import { readImageHeader } from "../../models/image-header.ts";
import { imageKind } from "../../models/image-kind.ts";
import { MAX_THUMBNAIL } from "../../models/thumbnails.ts";
import type { ImageEntry } from "./entries.ts";

/** So many images say for all of them how large they are, evenly spread. */
const SAMPLE = 7;

/**
 * Side of the pictures to be looked at: the largest that thumbnails have, unless those to learn from are as large, or
 * the images themselves are no larger than those (half of some that are looked into).
 * @param imageSize side of the pictures to learn from, in pixels
 */
export async function thumbnailSizeFor(entries: readonly ImageEntry[], imageSize: number): Promise<number> {
  if (imageSize >= MAX_THUMBNAIL) return imageSize;
  const count = Math.min(SAMPLE, entries.length);
  let [larger, smaller] = [0, 0];
  for (let i = 0; i < count; i++) {
    const bytes = await entries[Math.floor((i * entries.length) / count)].read().catch(() => undefined);
    const kind = bytes && imageKind(bytes);
    if (!kind) continue; // is skipped later, with the reason
    const { size } = readImageHeader(kind, bytes);
    if (size && Math.min(size.width, size.height) <= imageSize) smaller++;
    else larger++;
  }
  return larger > smaller ? MAX_THUMBNAIL : imageSize;
}
