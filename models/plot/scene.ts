// What a picture of a map shows and where: points, or pictures where they can be had, with the names of the classes and
// a legend.

import { type Rgb, toHex } from "../color.ts";
import type { PictureReader } from "../pictures.ts";
import type { MapPoints } from "../points.ts";
import { resample } from "../resample.ts";
import { Canvas } from "./canvas.ts";
import { type Categories, categorize, colorsOf } from "./categories.ts";
import { densestPlaces, placeBoxes } from "./class-labels.ts";
import { dotStyle, drawDots } from "./dots.ts";
import { type Mosaic, mosaic } from "./mosaic.ts";
import { UNLABELLED } from "./palette.ts";
import { type Fonts, fitText, printable, type TextStyle, textSvg, textWidth } from "./text.ts";
import { frame, type View } from "./view.ts";

export interface MapPlot {
  readonly name: string;
  readonly points: MapPoints;
  /** Shows pictures instead of points. */
  readonly pictures?: PictureReader;
}

/** Longer side of the map, in pixels. */
export const SIDE = 1800;
const MARGIN = 50;
export const HEADER = 90;
const LEGEND_WIDTH = 430;
export const BACKGROUND: Rgb = [252, 252, 251];
const INK = "#1d1f24";
const FAINT_INK = "#71757e";

/** A picture of a map, laid out. */
export interface Scene {
  readonly plot: MapPlot;
  readonly fonts: Fonts;
  readonly view: View;
  readonly categories: Categories;
  readonly width: number;
  readonly height: number;
}

export function compose(plot: MapPlot, fonts: Fonts): Scene {
  const view = frame(plot.points, SIDE, MARGIN);
  const categories = categorize(plot.points);
  const legend = categories.list.length > 0 ? LEGEND_WIDTH : 0;
  return { plot, fonts, view, categories, width: view.width + legend, height: view.height + HEADER };
}

/** The map without its words. */
export async function paint({ plot, view, categories }: Scene): Promise<Canvas> {
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

/** An SVG of the size of a picture. */
export function svg({ width, height }: Scene, body: string): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${body}</svg>`;
}

/** Title, names of classes and legend. */
export function decoration(scene: Scene): string {
  return header(scene) + classNames(scene) + legend(scene);
}

function header({ plot, fonts, categories, width }: Scene): string {
  const title: TextStyle = { size: 40, weight: "Medium", fill: INK };
  const text: TextStyle = { size: 24, weight: "Regular", fill: FAINT_INK };
  const name = fitText(fonts, printable(plot.name), title, width - 500);
  return (
    textSvg(fonts, name, MARGIN, 66, title) +
    textSvg(fonts, summary(plot, categories), MARGIN + textWidth(fonts, name, title) + 24, 66, text)
  );
}

export function summary({ points }: MapPlot, { list }: Categories): string {
  const classes = list.filter(({ color }) => color !== UNLABELLED).length;
  const images = `${points.count.toLocaleString("en")} images`;
  return classes > 0 ? `${images} · ${classes.toLocaleString("en")} classes` : images;
}

/** More names than this make a map unreadable; the legend has the rest. */
const MOST_NAMES = 40;

function classNames({ fonts, view, categories }: Scene): string {
  const style: TextStyle = { size: 25, weight: "Medium", fill: INK };
  const places = densestPlaces(view, categories.of, Math.max(1, categories.list.length));
  const wanted = categories.list.slice(0, MOST_NAMES).flatMap((category, i) => {
    const anchor = places[i];
    if (!anchor || category.color === UNLABELLED) return [];
    const text = fitText(fonts, printable(category.name), style, 300);
    return [{ anchor, text, color: category.color, width: textWidth(fonts, text, style) + 46, height: 40 }];
  });
  return placeBoxes(view, wanted)
    .map((box, i) => {
      if (!box) return "";
      const { text, color, width, height } = wanted[i];
      const [x, y] = [box.x, box.y + HEADER];
      const pill = `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height}" rx="20" fill="#fff" fill-opacity="0.9" stroke="${INK}" stroke-opacity="0.18"/>`;
      const dot = `<circle cx="${(x + 20).toFixed(1)}" cy="${(y + 20).toFixed(1)}" r="7" fill="${toHex(color)}"/>`;
      return pill + dot + textSvg(fonts, text, x + 34, y + 29, style);
    })
    .join("");
}

function legend({ fonts, categories, view, height }: Scene): string {
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
    const width = textWidth(fonts, count, faint);
    const text = fitText(fonts, printable(category.name), name, right - left - 32 - width - 16);
    return (
      `<circle cx="${left + 11}" cy="${y}" r="10" fill="${toHex(category.color)}"/>` +
      textSvg(fonts, text, left + 32, y + 8, name) +
      textSvg(fonts, count, right - width, y + 8, faint)
    );
  });
  if (shown.length < list.length) {
    const more = `and ${(list.length - shown.length).toLocaleString("en")} more classes`;
    rows.push(textSvg(fonts, more, left + 32, HEADER + 38 + shown.length * line, faint));
  }
  return rows.join("");
}
