// Pictures of a map as files: PNG, SVG, and a page.

import sharp from "sharp";
import { toHex } from "../color.ts";
import type { PictureReader } from "../pictures.ts";
import { resample } from "../resample.ts";
import { Canvas } from "./canvas.ts";
import { colorsOf, SINGLE_COLOR } from "./categories.ts";
import { dotStyle, dotsSvg } from "./dots.ts";
import { base64 } from "./escape.ts";
import { nodeFonts } from "./fonts.node.ts";
import { type Mosaic, mosaic } from "./mosaic.ts";
import { renderPage } from "./page.ts";
import { BACKGROUND, compose, decoration, HEADER, type MapPlot, paint, SIDE, summary, svg } from "./scene.ts";
import { printable } from "./text.ts";

/** PNG of a map. */
export async function renderPng(plot: MapPlot): Promise<Uint8Array> {
  const scene = compose(plot, nodeFonts());
  const { width, height } = scene;
  const map = await paint(scene);
  const base = sharp({ create: { width, height, channels: 3, background: toHex(BACKGROUND) } });
  const overlay = Buffer.from(svg(scene, decoration(scene)));
  const layer = { raw: { width: map.width, height: map.height, channels: 3 as const }, left: 0, top: HEADER };
  return await base
    .composite([{ input: Buffer.from(map.pixels.buffer), ...layer }, { input: overlay }])
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toBuffer();
}

/** SVG of a map: points are vectors, pictures are embedded. */
export async function renderSvg(plot: MapPlot): Promise<string> {
  const scene = compose(plot, nodeFonts());
  const { view, categories } = scene;
  const background = `<rect width="100%" height="100%" fill="${toHex(BACKGROUND)}"/>`;
  let map: string;
  if (plot.pictures) {
    const canvas = await paint(scene);
    const source = `data:image/webp;base64,${base64(await webp(canvas))}`;
    map = `<image width="${view.width}" height="${view.height}" href="${source}"/>`;
  } else {
    const style = dotStyle(plot.points.count, SIDE);
    map = dotsSvg(view, categories.of, colorsOf(categories).map(toHex), style);
  }
  return svg(scene, `${background}<g transform="translate(0 ${HEADER})">${map}</g>${decoration(scene)}`);
}

/** A page that stands alone: the map to pan, zoom and point at. */
export async function renderHtml(plot: MapPlot): Promise<string> {
  const { view, categories } = compose(plot, nodeFonts());
  const { points, pictures } = plot;
  const named = categories.list.map(({ name, color, count }) => ({ name, color: toHex(color), count }));
  return renderPage({
    name: printable(plot.name),
    summary: summary(plot, categories),
    positions: view.positions,
    width: view.width,
    height: view.height,
    ...dotStyle(points.count, SIDE),
    paths: points.paths,
    categoryOf: categories.of,
    categories: named.length > 0 ? named : [{ name: "", color: toHex(SINGLE_COLOR), count: points.count }],
    mosaic: pictures && (await mosaicSheet(mosaic(view), pictures)),
  });
}

/** Pictures on a page, in pixels: enough to zoom in a little. */
const SHEET_CELL = 96;

async function mosaicSheet({ cell, tiles }: Mosaic, pictures: PictureReader) {
  const size = Math.min(pictures.size, SHEET_CELL);
  const columns = Math.ceil(Math.sqrt(tiles.length));
  const canvas = new Canvas(columns * size, Math.ceil(tiles.length / columns) * size, BACKGROUND);
  const picture = new Uint8Array(pictures.size ** 2 * 3);
  for (const [place, { index }] of tiles.entries()) {
    await pictures.read(index, picture);
    const [column, row] = [place % columns, Math.floor(place / columns)];
    canvas.picture(column * size, row * size, size, resample(picture, pictures.size, size));
  }
  return { sheet: await webp(canvas), columns, size, cell, tiles };
}

async function webp({ width, height, pixels }: Canvas): Promise<Uint8Array> {
  return await sharp(pixels, { raw: { width, height, channels: 3 } })
    .webp({ quality: 90 })
    .toBuffer();
}
