// A stage of the flavour "ort-training" on ONNX Runtime's own TrainingSession, which keeps weights, gradients and moments.

import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-common";
import { ERRORS, type Runtime } from "../../models/runtime.ts";
import { encodeOrtCheckpoint } from "../artifacts/ort-checkpoint.ts";
import type { StageModels } from "../artifacts/stage-artifacts.ts";
import { sizeOf } from "../graph/types.ts";
import { scalarOf } from "./batch-gradients.ts";
import { type RunningStage, readStepResult, type StepResult, type TrainingState } from "./engine.ts";

type Values = Record<string, Tensor>;

/** What is used of it: https://onnxruntime.ai/docs/api/js/interfaces/TrainingSession.html (1.19) */
export interface TrainingSession {
  runTrainStep(feeds: Values): Promise<Values>;
  runOptimizerStep(): Promise<void>;
  lazyResetGrad(): Promise<void>;
  runEvalStep(feeds: Values): Promise<Values>;
  /** Weights one after the other, in the order of the training model. */
  getContiguousParameters(trainableOnly: boolean): Promise<Tensor>;
  release(): Promise<void>;
}

export interface OrtTrainingRuntime extends Runtime {
  createTrainingSession(models: {
    readonly checkpointState: Uint8Array;
    readonly trainModel: Uint8Array;
    readonly evalModel: Uint8Array;
    readonly optimizerModel: Uint8Array;
  }): Promise<TrainingSession>;
}

/** What is used of the package, whose types are of another version. */
export interface OrtTrainingPackage {
  readonly env: {
    wasm: { wasmPaths: string | { mjs: string; wasm: string }; numThreads: number };
    logLevel: string;
  };
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<InferenceSession> };
  readonly TrainingSession: { create(models: object, options: object): Promise<TrainingSession> };
  readonly Tensor: TensorConstructor;
}

/**
 * Sets up the training build of onnxruntime-web.
 * @param wasmPaths where its WebAssembly is
 */
export function ortTrainingRuntime(
  { env, InferenceSession, TrainingSession, Tensor }: OrtTrainingPackage,
  wasmPaths: OrtTrainingPackage["env"]["wasm"]["wasmPaths"],
  threads: number,
): OrtTrainingRuntime {
  env.wasm.wasmPaths = wasmPaths;
  env.wasm.numThreads = threads;
  env.logLevel = "error";
  const options = { logSeverityLevel: ERRORS };
  return {
    createSession: (model) => InferenceSession.create(model, options),
    createTrainingSession: (models) => TrainingSession.create(models, options),
    Tensor,
  };
}

export function isOrtTraining(runtime: Runtime): runtime is OrtTrainingRuntime {
  return "createTrainingSession" in runtime;
}

export class OrtTrainingStage implements RunningStage {
  readonly #artifacts: StageModels;
  readonly #runtime: OrtTrainingRuntime;
  readonly #session: TrainingSession;
  readonly #start: TrainingState;
  /** BatchNorm's running statistics go in and out with every step. */
  readonly #statistics: Values;
  #step: number;

  private constructor(
    artifacts: StageModels,
    runtime: OrtTrainingRuntime,
    session: TrainingSession,
    state: TrainingState,
  ) {
    this.#artifacts = artifacts;
    this.#runtime = runtime;
    this.#session = session;
    this.#start = state;
    this.#step = state.step;
    this.#statistics = Object.fromEntries(
      artifacts.statistics.map(({ name, shape }) => [name, this.#tensor(state.values[name], shape)]),
    );
  }

  static async open(
    artifacts: StageModels,
    runtime: OrtTrainingRuntime,
    state: TrainingState,
  ): Promise<OrtTrainingStage> {
    const missing = [...artifacts.weights, ...artifacts.statistics].find(({ name }) => !state.values[name]);
    if (missing) throw new Error(`the training state lacks ${missing.name}`);
    const session = await runtime.createTrainingSession({
      checkpointState: encodeOrtCheckpoint(artifacts, state),
      trainModel: artifacts.trainingModel,
      evalModel: artifacts.evalModel,
      optimizerModel: artifacts.optimizerModel,
    });
    return new OrtTrainingStage(artifacts, runtime, session, state);
  }

  /** The rate is in the optimizer model; the one given here is the same. */
  async step(views: Float32Array): Promise<StepResult> {
    const { viewsShape, statistics, moments } = this.#artifacts;
    const results = await this.#session.runTrainStep({
      views: this.#tensor(views, viewsShape),
      ...this.#statistics,
    });
    for (const { name } of statistics) this.#statistics[name] = results[`${name}.next`];
    await this.#session.runOptimizerStep();
    // With momentum alone the buffer of gradients is the momentum.
    if (moments.length > 1) await this.#session.lazyResetGrad();
    this.#step++;
    return readStepResult((output) => scalarOf(results[output]));
  }

  async evaluate(views: Float32Array): Promise<number> {
    const { loss } = await this.#session.runEvalStep({
      views: this.#tensor(views, this.#artifacts.viewsShape),
      ...this.#statistics,
    });
    return scalarOf(loss);
  }

  /** The API does not hand out the moments: those of the result are 0, and a resumed stage gathers them anew. */
  async state(): Promise<TrainingState> {
    const { weights, trained, moments } = this.#artifacts;
    const values: Record<string, Float32Array> = { ...this.#start.values };
    for (const [name, { data }] of Object.entries(this.#statistics)) values[name] = data as Float32Array;
    const all = (await this.#session.getContiguousParameters(true)).data as Float32Array;
    let at = 0;
    for (const { name, shape } of weights) {
      if (!trained.includes(name)) continue;
      const size = sizeOf(shape);
      values[name] = all.slice(at, at + size);
      at += size;
      if (this.#step > this.#start.step) {
        for (const moment of moments) values[`${name}.${moment}`] = new Float32Array(size);
      }
    }
    const copies = Object.entries(values).map(([name, data]) => [name, data.slice()]);
    return { values: Object.fromEntries(copies), step: this.#step };
  }

  close(): Promise<void> {
    return this.#session.release();
  }

  #tensor(data: Float32Array, shape: readonly number[]): Tensor {
    return new this.#runtime.Tensor("float32", data, shape);
  }
}
