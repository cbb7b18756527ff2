// What runs a stage's graphs. The training code knows this interface only.

import { UserError } from "../../models/errors.ts";
import type { Flavour, StageModels } from "../artifacts/stage-artifacts.ts";

/** All that a stage changes. Values are keyed by weight, statistic, and `<weight>.<moment>`. */
export interface TrainingState {
  readonly values: Readonly<Record<string, Float32Array>>;
  /** Updates done in this stage. */
  readonly step: number;
}

export interface StepResult {
  readonly loss: number;
  readonly alignment: number;
  readonly uniformity: number;
}

/**
 * Steps after which a stage's pace shows: in the first ONNX Runtime compiles and learns what memory a step takes, in the
 * second it gets that memory.
 */
export const STEPS_TO_PACE = 2;

/** What a training model says of a step. @param read the value of one of its outputs */
export function readStepResult(read: (output: keyof StepResult) => number): StepResult {
  return { loss: read("loss"), alignment: read("alignment"), uniformity: read("uniformity") };
}

export interface Encoded {
  /** float32 [count, outDim]. */
  readonly embedding: Float32Array;
  /** float32 [count, F]. */
  readonly features: Float32Array;
  /** float32 [count, 2C]. */
  readonly statistics: Float32Array;
}

/** A stage that has been made ready to run. */
export interface RunningStage {
  /** One update from views [2B, 3, S, S], or [2B, F] where features are the input. */
  step(views: Float32Array, learningRate: number): Promise<StepResult>;
  /** Loss of such views by the evaluation model. */
  evaluate(views: Float32Array): Promise<number>;
  /** A copy of the present state. */
  state(): Promise<TrainingState>;
  close(): Promise<void>;
}

export interface Engine {
  /** Which models it takes. */
  readonly flavour: Flavour;
  /** Makes a stage ready to run from a state, which must hold every value that the artifacts name. */
  load(artifacts: StageModels, state: TrainingState): Promise<void>;
  /**
   * One update.
   * @param views float32 [2B, 3, S, S]; the array is taken over and must not be used afterwards
   */
  step(views: Float32Array, learningRate: number): Promise<StepResult>;
  /** Loss of a batch with the running statistics; nothing changes. `views` is taken over. */
  evaluate(views: Float32Array): Promise<number>;
  /** A copy of the present state. */
  state(): Promise<TrainingState>;
  /** Makes a finished encoder ready for `encode`; it replaces the one before. */
  loadEncoder(encoder: Uint8Array): Promise<void>;
  /**
   * Embeds images with the encoder.
   * @param images uint8 [count, S, S, 3]; the array is taken over
   */
  encode(images: Uint8Array, count: number): Promise<Encoded>;
  close(): Promise<void>;
}

/** How the runtimes say that there is no memory left: C++, CUDA, WebGPU, WebAssembly, JavaScript. */
const OUT_OF_MEMORY =
  /bad_alloc|bad allocation|out of memory|failed to allocate|allocation failed|memory access out of bounds|OutOfMemory/i;

/** What went wrong on an engine, named, and what helps where that is known. */
export class EngineError extends UserError {
  constructor(engine: string, reason: string, options?: ErrorOptions) {
    const help = OUT_OF_MEMORY.test(reason)
      ? "out of memory: try a smaller batch size (--batch-size)"
      : reason;
    super(`engine ${engine}: ${help}`, options);
  }
}
