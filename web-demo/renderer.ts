// Points on the graphics card, drawn by regl-scatterplot. Its camera follows ours: what is dragged and pointed at is
// our business, so that fingers, keys and links move the same map.

import KDBush from "kdbush";
import createScatterplot, { createRenderer } from "regl-scatterplot";
import { toHex } from "../models/color.ts";
import { colorsOf } from "../models/plot/categories.ts";
import { dotStyle, mixedOrder } from "../models/plot/dots.ts";
import type { MapData } from "./map-data.ts";
import type { Size, View } from "./view.ts";

export interface MapRenderer {
  show(view: View, size: Size): void;
  /** Shows the images of these categories only. */
  filter(hidden: ReadonlySet<number>): void;
  /** Emphasises images; none for all alike. */
  emphasize(images: readonly number[]): void;
  destroy(): void;
}

let prepared: ReturnType<typeof createRenderer> | undefined;

/** Starts WebGL, which takes a while, before there is something to draw. */
export function prepareRenderer(): void {
  try {
    prepared = createRenderer();
  } catch {
    // There is no WebGL; createMapRenderer says so.
  }
}

export interface RendererEvents {
  /** The points are drawn, in this frame. */
  readonly onDrawn: () => void;
  /** The graphics card was lost, as after sleep, and is there again: this renderer draws nothing any more. */
  readonly onRestored: () => void;
}

/** @throws if there is no WebGL */
export async function createMapRenderer(
  canvas: HTMLCanvasElement,
  data: MapData,
  initial: { view: View; size: Size; homeScale: number },
  { onDrawn, onRestored }: RendererEvents,
): Promise<MapRenderer> {
  let { width, height } = initial.size;
  const placed = arrange(data);
  const colors = colorsOf(data.categories).map(toHex);
  const { radius, opacity } = dotStyle(data.count, Math.min(width, height));
  const pointSize = 2 * Math.max(1, radius);
  let shownSize = pointSize;
  // Its documentation takes a list here, its types do not.
  const keepsColor = colors as unknown as string;
  const renderer = prepared ?? createRenderer();
  prepared = undefined;
  const plot = createScatterplot({
    canvas,
    renderer,
    width,
    height,
    syncEvents: true,
    cameraIsFixed: true,
    colorBy: "valueA",
    pointColor: colors,
    pointColorActive: keepsColor,
    pointColorHover: keepsColor,
    pointSize,
    pointScaleMode: "constant",
    pointOutlineWidth: 1,
    opacity,
    opacityInactiveMax: 0.4 * opacity,
    opacityInactiveScale: 0.5,
    deselectOnDblClick: false,
    deselectOnEscape: false,
    // Only the rim of emphasised points has this colour.
    backgroundColor: [255, 255, 255, 0],
  });
  plot.subscribe("draw", onDrawn);
  const show = (view: View, size: Size) => {
    // Points grow, but far less than the map does.
    const wanted = pointSize * Math.min(Math.max(view.scale / initial.homeScale, 0.5), 30) ** 0.3;
    if (Math.abs(wanted / shownSize - 1) > 0.1) {
      shownSize = wanted;
      plot.set({ pointSize: wanted });
    }
    if (size.width !== width || size.height !== height) {
      ({ width, height } = size);
      plot.set({ width, height });
    }
    plot.get("camera").setView(cameraMatrix(view, size, placed.center, placed.half));
    plot.redraw();
  };
  show(initial.view, initial.size);
  await plot.draw(
    { x: placed.x, y: placed.y, z: placed.category },
    { zDataType: "categorical", spatialIndex: NOT_ASKED },
  );
  renderer.canvas.addEventListener("webglcontextrestored", onRestored);
  return {
    show,
    filter(hidden) {
      if (hidden.size === 0) {
        plot.unfilter({ preventEvent: true });
        return;
      }
      const shown: number[] = [];
      for (let k = 0; k < placed.category.length; k++) if (!hidden.has(placed.category[k])) shown.push(k);
      plot.filter(shown, { preventEvent: true });
    },
    emphasize(images) {
      const places = Array.from(images, (i) => placed.placeOf[i]).filter((place) => place >= 0);
      // A few must be found among many; many must not run together.
      plot.set({ pointSizeSelected: places.length < FEW ? 3 : 0.5 });
      if (places.length > 0) plot.select(places, { preventEvent: true });
      else plot.deselect({ preventEvent: true });
    },
    destroy() {
      plot.destroy();
      renderer.destroy();
    },
  };
}

const FEW = 300;

/** regl-scatterplot makes an index of the points unless it is given one; we never ask it what lies where. */
const NOT_ASKED = (() => {
  const index = new KDBush(1);
  index.add(0, 0);
  return index.finish().data as ArrayBuffer;
})();

/** The points in the order of drawing, moved to −1 … 1. */
function arrange({ count, coordinates, categories, home }: MapData) {
  const center = [(home.minX + home.maxX) / 2, (home.minY + home.maxY) / 2] as const;
  const half = Math.max(home.maxX - home.minX, home.maxY - home.minY) / 2 || 1;
  const finite = (i: number) => Number.isFinite(coordinates[2 * i] + coordinates[2 * i + 1]);
  // Mixed, so that no class always lies on top.
  const order = Array.from(mixedOrder(count)).filter(finite);
  const placeOf = new Int32Array(count).fill(-1);
  order.forEach((image, place) => {
    placeOf[image] = place;
  });
  return {
    center,
    half,
    placeOf,
    x: Array.from(order, (i) => (coordinates[2 * i] - center[0]) / half),
    y: Array.from(order, (i) => (coordinates[2 * i + 1] - center[1]) / half),
    category: Array.from(order, (i) => categories.of[i]),
  };
}

/** regl-scatterplot shows −1 … 1 over the height of the canvas; column by column. */
function cameraMatrix(
  { x, y, scale }: View,
  { height }: Size,
  [centerX, centerY]: readonly [number, number],
  half: number,
): Float32Array {
  const unit = (2 * scale) / height;
  const zoom = unit * half;
  const [dx, dy] = [(centerX - x) * unit, (centerY - y) * unit];
  return Float32Array.of(zoom, 0, 0, 0, 0, zoom, 0, 0, 0, 0, 1, 0, dx, dy, 0, 1);
}
