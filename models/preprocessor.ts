// Runs preprocess.onnx: any picture → the square the encoder takes.

import type { InferenceSession } from "onnxruntime-common";
import type { Pixels } from "./pixels.ts";
import type { Runtime } from "./runtime.ts";

export interface Preprocessor {
  /** A decoded picture → uint8 [S, S, 3]; the very bytes given where it is such a square already. */
  run(pixels: Pixels): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * @param model the bytes of preprocess.onnx
 * @param imageSize its S
 * @throws if they are no such model
 */
export async function openPreprocessor(
  model: Uint8Array,
  runtime: Runtime,
  imageSize: number,
): Promise<Preprocessor> {
  const session: InferenceSession = await runtime.createSession(model);
  return {
    async run({ data, height, width }) {
      // The model would change nothing (see preprocess.test.ts), and takes a third of the time of a small picture.
      if (height === imageSize && width === imageSize) return data;
      const results = await session.run({ pixels: new runtime.Tensor("uint8", data, [height, width, 3]) });
      return results.image.data as Uint8Array;
    },
    close: () => session.release(),
  };
}
