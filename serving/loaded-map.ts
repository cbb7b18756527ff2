// A map that is open for serving: its files, its points, and the threads that place images on it.

import { join } from "node:path";
import { type Bundle, openBundle } from "../models/bundle/bundle.node.ts";
import { bundleFiles } from "../models/bundle/files.ts";
import type { MapInfo } from "../models/bundle/map-info.ts";
import { readEmbedderFiles } from "../models/embedder-files.node.ts";
import { majority } from "../models/majority.ts";
import type { PictureReader } from "../models/pictures.ts";
import { type Near, PlaneIndex } from "../models/plane-index.ts";
import { decodePoints, type MapPoints } from "../models/points.ts";
import { bundlePictures } from "../models/thumbnails.node.ts";
import { PlacerPool, type PoolOptions } from "./placer-pool.ts";
import { openServedFile, readServedFile, type ServedFile } from "./served-file.ts";

/** Neighbours that vote on the label of a placed image. */
export const VOTERS = 15;

export class LoadedMap {
  readonly info: MapInfo;
  readonly points: MapPoints;
  readonly pool: PlacerPool;
  /** The files of the bundle that pages and clients get, by their names in it. */
  readonly files: ReadonlyMap<string, ServedFile>;
  readonly #index: PlaneIndex;
  readonly #pictures: PictureReader;
  #picturesRead: Promise<unknown> = Promise.resolve();
  #users = 0;
  #retired: (() => void) | undefined;

  private constructor(bundle: Bundle, points: MapPoints, pool: PlacerPool, files: Map<string, ServedFile>) {
    this.info = bundle.info;
    this.points = points;
    this.pool = pool;
    this.files = files;
    this.#index = new PlaneIndex(points);
    this.#pictures = bundlePictures({ info: bundle.info, read: (name) => readServedFile(files.get(name)!) });
  }

  /** Opens and checks a map and warms its threads. @throws UserError if it is missing or damaged */
  static async open(dir: string, options: PoolOptions): Promise<LoadedMap> {
    const bundle = await openBundle(dir);
    const files = new Map<string, ServedFile>();
    try {
      for (const [name, { sha256 }] of Object.entries(bundle.info.files)) {
        // What only a training run needs is large and nobody else's business.
        if (name.startsWith(`${bundleFiles.training}/`)) continue;
        files.set(name, await openServedFile(await bundle.locate(name), `"${sha256}"`));
      }
      files.set(
        bundleFiles.info,
        await openServedFile(join(bundle.dir, bundleFiles.info), `"${bundle.info.id}"`),
      );
      // What is open has been checked already; what is missing, the bundle says best.
      const read = (name: string) => (files.has(name) ? readServedFile(files.get(name)!) : bundle.read(name));
      const points = await decodePoints(await read(bundleFiles.points));
      const embedderFiles = await readEmbedderFiles({ info: bundle.info, read });
      return new LoadedMap(bundle, points, await PlacerPool.open(embedderFiles, options), files);
    } catch (error) {
      await closeAll(files);
      throw error;
    }
  }

  /** The nearest images of a spot on the map. */
  near(embedding: readonly number[], k: number): Near[] {
    return this.#index.nearest(embedding[0], embedding[1], k);
  }

  /** The most frequent label among the first {@link VOTERS} of the nearest; undefined if they have none. */
  labelOf(nearest: readonly Near[]): string | undefined {
    const labels = nearest.slice(0, VOTERS).map(({ index }) => this.points.labels[index]);
    return majority(labels.filter((label) => label !== null));
  }

  /** The thumbnail of an image, RGB [size, size, 3]. */
  async picture(index: number): Promise<{ data: Uint8Array; size: number }> {
    const { size } = this.#pictures;
    const data = new Uint8Array(size * size * 3);
    // One after the other: many pictures of one sheet then cost one decoding.
    const read = this.#picturesRead.then(() => this.#pictures.read(index, data));
    this.#picturesRead = read.catch(() => {});
    await read;
    return { data, size };
  }

  /** Keeps the map open while something is done with it. */
  async use<T>(work: (map: LoadedMap) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await work(this);
    } finally {
      this.#users--;
      if (this.#users === 0) this.#retired?.();
    }
  }

  /** Closes the map when nobody uses it any more. */
  async retire(): Promise<void> {
    if (this.#users > 0) {
      await new Promise<void>((resolve) => {
        this.#retired = resolve;
      });
    }
    await this.pool.close();
    await closeAll(this.files);
  }
}

async function closeAll(files: ReadonlyMap<string, ServedFile>): Promise<void> {
  for (const { handle } of files.values()) await handle.close();
}
