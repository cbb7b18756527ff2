// Places new images on a finished map: picture → preprocess.onnx → encoder.onnx → point, and
// → neighbours.onnx → novelty.

import { openFeatureSearch } from "./feature-search.ts";
import { type CompactFeatures, compactQueries } from "./features.ts";
import { meanDistances, novelty, noveltyNeighbours } from "./novelty.ts";
import type { Pixels } from "./pixels.ts";
import type { Near } from "./plane-index.ts";
import { openPreprocessor } from "./preprocessor.ts";
import type { Runtime } from "./runtime.ts";

export interface EmbedderFiles {
  /** preprocess.onnx */
  readonly preprocess: Uint8Array;
  /** encoder.onnx */
  readonly encoder: Uint8Array;
  /** neighbours.onnx */
  readonly neighbours: Uint8Array;
  /** features.safetensors, decoded. */
  readonly features: CompactFeatures;
  /** Side of the pictures the encoder takes. */
  readonly imageSize: number;
}

export interface Placement {
  /** Coordinates on the map, 2 or 3. */
  readonly embedding: number[];
  /** 0 … 1: how unusual the image is among the images of the map; see novelty.ts. */
  readonly novelty: number;
  /** The images of the map that are nearest in feature space, nearest first; distances in units of the codes. */
  readonly alike: readonly Near[];
}

export interface Embedder {
  /** A decoded picture as the encoder takes it, uint8 [S, S, 3]. */
  prepare(pixels: Pixels): Promise<Uint8Array>;
  /**
   * Places prepared pictures. Each lands where it would land alone.
   * @param alike how many of the nearest in feature space to tell, 100 at most; defaults to 0
   */
  place(prepared: readonly Uint8Array[], alike?: number): Promise<Placement[]>;
  close(): Promise<void>;
}

/** @throws if a model cannot be loaded */
export async function openEmbedder(files: EmbedderFiles, runtime: Runtime): Promise<Embedder> {
  const { features, imageSize } = files;
  const preprocessor = await openPreprocessor(files.preprocess, runtime, imageSize);
  const encoder = await runtime.createSession(files.encoder);
  const search = await openFeatureSearch(files.neighbours, features, runtime);
  return {
    prepare: (pixels) => preprocessor.run(pixels),
    async place(prepared, alike = 0) {
      if (prepared.length === 0) return [];
      const images = new Uint8Array(prepared.length * imageSize * imageSize * 3);
      for (const [i, picture] of prepared.entries()) images.set(picture, i * picture.length);
      const shape = [prepared.length, imageSize, imageSize, 3];
      const results = await encoder.run({ images: new runtime.Tensor("uint8", images, shape) });
      const embedding = results.embedding.data as Float32Array;
      const dim = embedding.length / prepared.length;
      const queries = compactQueries(features, {
        features: results.features.data as Float32Array,
        statistics: results.statistics.data as Float32Array,
      });
      const found = await search.nearest(queries);
      return Array.from(meanDistances(found, noveltyNeighbours(features.count)), (distance, i) => ({
        embedding: Array.from(embedding.subarray(i * dim, (i + 1) * dim)),
        novelty: novelty(distance, features.distanceQuantiles),
        alike: Array.from({ length: Math.min(alike, found.k) }, (_, j) => ({
          index: found.indices[i * found.k + j],
          distance: found.distances[i * found.k + j],
        })),
      }));
    },
    async close() {
      await preprocessor.close();
      await encoder.release();
      await search.close();
    },
  };
}
