// The picture of a map: points, or pictures where they can be had, with the names of the classes and a legend.

import sharp from "sharp";
import type { PictureReader } from "../pictures.ts";
import type { MapPoints } from "../points.ts";
import { resample } from "../resample.ts";
import { Canvas } from "./canvas.ts";
import { type Categories, categorize, colorsOf, SINGLE_COLOR } from "./categories.ts";
import { densestPlaces, placeBoxes } from "./class-labels.ts";
import { dotStyle, dotsSvg, drawDots } from "./dots.ts";
import { base64 } from "./escape.ts";
import { type Mosaic, mosaic } from "./mosaic.ts";
import { renderPage } from "./page.ts";
import { type Rgb, toHex, UNLABELLED } from "./palette.ts";
import { fitText, printable, type TextStyle, textSvg, textWidth } from "./text.node.ts";
import { frame, type View } from "./view.ts";

export interface MapPlot {
  readonly name: string;
  readonly points: MapPoints;
  /** Shows pictures instead of points. */
  readonly pictures?: PictureReader;
}

/** Longer side of the map, in pixels. */
const SIDE = 1800;
const MARGIN = 50;
const HEADER = 90;
const LEGEND_WIDTH = 430;
const BACKGROUND: Rgb = [252, 252, 251];
const INK = "#1d1f24";
const FAINT_INK = "#71757e";

interface Scene {
  readonly plot: MapPlot;
  readonly view: View;
  readonly categories: Categories;
  readonly width: number;
  readonly height: number;
}

/** PNG of a map. */
export async function renderPng(plot: MapPlot): Promise<Uint8Array> {
  const scene = compose(plot);
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
  const scene = compose(plot);
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
  const { view, categories } = compose(plot);
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

function compose(plot: MapPlot): Scene {
  const view = frame(plot.points, SIDE, MARGIN);
  const categories = categorize(plot.points);
  const legend = categories.list.length > 0 ? LEGEND_WIDTH : 0;
  return { plot, view, categories, width: view.width + legend, height: view.height + HEADER };
}

async function paint({ plot, view, categories }: Scene): Promise<Canvas> {
  const canvas = new Canvas(view.width, view.height, BACKGROUND);
  const colors = colorsOf(categories);
  if (!plot.pictures) {
    drawDots(canvas, view, categories.of, colors, dotStyle(plot.points.count, SIDE));
    return canvas;
  }
  const framed = categories.list.length > 0 ? colors : [[214, 216, 220] as Rgb];
  await drawMosaic(canvas, mosaic(view), plot.pictures, (index) => framed[categories.of[index]]);
  return canvas;
}

async function drawMosaic(
  canvas: Canvas,
  { cell, tiles }: Mosaic,
  pictures: PictureReader,
  frameColor: (index: number) => Rgb,
): Promise<void> {
  const gap = Math.max(1, Math.round(cell / 40));
  const border = Math.max(2, Math.round(cell / 20));
  const size = cell - 2 * (gap + border);
  const picture = new Uint8Array(pictures.size ** 2 * 3);
  for (const { index, x, y } of tiles) {
    await pictures.read(index, picture);
    canvas.fill(x + gap, y + gap, cell - 2 * gap, cell - 2 * gap, frameColor(index));
    canvas.picture(x + gap + border, y + gap + border, size, resample(picture, pictures.size, size));
  }
}

function svg({ width, height }: Scene, body: string): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${body}</svg>`;
}

/** Title, names of classes and legend. */
function decoration(scene: Scene): string {
  return header(scene) + classNames(scene) + legend(scene);
}

function header({ plot, categories, width }: Scene): string {
  const title: TextStyle = { size: 40, weight: "Medium", fill: INK };
  const text: TextStyle = { size: 24, weight: "Regular", fill: FAINT_INK };
  const name = fitText(printable(plot.name), title, width - 500);
  return (
    textSvg(name, MARGIN, 66, title) +
    textSvg(summary(plot, categories), MARGIN + textWidth(name, title) + 24, 66, text)
  );
}

function summary({ points }: MapPlot, { list }: Categories): string {
  const classes = list.filter(({ color }) => color !== UNLABELLED).length;
  const images = `${points.count.toLocaleString("en")} images`;
  return classes > 0 ? `${images} · ${classes.toLocaleString("en")} classes` : images;
}

/** More names than this make a map unreadable; the legend has the rest. */
const MOST_NAMES = 40;

function classNames({ view, categories }: Scene): string {
  const style: TextStyle = { size: 25, weight: "Medium", fill: INK };
  const places = densestPlaces(view, categories.of, Math.max(1, categories.list.length));
  const wanted = categories.list.slice(0, MOST_NAMES).flatMap((category, i) => {
    const anchor = places[i];
    if (!anchor || category.color === UNLABELLED) return [];
    const text = fitText(printable(category.name), style, 300);
    return [{ anchor, text, color: category.color, width: textWidth(text, style) + 46, height: 40 }];
  });
  return placeBoxes(view, wanted)
    .map((box, i) => {
      if (!box) return "";
      const { text, color, width, height } = wanted[i];
      const [x, y] = [box.x, box.y + HEADER];
      const pill = `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height}" rx="20" fill="#fff" fill-opacity="0.9" stroke="${INK}" stroke-opacity="0.18"/>`;
      const dot = `<circle cx="${(x + 20).toFixed(1)}" cy="${(y + 20).toFixed(1)}" r="7" fill="${toHex(color)}"/>`;
      return pill + dot + textSvg(text, x + 34, y + 29, style);
    })
    .join("");
}

function legend({ categories, view, height }: Scene): string {
  const { list } = categories;
  if (list.length === 0) return "";
  const line = 38;
  const room = Math.floor((height - HEADER - MARGIN) / line);
  const shown = list.length <= room ? list : list.slice(0, room - 1);
  const left = view.width;
  const right = view.width + LEGEND_WIDTH - MARGIN;
  const name: TextStyle = { size: 23, weight: "Regular", fill: INK };
  const faint: TextStyle = { ...name, fill: FAINT_INK };
  const rows = shown.map((category, i) => {
    const y = HEADER + 30 + i * line;
    const count = category.count.toLocaleString("en");
    const width = textWidth(count, faint);
    const text = fitText(printable(category.name), name, right - left - 32 - width - 16);
    return (
      `<circle cx="${left + 11}" cy="${y}" r="10" fill="${toHex(category.color)}"/>` +
      textSvg(text, left + 32, y + 8, name) +
      textSvg(count, right - width, y + 8, faint)
    );
  });
  if (shown.length < list.length) {
    const more = `and ${(list.length - shown.length).toLocaleString("en")} more classes`;
    rows.push(textSvg(more, left + 32, HEADER + 38 + shown.length * line, faint));
  }
  return rows.join("");
}
