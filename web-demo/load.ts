// Loads what the page needs before anything can be seen: what the map says of itself, and its points.

import { z } from "zod";
import { bundleFiles } from "../models/bundle/files.ts";
import { type MapInfo, mapInfoSchema } from "../models/bundle/map-info.ts";
import { PlaneIndex } from "../models/plane-index.ts";
import { fetchFile } from "./fetch.ts";
import type { MapData, PointsAnswer } from "./map-data.ts";
import { type MapFiles, openMapFiles } from "./map-files.ts";
import { Paths } from "./paths.ts";

const siteSchema = z.object({
  /** Whether a server that places images stands behind the page. */
  server: z.boolean(),
  /** Whether it wants a key. */
  apiKey: z.boolean(),
});

export type Site = z.infer<typeof siteSchema>;

/** No server behind the page. */
const ON_ITS_OWN: Site = { server: false, apiKey: false };

export interface LoadedMap {
  readonly info: MapInfo;
  readonly site: Site;
  readonly files: MapFiles;
  readonly data: MapData;
  readonly paths: Paths;
  readonly index: PlaneIndex;
  /** Of the extent of the map, in its units. */
  readonly diagonal: number;
  /** About how far a point is from the next ones, in units of the map. */
  readonly spacing: number;
}

/** @throws Error whose message says in a line what is missing or damaged */
export async function loadMap(): Promise<LoadedMap> {
  const files = await openMapFiles(document.baseURI, location.search);
  const [info, site, data] = await Promise.all([
    fetchJson(files.url(bundleFiles.info), bundleFiles.info, mapInfoSchema),
    files.kept ? ON_ITS_OWN : fetchJson(new URL("site.json", document.baseURI).href, "site.json", siteSchema),
    loadPoints(files.url(bundleFiles.points)),
  ]);
  const index = new PlaneIndex({ count: data.count, dim: 2, coordinates: data.coordinates });
  const { min, max } = info.bounds;
  const diagonal = Math.hypot(max[0] - min[0], max[1] - min[1]);
  return {
    info,
    site,
    files,
    data,
    paths: new Paths(data.paths),
    index,
    diagonal,
    spacing: spacingOf(data, index),
  };
}

async function fetchJson<T>(url: string, name: string, schema: z.ZodType<T>): Promise<T> {
  const response = await fetchFile(url);
  const checked = schema.safeParse(await response.json().catch(() => undefined));
  if (!checked.success) throw new Error(`${name} is damaged`);
  return checked.data;
}

function loadPoints(url: string): Promise<MapData> {
  const worker = new Worker(new URL("./points.worker.ts", import.meta.url), { type: "module" });
  return new Promise<MapData>((resolve, reject) => {
    worker.onmessage = ({ data: answer }: MessageEvent<PointsAnswer>) => {
      if ("data" in answer) resolve(answer.data);
      else reject(new Error(answer.failure));
    };
    worker.onerror = () => reject(new Error("the points could not be read"));
    worker.postMessage(url);
  }).finally(() => worker.terminate());
}

const SAMPLES = 300;

/** Twice the median distance to the nearest, which is what the side of a square per point would be. */
function spacingOf({ count, coordinates }: MapData, index: PlaneIndex): number {
  const distances: number[] = [];
  for (let sample = 0; sample < Math.min(SAMPLES, count); sample++) {
    const i = Math.floor((sample * count) / Math.min(SAMPLES, count));
    const found = index.nearest(coordinates[2 * i], coordinates[2 * i + 1], 2);
    if (found.length === 2) distances.push(found[1].distance);
  }
  distances.sort((a, b) => a - b);
  return 2 * (distances[distances.length >> 1] ?? 0);
}
