// What is loaded and what is on the screen. Components and the map read these signals; only functions here and in
// placing.ts change more than one of them.

import { batch, computed, signal } from "@preact/signals";
import type { LoadedMap } from "./load.ts";
import { resolveSelection } from "./selection.ts";
import { decodeLink, encodeLink, type Selection } from "./share-link.ts";
import { boundsOf, fitted, type Padding, type Rect, type Size, type View } from "./view.ts";

export const map = signal<LoadedMap | undefined>(undefined);
/** Why there is no map. */
export const failure = signal<string | undefined>(undefined);

export const size = signal<Size>({ width: 1, height: 1 });
export const view = signal<View>({ x: 0, y: 0, scale: 1 });
/** Places of the categories that are not shown. */
export const hidden = signal<ReadonlySet<number>>(new Set());
export const selection = signal<Selection | undefined>(undefined);
/** The image that is pointed at, on the map or in a list. */
export const hovered = signal<number | undefined>(undefined);
export type Tool = "move" | "rectangle" | "lasso";
export const tool = signal<Tool>("move");
/** Which panel a narrow window shows. */
export type Sheet = "classes" | "place" | "selection" | "placed";
export const sheet = signal<Sheet | undefined>(undefined);
export const helpShown = signal(false);
/** Whether files are being dragged over the page. */
export const dragging = signal(false);
/** Whether the points are on the screen. */
export const drawn = signal(false);

/** The selected images that are shown. */
export const selected = computed<readonly number[]>(() =>
  map.value && selection.value ? resolveSelection(map.value, selection.value, hidden.value) : [],
);

/** Below this width the panels become a sheet. The style sheet has the same number. */
export const NARROW = 720;
export const narrow = computed(() => size.value.width < NARROW);

/** Whether the list of placed images takes room at the side. */
export const sidePanel = signal(false);
/** What the panels cover. */
export const padding = computed<Padding>(() =>
  narrow.value
    ? { top: 76, right: 60, bottom: sheet.value ? 60 + 0.46 * size.value.height : 64, left: 20 }
    : { top: 36, right: sidePanel.value || selection.value ? 350 : 44, bottom: 76, left: 330 },
);

/** The names under which classes stand in links. */
function classNames(): string[] {
  return map.value?.data.categories.list.map(({ name }) => name) ?? [];
}

/** The view of the whole map. */
export function homeView({ data }: LoadedMap): View {
  return fitted(data.home, size.value, padding.value);
}

/** How far in and out one can zoom. */
export function scaleLimits(loaded: LoadedMap): [number, number] {
  const home = fitted(loaded.data.home, size.value, padding.value).scale;
  return [home / 3, Math.max(home * 50, 200 / (loaded.spacing || 1))];
}

/** The view of some images, not closer than makes sense. */
export function viewOf(loaded: LoadedMap, rect: Rect): View {
  const [, most] = scaleLimits(loaded);
  return fitted(rect, size.value, padding.value, Math.min(most, 60 / (loaded.spacing || 1)));
}

export function viewOfImages(loaded: LoadedMap, images: readonly number[]): View | undefined {
  const rect = boundsOf(loaded.data.coordinates, images);
  return rect && viewOf(loaded, rect);
}

/** The map is here: shows what the address asks for. */
export function showMap(loaded: LoadedMap): void {
  batch(() => {
    map.value = loaded;
    restore(location.hash);
  });
}

/** Shows what a link describes. */
export function restore(hash: string): void {
  const loaded = map.value;
  if (!loaded) return;
  const shared = decodeLink(hash, classNames());
  const { width, height } = size.value;
  batch(() => {
    hidden.value = shared.hidden;
    selection.value = shared.selection;
    if (shared.selection) sheet.value = "selection";
    view.value = shared.view
      ? { x: shared.view.x, y: shared.view.y, scale: Math.min(width, height) / shared.view.span }
      : homeView(loaded);
  });
}

/** What is on the screen, as the part of the address after "#". */
export function currentLink(): string {
  const { x, y, scale } = view.value;
  const span = Math.min(size.value.width, size.value.height) / scale;
  return encodeLink({ view: { x, y, span }, hidden: hidden.value, selection: selection.value }, classNames());
}

export function select(wanted: Selection | undefined): void {
  batch(() => {
    selection.value = wanted;
    if (wanted && wanted.kind !== "search") sheet.value = "selection";
    else if (!wanted && sheet.value === "selection") sheet.value = undefined;
  });
}

/** Shows or hides a category. */
export function toggleCategory(place: number): void {
  const next = new Set(hidden.value);
  if (!next.delete(place)) next.add(place);
  hidden.value = next;
}

/** Shows one category alone; all of them if it is alone already. */
export function showOnly(place: number): void {
  const others = classNames().flatMap((_, i) => (i === place ? [] : [i]));
  const alone = !hidden.value.has(place) && hidden.value.size === others.length;
  hidden.value = new Set(alone ? [] : others);
}

export function showAll(shown: boolean): void {
  hidden.value = new Set(shown ? [] : classNames().map((_, i) => i));
}
