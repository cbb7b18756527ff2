// Writes and reads the sheets of thumbnails.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import type { Bundle } from "./bundle/bundle.node.ts";
import type { PictureReader } from "./pictures.ts";
import {
  copyRows,
  drawSheet,
  SHEET_QUALITY,
  thumbnailCell,
  thumbnailSheets,
  thumbnailSize,
} from "./thumbnails.ts";

const WEBP = { quality: SHEET_QUALITY, effort: 2 };

/**
 * Writes the thumbnails of all pictures into a bundle under construction. One sheet is held at a time.
 * @param dir folder of the bundle
 * @param count number of pictures
 */
export async function writeThumbnails(dir: string, count: number, pictures: PictureReader): Promise<void> {
  for (const sheet of thumbnailSheets(count, pictures.size)) {
    const { name, width, height } = sheet;
    const pixels = await drawSheet(sheet, pictures);
    const path = join(dir, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(
      path,
      await sharp(pixels, { raw: { width, height, channels: 3 } })
        .webp(WEBP)
        .toBuffer(),
    );
  }
}

/**
 * The thumbnails of a map as pictures. The last sheet read is kept: ask in ascending order.
 * @throws UserError, when asked, if a sheet is missing or damaged
 */
export function bundlePictures(bundle: Pick<Bundle, "info" | "read">): PictureReader {
  const { imageSize } = bundle.info;
  let kept: { name: string; pixels: Uint8Array; width: number } | undefined;
  return {
    size: thumbnailSize(imageSize),
    async read(index, into) {
      const { sheet, x, y, size } = thumbnailCell(index, imageSize);
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
