// Reads points.parquet off the main thread, and works out what takes a while for many points.

import { reasonOf } from "../models/errors.ts";
import { categorize } from "../models/plot/categories.ts";
import { densestPlaces } from "../models/plot/class-labels.ts";
import { frame } from "../models/plot/view.ts";
import { decodePoints, type MapPoints } from "../models/points.ts";
import { fetchBytes } from "./fetch.ts";
import type { MapData, PointsAnswer } from "./map-data.ts";
import { joinPaths } from "./paths.ts";

/** Side of the picture in which the densest places are looked for, in pixels. */
const SIDE = 1000;

self.onmessage = async ({ data: url }: MessageEvent<string>) => {
  try {
    const data = describe(await decodePoints(await fetchBytes(url)));
    const { coordinates, novelty, duplicateOf, categories, paths } = data;
    const lists = [coordinates, novelty, categories.of, paths.ends, ...(duplicateOf ? [duplicateOf] : [])];
    const transfer = lists.map(({ buffer }) => buffer);
    self.postMessage({ data } satisfies PointsAnswer, { transfer });
  } catch (error) {
    self.postMessage({ failure: reasonOf(error) } satisfies PointsAnswer);
  }
};

function describe(points: MapPoints): MapData {
  const { count } = points;
  const flat: MapPoints = { ...points, dim: 2, coordinates: firstTwo(points) };
  const categories = categorize(points);
  const view = frame(flat, SIDE, 0);
  const [left, top] = view.origin;
  const anchors = densestPlaces(view, categories.of, categories.list.length || 1).map(
    (anchor) => anchor && { x: left + anchor.x / view.scale, y: top - anchor.y / view.scale },
  );
  return {
    count,
    coordinates: flat.coordinates,
    novelty: points.novelty,
    duplicateOf: points.duplicateOf,
    paths: joinPaths(points.paths),
    categories,
    home: {
      minX: left,
      minY: top - view.height / view.scale,
      maxX: left + view.width / view.scale,
      maxY: top,
    },
    anchors,
  };
}

function firstTwo({ coordinates, dim, count }: MapPoints): Float32Array {
  if (dim === 2) return coordinates;
  return Float32Array.from({ length: 2 * count }, (_, i) => coordinates[(i >> 1) * dim + (i & 1)]);
}
