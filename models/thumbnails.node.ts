// Writes and reads the sheets of thumbnails.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import type { Bundle } from "./bundle/bundle.node.ts";
import { mapInOrder } from "./in-order.ts";
import type { PictureReader } from "./pictures.ts";
import {
  copyRows,
  drawSheet,
  SHEET_QUALITY,
  thumbnailCell,
  thumbnailSheets,
  thumbnailSizeOf,
} from "./thumbnails.ts";

const WEBP = { quality: SHEET_QUALITY, effort: 2 };
/** Sheets held at a time, of up to 50 MB: to compress one takes one core. */
const AT_ONCE = 2;

/**
 * Writes the thumbnails of all pictures into a bundle under construction.
 * @param dir folder of the bundle
 * @param count number of pictures
 * @param size side of the thumbnails, in pixels
 */
export async function writeThumbnails(
  dir: string,
  count: number,
  pictures: PictureReader,
  size: number,
): Promise<void> {
  const written = mapInOrder(thumbnailSheets(count, size), AT_ONCE, async (sheet) => {
    const { name, width, height } = sheet;
    const pixels = await drawSheet(sheet, pictures, size);
    const path = join(dir, name);
    await mkdir(dirname(path), { recursive: true });
    const image = sharp(pixels, { raw: { width, height, channels: 3 } });
    await writeFile(path, await image.webp(WEBP).toBuffer());
  });
  for await (const _ of written);
}

/**
 * The thumbnails of a map as pictures. The last sheet read is kept: ask in ascending order.
 * @throws UserError, when asked, if a sheet is missing or damaged
 */
export function bundlePictures(bundle: Pick<Bundle, "info" | "read">): PictureReader {
  const side = thumbnailSizeOf(bundle.info);
  let kept: { name: string; pixels: Uint8Array; width: number } | undefined;
  return {
    size: side,
    async read(index, into) {
      const { sheet, x, y, size } = thumbnailCell(index, side);
      if (kept?.name !== sheet) {
        kept = undefined;
        const file = sharp(await bundle.read(sheet));
        const { data, info } = await file.removeAlpha().raw().toBuffer({ resolveWithObject: true });
        kept = { name: sheet, pixels: data, width: info.width };
      }
      copyRows(kept.pixels, (y * kept.width + x) * 3, kept.width, into, 0, size, size);
    },
  };
}
