// Which images a selection means.

import { duplicateGroups } from "../models/duplicates.ts";
import { mostNovel } from "../models/novelty.ts";
import type { PlaneIndex } from "../models/plane-index.ts";
import { contains } from "./lasso.ts";
import type { MapData } from "./map-data.ts";
import { folded, type Paths } from "./paths.ts";
import type { Selection } from "./share-link.ts";

/** How many neighbours are shown of an image. */
export const NEIGHBOURS = 12;
/** How many outliers are shown … */
const OUTLIERS = 120;
/** … and at most what share of the map: of few images the tenth is no outlier any more. */
const LARGEST_SHARE = 0.05;

export interface Selectable {
  readonly data: Pick<MapData, "count" | "coordinates" | "categories" | "novelty" | "duplicateOf">;
  readonly paths: Paths;
  readonly index: PlaneIndex;
}

/**
 * The images, without those of hidden categories. An image itself comes before its nearest, the newest outlier before
 * the others, each group of duplicates together; other lists ascend.
 */
export function resolveSelection(
  map: Selectable,
  selection: Selection,
  hidden: ReadonlySet<number>,
): readonly number[] {
  const { of } = map.data.categories;
  const images = imagesOf(map, selection);
  return hidden.size === 0 ? images : images.filter((i) => !hidden.has(of[i]));
}

function imagesOf({ data, paths, index }: Selectable, selection: Selection): number[] {
  const { coordinates } = data;
  switch (selection.kind) {
    case "area": {
      const { polygon } = selection;
      const [xs, ys] = [0, 1].map((axis) => polygon.filter((_, i) => i % 2 === axis));
      return index
        .within(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys))
        .filter((i) => contains(polygon, coordinates[2 * i], coordinates[2 * i + 1]));
    }
    case "search":
      return search(data, paths, selection.text);
    case "near": {
      const { index: image } = selection;
      if (image >= data.count) return [];
      const [x, y] = [coordinates[2 * image], coordinates[2 * image + 1]];
      const near = index.nearest(x, y, NEIGHBOURS + 1).map((one) => one.index);
      return [image, ...near.filter((i) => i !== image).slice(0, NEIGHBOURS)];
    }
    case "outliers":
      return mostNovel(data.novelty, Math.min(OUTLIERS, Math.ceil(LARGEST_SHARE * data.count)));
    case "duplicates":
      return data.duplicateOf ? duplicateGroups(data.duplicateOf).flat() : [];
  }
}

/** Images whose path or label contains the text, in ascending order. */
function search({ categories, count }: Selectable["data"], paths: Paths, text: string): number[] {
  const wanted = text.trim();
  const needle = folded(wanted);
  const byPath = paths.search(wanted);
  const labels = categories.list.map(({ name }) => needle !== "" && folded(name).includes(needle));
  if (!labels.includes(true)) return byPath;
  const found = new Uint8Array(count);
  for (const i of byPath) found[i] = 1;
  const all: number[] = [];
  for (let i = 0; i < count; i++) if (found[i] === 1 || labels[categories.of[i]]) all.push(i);
  return all;
}
