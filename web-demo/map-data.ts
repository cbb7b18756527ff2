// What the page knows of the images of a map, as points.worker.ts sends it.

import type { Categories } from "../models/plot/categories.ts";
import type { Anchor } from "../models/plot/class-labels.ts";
import type { JoinedPaths } from "./paths.ts";
import type { Rect } from "./view.ts";

export interface MapData {
  readonly count: number;
  /** The first two coordinates of every image: [count, 2]. */
  readonly coordinates: Float32Array;
  /** [count]. */
  readonly novelty: Float32Array;
  /** As in MapPoints: [count]. */
  readonly duplicateOf: Int32Array | undefined;
  readonly paths: JoinedPaths;
  readonly categories: Categories;
  /** Where the points lie, a few strays aside. */
  readonly home: Rect;
  /** Where on the map the name of each category goes. */
  readonly anchors: readonly (Anchor | undefined)[];
}

export type PointsAnswer = { readonly data: MapData } | { readonly failure: string };
