// The moves that buttons, keys and lists make on the map.

import { flyTo, land } from "./flight.ts";
import type { Guest } from "./placing.ts";
import { homeView, map, padding, scaleLimits, size, view, viewOf, viewOfImages } from "./state.ts";
import { panned, toScreen, zoomedAt } from "./view.ts";

/** Zooms around a pixel, or around the middle of the window. */
export function zoomBy(factor: number, at?: readonly [number, number]): void {
  const loaded = map.value;
  if (!loaded) return;
  land();
  const [least, most] = scaleLimits(loaded);
  const [left, top] = at ?? [size.value.width / 2, size.value.height / 2];
  const scale = Math.min(Math.max(view.value.scale * factor, least), most);
  view.value = zoomedAt(view.value, size.value, left, top, scale);
}

export function panBy(dx: number, dy: number): void {
  land();
  view.value = panned(view.value, dx, dy);
}

export function goHome(): void {
  if (map.value) flyTo(homeView(map.value));
}

/** Shows all of these images. */
export function goToImages(images: readonly number[]): void {
  const target = map.value && viewOfImages(map.value, images);
  if (target) flyTo(target);
}

/** Brings a place into sight, without moving if it is there already. */
export function bringIntoSight(x: number, y: number): void {
  const { width, height } = size.value;
  const { top, right, bottom, left } = padding.value;
  const [px, py] = toScreen(view.value, size.value, x, y);
  if (px >= left && px <= width - right && py >= top && py <= height - bottom) return;
  flyTo({
    ...view.value,
    x: x - (left - right) / 2 / view.value.scale,
    y: y + (top - bottom) / 2 / view.value.scale,
  });
}

/** Shows a placed image among its neighbours. */
export function goToGuest({ here }: Guest): void {
  const loaded = map.value;
  if (here.kind !== "placed" || !loaded) return;
  const { coordinates } = loaded.data;
  const [x, y] = here.embedding;
  const xs = [x, ...here.neighbours.map(({ index }) => coordinates[2 * index])];
  const ys = [y, ...here.neighbours.map(({ index }) => coordinates[2 * index + 1])];
  flyTo(
    viewOf(loaded, {
      minX: Math.min(...xs),
      minY: Math.min(...ys),
      maxX: Math.max(...xs),
      maxY: Math.max(...ys),
    }),
  );
}
