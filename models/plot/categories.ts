// Classes of a map, as its legend shows them.

import type { Rgb } from "../color.ts";
import type { MapPoints } from "../points.ts";
import { categoryColors, UNLABELLED } from "./palette.ts";

export interface Category {
  /** null: no label. */
  readonly label: string | null;
  readonly name: string;
  readonly color: Rgb;
  readonly count: number;
}

export interface Categories {
  /** Most images first; the images without a label last. Empty if no image has a label. */
  readonly list: readonly Category[];
  /** For each image its place in the list; 0 for all if the list is empty. */
  readonly of: Uint32Array;
}

/** All images of a map without labels. */
export const SINGLE_COLOR: Rgb = [63, 144, 218];

export function categorize({ labels }: Pick<MapPoints, "labels">): Categories {
  const counts = new Map<string | null, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const unlabelled = counts.get(null) ?? 0;
  counts.delete(null);
  if (counts.size === 0) return { list: [], of: new Uint32Array(labels.length) };
  const entries = [...counts] as [string, number][];
  entries.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const colors = categoryColors(entries.length);
  const list: Category[] = entries.map(([label, count], i) => ({
    label,
    name: label,
    count,
    color: colors[i],
  }));
  if (unlabelled > 0) list.push({ label: null, name: "no label", count: unlabelled, color: UNLABELLED });
  const places = new Map<string | null, number>(entries.map(([name], i) => [name, i]));
  places.set(null, entries.length);
  return { list, of: Uint32Array.from(labels, (label) => places.get(label)!) };
}

/** The colour of every category; of everything if there are none. */
export function colorsOf({ list }: Categories): readonly Rgb[] {
  return list.length === 0 ? [SINGLE_COLOR] : list.map(({ color }) => color);
}
