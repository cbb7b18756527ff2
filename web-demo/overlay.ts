// What lies over the points: pictures, names of classes, the area being drawn, what is pointed at, placed images.

import { toHex } from "../models/color.ts";
import { colorsOf } from "../models/plot/categories.ts";
import { placeBoxes } from "../models/plot/class-labels.ts";
import { thumbnailCell, thumbnailSizeOf } from "../models/thumbnails.ts";
import type { LoadedMap } from "./load.ts";
import type { Guest, Placed } from "./placing.ts";
import type { Sheets } from "./sheets.ts";
import { thinned } from "./thin.ts";
import { type Size, toScreen, type View, visibleRect } from "./view.ts";

export interface Scene {
  readonly view: View;
  readonly size: Size;
  readonly hidden: ReadonlySet<number>;
  readonly hovered: number | undefined;
  /** Images that are emphasised; none for all alike. */
  readonly selected: ReadonlySet<number>;
  readonly outline: readonly (readonly [number, number])[];
  readonly guests: readonly (Guest & { readonly here: Placed })[];
  readonly active: number | undefined;
}

/** Points are farther apart than this when their pictures are shown, in pixels. */
const PICTURES_FROM = 13;
const PICTURE_SIDE = { least: 30, most: 96 };
/** More names would be read by nobody. */
const MOST_NAMES = 30;
/** Side of the picture at the place of a guest, in pixels; of the one that is looked at; among many. */
const GUEST_SIDE = { usual: 44, active: 60, many: 26 };
const MANY_GUESTS = 40;

export class Overlay {
  readonly #context: CanvasRenderingContext2D;
  readonly #map: LoadedMap;
  readonly #sheets: Sheets;
  readonly #colors: readonly string[];
  readonly #nameWidths = new Map<number, number>();
  #theme = readTheme();
  /** What was drawn last, for finding what is under the pointer. */
  #shown: { images: number[]; at: number[]; side: number } = { images: [], at: [], side: 0 };
  #guestBoxes: { id: number; left: number; top: number; side: number }[] = [];

  constructor(canvas: HTMLCanvasElement, map: LoadedMap, sheets: Sheets) {
    const context = canvas.getContext("2d");
    if (!context) throw new Error("this browser cannot draw");
    this.#context = context;
    this.#map = map;
    this.#sheets = sheets;
    this.#colors = colorsOf(map.data.categories).map(toHex);
  }

  /** Colours follow the style sheet, which follows the light or dark mode. */
  readTheme(): void {
    this.#theme = readTheme();
  }

  /** Whether points are so far apart that their pictures are shown. */
  static showsPictures({ spacing }: LoadedMap, { scale }: View): boolean {
    return spacing * scale >= PICTURES_FROM;
  }

  paint(scene: Scene): void {
    const context = this.#context;
    const { width, height } = scene.size;
    const ratio = devicePixelRatio;
    const { canvas } = context;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    this.#sheets.nextFrame();
    this.#paintPictures(scene);
    this.#paintNames(scene);
    this.#paintHovered(scene);
    this.#paintOutline(scene);
    this.#paintGuests(scene);
  }

  /** The picture under a pixel, if there is one. */
  imageAt([x, y]: readonly [number, number]): number | undefined {
    const { images, at, side } = this.#shown;
    const place = images.findIndex(
      (_, i) => Math.abs(at[2 * i] - x) <= side / 2 && Math.abs(at[2 * i + 1] - y) <= side / 2,
    );
    return place < 0 ? undefined : images[place];
  }

