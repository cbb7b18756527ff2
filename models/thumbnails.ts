// Where a thumbnail lies: small pictures side by side on WebP sheets, row by row, in data-set order. Follows from an
// image's index alone, so nothing is stored per image.

import type { MapInfo } from "./bundle/map-info.ts";
import type { PictureReader } from "./pictures.ts";
import { resample } from "./resample.ts";

/** Side of the largest sheet, in pixels: what any graphics card takes as one texture. */
const MAX_SHEET = 4096;
/** The sides that thumbnails of larger pictures have, in pixels; the page shows none larger. */
export const THUMBNAIL_SIDES = [96, 64, 48, 32] as const;
/** So many sheets, of 64 MB each once they are decoded, a page can hold on a small machine too. */
const MOST_SHEETS = 4;
/** Side of the largest thumbnails in maps that do not tell their side. */
const OLDER_MAX = 64;

/** Of the WebP sheets, of 100: looks like the original at this size, at about a tenth of its bytes. */
export const SHEET_QUALITY = 85;

/** A part of a sheet. */
export interface ThumbnailCell {
  /** Name of the sheet's file in the bundle. */
  readonly sheet: string;
  /** Left edge, in pixels. */
  readonly x: number;
  /** Top edge, in pixels. */
  readonly y: number;
  /** Side, in pixels. */
  readonly size: number;
}

export interface ThumbnailSheet {
  /** Name of its file in the bundle. */
  readonly name: string;
  /** Index of the image in its first cell. */
  readonly first: number;
  /** Images on it. */
  readonly count: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Side of the thumbnails of so many pictures of this side: the same, or smaller, so that a page can hold all sheets;
 * but no smaller than can be looked at.
 */
export function thumbnailSize(count: number, side: number): number {
  const fits = THUMBNAIL_SIDES.find((one) => thumbnailSheets(count, one).length <= MOST_SHEETS);
  return Math.min(side, fits ?? THUMBNAIL_SIDES.at(-1)!);
}

/** Side of the thumbnails of a map. */
export function thumbnailSizeOf(info: Pick<MapInfo, "imageSize" | "thumbnailSize">): number {
  return info.thumbnailSize ?? Math.min(info.imageSize, OLDER_MAX);
}

/** Cells in a full row of a sheet. */
function columnsOf(size: number): number {
  return Math.floor(MAX_SHEET / size);
}

function sheetName(number: number): string {
  return `thumbnails/${number}.webp`;
}

/** The sheet and the place of an image. @param size side of the thumbnails */
export function thumbnailCell(index: number, size: number): ThumbnailCell {
  const columns = columnsOf(size);
  const place = index % columns ** 2;
  return {
    sheet: sheetName(Math.floor(index / columns ** 2)),
    x: (place % columns) * size,
    y: Math.floor(place / columns) * size,
    size,
  };
}

/** All sheets of a map; the last is no larger than it must be. @param size side of the thumbnails */
export function thumbnailSheets(count: number, size: number): ThumbnailSheet[] {
  const columns = columnsOf(size);
  const perSheet = columns ** 2;
  return Array.from({ length: Math.ceil(count / perSheet) }, (_, i) => {
    const onSheet = Math.min(perSheet, count - i * perSheet);
    return {
      name: sheetName(i),
      first: i * perSheet,
      count: onSheet,
      width: Math.min(columns, onSheet) * size,
      height: Math.ceil(onSheet / columns) * size,
    };
  });
}

/** The pixels of a sheet, uint8 [height, width, 3]. @param size side of the thumbnails */
export async function drawSheet(
  sheet: ThumbnailSheet,
  pictures: PictureReader,
  size: number,
): Promise<Uint8Array> {
  const { first, count, width, height } = sheet;
  const picture = new Uint8Array(pictures.size ** 2 * 3);
  const pixels = new Uint8Array(width * height * 3).fill(255);
  for (let index = first; index < first + count; index++) {
    await pictures.read(index, picture);
    const { x, y } = thumbnailCell(index, size);
    copyRows(resample(picture, pictures.size, size), 0, size, pixels, (y * width + x) * 3, width, size);
  }
  return pixels;
}

/** Copies a part of RGB pixels, a square by default, from one picture into another; offsets in bytes, sides in pixels. */
export function copyRows(
  from: Uint8Array,
  fromOffset: number,
  fromWidth: number,
  into: Uint8Array,
  intoOffset: number,
  intoWidth: number,
  width: number,
  height = width,
): void {
  for (let row = 0; row < height; row++) {
    const start = fromOffset + row * fromWidth * 3;
    into.set(from.subarray(start, start + width * 3), intoOffset + row * intoWidth * 3);
  }
}
