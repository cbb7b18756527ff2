// Places new images on a finished map: picture → preprocess.onnx → encoder.onnx → point and novelty.

import { type CompactFeatures, compactQueries } from "./features.ts";
import { nearest } from "./neighbours.ts";
import { meanDistances, NOVELTY_NEIGHBOURS, novelty } from "./novelty.ts";
import type { Pixels } from "./pixels.ts";
import { openPreprocessor } from "./preprocessor.ts";
import type { Runtime } from "./runtime.ts";

export interface EmbedderFiles {
  /** preprocess.onnx */
  readonly preprocess: Uint8Array;
  /** encoder.onnx */
  readonly encoder: Uint8Array;
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
}

export interface Embedder {
  /** A decoded picture as the encoder takes it, uint8 [S, S, 3]. */
  prepare(pixels: Pixels): Promise<Uint8Array>;
  /** Places prepared pictures. Each lands where it would land alone. */
  place(prepared: readonly Uint8Array[]): Promise<Placement[]>;
  close(): Promise<void>;
}

/** @throws if a model cannot be loaded */
export async function openEmbedder(files: EmbedderFiles, runtime: Runtime): Promise<Embedder> {
  const { features, imageSize } = files;
  const preprocessor = await openPreprocessor(files.preprocess, runtime);
  const encoder = await runtime.createSession(files.encoder);
  const codes = Float32Array.from(features.codes);
  return {
    prepare: (pixels) => preprocessor.run(pixels),
    async place(prepared) {
      if (prepared.length === 0) return [];
      const images = new Uint8Array(prepared.length * imageSize * imageSize * 3);
      for (const [i, picture] of prepared.entries()) images.set(picture, i * picture.length);
      const shape = [prepared.length, imageSize, imageSize, 3];
      const results = await encoder.run({ images: new runtime.Tensor("uint8", images, shape) });
      const embedding = results.embedding.data as Float32Array;
      const dim = embedding.length / prepared.length;
      const queries = compactQueries(features, results.features.data as Float32Array);
      const found = nearest(queries, codes, { dim: features.dim, k: NOVELTY_NEIGHBOURS });
      return Array.from(meanDistances(found), (distance, i) => ({
        embedding: Array.from(embedding.subarray(i * dim, (i + 1) * dim)),
        novelty: novelty(distance, features.distanceQuantiles),
      }));
    },
    async close() {
      await preprocessor.close();
      await encoder.release();
    },
  };
}