  /** The placed image under a pixel, if there is one; the uppermost. */
  guestAt([x, y]: readonly [number, number]): number | undefined {
    return this.#guestBoxes.findLast(
      ({ left, top, side }) => x >= left && x <= left + side && y >= top && y <= top + side,
    )?.id;
  }

  #paintPictures({ view, size, hidden, selected }: Scene): void {
    this.#shown = { images: [], at: [], side: 0 };
    const { spacing, index, data } = this.#map;
    if (!Overlay.showsPictures(this.#map, view)) return;
    const side = Math.min(Math.max(2 * spacing * view.scale, PICTURE_SIDE.least), PICTURE_SIDE.most);
    // Those just outside count too, so that nothing flickers at the edge while the map moves.
    const { minX, minY, maxX, maxY } = visibleRect(view, size, 2 * side);
    const images = index.within(minX, minY, maxX, maxY).filter((i) => !hidden.has(data.categories.of[i]));
    const at = images.flatMap((i) =>
      toScreen(view, size, data.coordinates[2 * i], data.coordinates[2 * i + 1]),
    );
    const chosen = thinned(images, at, side + 2);
    for (const i of chosen) {
      const dimmed = selected.size > 0 && !selected.has(images[i]);
      if (!this.#paintPicture(images[i], at[2 * i], at[2 * i + 1], side, dimmed ? 0.25 : 1)) continue;
      this.#shown.images.push(images[i]);
      this.#shown.at.push(at[2 * i], at[2 * i + 1]);
    }
    this.#shown.side = side;
  }

  /** A picture in a frame of the colour of its class. @returns whether its sheet is there */
  #paintPicture(image: number, x: number, y: number, side: number, opacity: number): boolean {
    const cell = thumbnailCell(image, thumbnailSizeOf(this.#map.info));
    const bitmap = this.#sheets.bitmap(cell.sheet);
    if (!bitmap) return false;
    const context = this.#context;
    const labelled = this.#map.data.categories.list.length > 0;
    const border = labelled ? Math.max(1.5, side / 22) : 0;
    const [left, top] = [x - side / 2, y - side / 2];
    context.globalAlpha = opacity;
    if (labelled) {
      context.fillStyle = this.#colors[this.#map.data.categories.of[image]];
      context.beginPath();
      context.roundRect(left, top, side, side, side / 12);
      context.fill();
    }
    const inner = side - 2 * border;
    // Half a pixel less at each edge, where the picture beside it on the sheet shines through.
    const [x0, y0, source] = [cell.x + 0.5, cell.y + 0.5, cell.size - 1];
    context.drawImage(bitmap, x0, y0, source, source, left + border, top + border, inner, inner);
    context.globalAlpha = 1;
    return true;
  }

  #paintNames({ view, size, hidden }: Scene): void {
    const { categories, anchors } = this.#map.data;
    const context = this.#context;
    context.font = NAME_FONT;
    context.textBaseline = "middle";
    const wanted: {
      name: string;
      category: number;
      anchor: { x: number; y: number };
      width: number;
      height: number;
    }[] = [];
    for (const [category, { name }] of categories.list.entries()) {
      const anchor = anchors[category];
      if (!anchor || hidden.has(category) || wanted.length >= MOST_NAMES) continue;
      const [x, y] = toScreen(view, size, anchor.x, anchor.y);
      if (x < 0 || y < 0 || x > size.width || y > size.height) continue;
      wanted.push({
        name,
        category,
        anchor: { x, y },
        width: this.#nameWidth(category, name) + 28,
        height: 24,
      });
    }
    const boxes = placeBoxes({ ...view, ...size, positions: new Float32Array(), origin: [0, 0] }, wanted);
    for (const [i, box] of boxes.entries()) {
      if (!box) continue;
      context.fillStyle = this.#theme.label;
      context.beginPath();
      context.roundRect(box.x, box.y, box.width, box.height, 12);
      context.fill();
      const middle = box.y + box.height / 2;
      context.fillStyle = this.#colors[wanted[i].category];
      context.beginPath();
      context.arc(box.x + 11, middle, 4.5, 0, 2 * Math.PI);
      context.fill();
      context.fillStyle = this.#theme.ink;
      context.fillText(wanted[i].name, box.x + 20, middle + 0.5);
    }
  }

  #nameWidth(category: number, name: string): number {
    const known = this.#nameWidths.get(category);
    if (known !== undefined) return known;
    const width = Math.ceil(this.#context.measureText(name).width);
    this.#nameWidths.set(category, width);
    return width;
  }

  #paintHovered({ view, size, hovered }: Scene): void {
    if (hovered === undefined) return;
    const { coordinates } = this.#map.data;
    const [x, y] = toScreen(view, size, coordinates[2 * hovered], coordinates[2 * hovered + 1]);
    const context = this.#context;
    context.lineWidth = 2.5;
    context.strokeStyle = this.#theme.ink;
    context.beginPath();
    if (this.#shown.images.includes(hovered)) {
      const side = this.#shown.side + 2;
      context.roundRect(x - side / 2, y - side / 2, side, side, 2);
    } else context.arc(x, y, 8, 0, 2 * Math.PI);
    context.stroke();
  }

  #paintOutline({ outline }: Scene): void {
    if (outline.length < 2) return;
    const context = this.#context;
    context.beginPath();
    for (const [x, y] of outline) context.lineTo(x, y);
    context.closePath();
    context.fillStyle = this.#theme.wash;
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = this.#theme.accent;
    context.stroke();
  }

  #paintGuests({ view, size, guests, active }: Scene): void {
    this.#guestBoxes = [];
    // The one that is looked at lies on top.
    const sorted = [...guests].sort((a, b) => Number(a.id === active) - Number(b.id === active));
    for (const guest of sorted) this.#paintGuest(guest, guest.id === active, guests.length, view, size);
  }

  #paintGuest(
    { id, here, server }: Guest & { readonly here: Placed },
    active: boolean,
    count: number,
    view: View,
    size: Size,
  ): void {
    const context = this.#context;
    const [x, y] = toScreen(view, size, here.embedding[0], here.embedding[1]);
    if (active) this.#paintNeighbourLines(here, x, y, view, size);
    if (server?.kind === "placed") {
      const [sx, sy] = toScreen(view, size, server.embedding[0], server.embedding[1]);
      this.#paintServerSpot(x, y, sx, sy);
    }
    const side = active ? GUEST_SIDE.active : count > MANY_GUESTS ? GUEST_SIDE.many : GUEST_SIDE.usual;
    // The picture stands on a stalk, so that what lies at the spot itself can be seen.
    const [left, top] = [x - side / 2, y - side - 14];
    context.strokeStyle = active ? this.#theme.accent : this.#theme.ink;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x, top + side);
    context.stroke();
    context.save();
    context.shadowColor = "rgb(0 0 0 / 0.35)";
    context.shadowBlur = 10;
    context.shadowOffsetY = 2;
    context.fillStyle = active ? this.#theme.accent : this.#theme.paper;
    context.beginPath();
    context.roundRect(left - 3, top - 3, side + 6, side + 6, 9);
    context.fill();
    context.restore();
    context.save();
    context.beginPath();
    context.roundRect(left, top, side, side, 6);
    context.clip();
    context.drawImage(here.picture, left, top, side, side);
    context.restore();
    dot(context, x, y, 4.5, active ? this.#theme.accent : this.#theme.ink, this.#theme.paper);
    this.#guestBoxes.push({ id, left, top, side });
  }

  #paintNeighbourLines({ neighbours }: Placed, x: number, y: number, view: View, size: Size): void {
    const context = this.#context;
    const { coordinates } = this.#map.data;
    context.strokeStyle = this.#theme.accent;
    context.lineWidth = 1;
    context.globalAlpha = 0.6;
    context.beginPath();
    for (const { index } of neighbours) {
      context.moveTo(x, y);
      context.lineTo(...toScreen(view, size, coordinates[2 * index], coordinates[2 * index + 1]));
    }
    context.stroke();
    context.globalAlpha = 1;
    for (const { index } of neighbours) {
      const [nx, ny] = toScreen(view, size, coordinates[2 * index], coordinates[2 * index + 1]);
      dot(context, nx, ny, 3, this.#theme.accent, this.#theme.paper);
    }
  }

  /** A ring at the place that the server gives, around the spot if both are the same. */
  #paintServerSpot(x: number, y: number, serverX: number, serverY: number): void {
    const context = this.#context;
    context.strokeStyle = this.#theme.server;
    context.lineWidth = 2.5;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(serverX, serverY);
    context.stroke();
    context.beginPath();
    context.arc(serverX, serverY, 9, 0, 2 * Math.PI);
    context.stroke();
  }
}

const NAME_FONT = "600 13px system-ui, sans-serif";

function dot(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  fill: string,
  edge: string,
) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = edge;
  context.stroke();
}

function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: color("ink"),
    paper: color("paper"),
    label: color("label"),
    accent: color("accent"),
    wash: color("wash"),
    server: color("server"),
  };
}
