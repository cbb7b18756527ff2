// Where a thumbnail lies: small pictures side by side on WebP sheets, row by row, in data-set order. Follows from an
// image's index alone, so nothing is stored per image.

import type { MapInfo } from "./bundle/map-info.ts";
import type { PictureReader } from "./pictures.ts";
import { resample } from "./resample.ts";

/** Side of the largest sheet, in pixels: what any graphics card takes as one texture. */
const MAX_SHEET = 4096;
/** Side of the largest thumbnail, in pixels. */
export const MAX_THUMBNAIL = 64;

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

/** Side of the thumbnails that are made of pictures of this side. */
export function thumbnailSize(side: number): number {
  return Math.min(side, MAX_THUMBNAIL);
}

/** Side of the thumbnails of a map. */
export function thumbnailSizeOf(info: Pick<MapInfo, "imageSize" | "thumbnailSize">): number {
  return info.thumbnailSize ?? thumbnailSize(info.imageSize);
}

/** Cells in a full row of a sheet. */
function columnsOf(side: number): number {
  return Math.floor(MAX_SHEET / thumbnailSize(side));
}

function sheetName(number: number): string {
  return `thumbnails/${number}.webp`;
}

/** The sheet and the place of an image, by its index and the side of the pictures or thumbnails. */
export function thumbnailCell(index: number, side: number): ThumbnailCell {
  const columns = columnsOf(side);
  const size = thumbnailSize(side);
  const place = index % columns ** 2;
  return {
    sheet: sheetName(Math.floor(index / columns ** 2)),
    x: (place % columns) * size,
    y: Math.floor(place / columns) * size,
    size,
  };
}

/** All sheets of a map, by the side of the pictures or thumbnails; the last is no larger than it must be. */
export function thumbnailSheets(count: number, side: number): ThumbnailSheet[] {
  const columns = columnsOf(side);
  const size = thumbnailSize(side);
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

/** The pixels of a sheet, uint8 [height, width, 3]. */
export async function drawSheet(sheet: ThumbnailSheet, pictures: PictureReader): Promise<Uint8Array> {
  const { first, count, width, height } = sheet;
  const size = thumbnailSize(pictures.size);
  const picture = new Uint8Array(pictures.size ** 2 * 3);
  const pixels = new Uint8Array(width * height * 3).fill(255);
  for (let index = first; index < first + count; index++) {
    await pictures.read(index, picture);
    const { x, y } = thumbnailCell(index, pictures.size);
    copyRows(resample(picture, pictures.size, size), 0, size, pixels, (y * width + x) * 3, width, size);
  }
  return pixels;
}

/** Copies a square of RGB pixels from one picture into another; offsets in bytes, widths in pixels. */
export function copyRows(
  from: Uint8Array,
  fromOffset: number,
  fromWidth: number,
  into: Uint8Array,
  intoOffset: number,
  intoWidth: number,
  size: number,
): void {
  for (let row = 0; row < size; row++) {
    const start = fromOffset + row * fromWidth * 3;
    into.set(from.subarray(start, start + size * 3), intoOffset + row * intoWidth * 3);
  }
}
