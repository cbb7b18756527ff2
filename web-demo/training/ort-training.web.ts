// The training build of onnxruntime-web 1.19.2, the last that has it, loaded only when it is asked for.

import trainingModule from "../../node_modules/onnxruntime-web-training/dist/ort-training-wasm-simd-threaded.mjs?url";
import trainingBinary from "../../node_modules/onnxruntime-web-training/dist/ort-training-wasm-simd-threaded.wasm?url";
import {
  type OrtTrainingPackage,
  type OrtTrainingRuntime,
  ortTrainingRuntime,
} from "../../training/engines/ort-training-stage.ts";
import { absolute } from "../runtime.web.ts";

export async function openOrtTraining(threads: number): Promise<OrtTrainingRuntime> {
  // @ts-expect-error: its types are a script's
  const loaded: OrtTrainingPackage = await import("onnxruntime-web-training/training");
  return ortTrainingRuntime(
    loaded,
    { mjs: absolute(trainingModule), wasm: absolute(trainingBinary) },
    threads,
  );
}
