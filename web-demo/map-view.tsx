// The map: points below, everything else on a canvas above them, which also takes what hands do.

import { effect, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { reasonOf } from "../models/errors.ts";
import { listenToGestures } from "./gestures.ts";
import { rectangle, simplified } from "./lasso.ts";
import type { LoadedMap } from "./load.ts";
import { panBy, zoomBy } from "./navigate.ts";
import { Overlay, type Scene } from "./overlay.ts";
import { active, placed } from "./placing.ts";
import { createMapRenderer, type MapRenderer } from "./renderer.ts";
import { short } from "./share-link.ts";
import { sheets, sheetsChanged } from "./sheets.ts";
import { drawn, hidden, homeView, hovered, select, selected, sheet, size, tool, view } from "./state.ts";
import { toMap, toScreen, visibleRect } from "./view.ts";

/** A point may be so far from the pointer, in pixels. */
const REACH = 12;
/** Corners of an area, so that it fits into a link. */
const MOST_CORNERS = 60;

/** Corners of the area being drawn, in pixels. */
const outline = signal<readonly (readonly [number, number])[]>([]);
/** Why the points cannot be drawn. */
const trouble = signal<string | undefined>(undefined);

export function MapView({ map }: { readonly map: LoadedMap }) {
  const points = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => start(map, points.current!, over.current!), [map]);
  const images = map.info.counts.images.toLocaleString("en");
  return (
    <main class="map" data-tool={tool.value} data-drawn={drawn.value}>
      <canvas ref={points} class={Overlay.showsPictures(map, view.value) ? "points behind" : "points"} />
      <div
        class="over"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move the map when it has the focus.
        tabIndex={0}
        role="application"
        aria-label={`Map of ${images} images. Arrow keys move it, plus and minus zoom.`}
      >
        <canvas ref={over} />
      </div>
      {trouble.value && (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      )}
    </main>
  );
}

/** Draws, and listens. @returns ends both */
function start(map: LoadedMap, points: HTMLCanvasElement, over: HTMLCanvasElement): () => void {
  const overlay = new Overlay(over, map, sheets.peek()!);
  let renderer: MapRenderer | undefined;
  let asked = false;
  const paint = () => {
    asked = false;
    overlay.paint(scene());
  };
  /** Paints with the next frame, unless the points are drawn in it, which paints too. */
  const askForPaint = () => {
    if (!asked) requestAnimationFrame(paint);
    asked = true;
  };

  let stopped = false;
  const createRenderer = () => {
    const initial = { view: view.peek(), size: size.peek(), homeScale: homeView(map).scale };
    createMapRenderer(points, map.data, initial, { onDrawn: paint, onRestored }).then(
      (created) => {
        renderer = created;
        if (stopped) created.destroy();
        drawn.value = !stopped;
      },
      (error) => {
        trouble.value = `The points cannot be drawn: ${reasonOf(error)}. This page needs WebGL.`;
      },
    );
  };
  const onRestored = () => {
    drawn.value = false;
    renderer?.destroy();
    renderer = undefined;
    createRenderer();
  };
  createRenderer();

  const stops = [
    effect(() => {
      const [seen, window] = [view.value, size.value];
      if (drawn.value) renderer?.show(seen, window);
      askForPaint();
    }),
    effect(() => {
      const [categories, images] = [hidden.value, selected.value];
      if (!drawn.value) return;
      renderer?.filter(categories);
      renderer?.emphasize(images);
      askForPaint();
    }),
    effect(() => {
      // What only the overlay shows.
      void [hovered.value, outline.value, placed.value, active.value, sheetsChanged.value];
      askForPaint();
    }),
    listenToGestures(over.parentElement!, handlers(map, overlay)),
    onThemeChange(() => {
      overlay.readTheme();
      askForPaint();
    }),
  ];
  return () => {
    stopped = true;
    for (const stop of stops) stop();
    renderer?.destroy();
  };
}

function scene(): Scene {
  return {
    view: view.peek(),
    size: size.peek(),
    hidden: hidden.peek(),
    hovered: hovered.peek(),
    selected: selectedSet(),
    outline: outline.peek(),
    guests: placed.peek(),
    active: active.peek(),
  };
}

let known: { list: readonly number[]; set: ReadonlySet<number> } = { list: [], set: new Set() };
/** The selection as a set, made once. */
function selectedSet(): ReadonlySet<number> {
  const list = selected.peek();
  if (known.list !== list) known = { list, set: new Set(list) };
  return known.set;
}

function handlers(map: LoadedMap, overlay: Overlay): Parameters<typeof listenToGestures>[1] {
  const under = (at: readonly [number, number]) => overlay.imageAt(at) ?? pointAt(map, at);
  let drawsRectangle = true;
  return {
    draws(event) {
      drawsRectangle = tool.value !== "lasso" && !(event.shiftKey && event.altKey);
      return tool.value !== "move" || event.shiftKey;
    },
    pan: panBy,
    zoom: (left, top, factor) => zoomBy(factor, [left, top]),
    drawing(corners, done) {
      const [first, last] = [corners[0], corners.at(-1)];
      const area =
        drawsRectangle && first && last
          ? pairs(rectangle(first[0], first[1], last[0], last[1]))
          : [...corners];
      outline.value = done ? [] : area;
      if (!done || area.length < 3) return;
      const polygon = area.flatMap(([left, top]) => toMap(view.value, size.value, left, top));
      const simple = simplified(polygon, 1.5 / view.value.scale, MOST_CORNERS);
      // Rounded as in a link, so that a link selects the same.
      select({ kind: "area", polygon: simple.map(short) });
      tool.value = "move";
    },
    point(at) {
      hovered.value = at && overlay.guestAt(at) === undefined ? under(at) : undefined;
    },
    click(at) {
      const guest = overlay.guestAt(at);
      if (guest !== undefined) {
        active.value = guest;
        sheet.value = "placed";
        return;
      }
      const image = under(at);
      select(image === undefined ? undefined : { kind: "near", index: image });
    },
  };
}

function pairs(flat: readonly number[]): [number, number][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
}

/** The image whose point is nearest to a pixel, within reach. */
function pointAt({ data, index }: LoadedMap, [left, top]: readonly [number, number]): number | undefined {
  const { width, height } = size.value;
  const [x, y] = toMap(view.value, size.value, left, top);
  const around = visibleRect({ ...view.value, x, y }, { width: 0, height: 0 }, REACH);
  let [best, distance] = [undefined as number | undefined, REACH];
  for (const i of index.within(around.minX, around.minY, around.maxX, around.maxY)) {
    if (hidden.value.has(data.categories.of[i])) continue;
    const [px, py] = toScreen(
      view.value,
      { width, height },
      data.coordinates[2 * i],
      data.coordinates[2 * i + 1],
    );
    const away = Math.hypot(px - left, py - top);
    if (away <= distance) [best, distance] = [i, away];
  }
  return best;
}

function onThemeChange(changed: () => void): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", changed);
  return () => dark.removeEventListener("change", changed);
}
