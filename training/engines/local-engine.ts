// Runs stages on a runtime, in the thread that asks.

import type { InferenceSession } from "onnxruntime-common";
import type { Runtime } from "../../models/runtime.ts";
import type { Flavour, StageModels } from "../artifacts/stage-artifacts.ts";
import type { Encoded, Engine, RunningStage, StepResult, TrainingState } from "./engine.ts";
import { isOrtTraining, OrtTrainingStage } from "./ort-training-stage.ts";
import { StageSessions } from "./stage-sessions.ts";
import { keepPrograms } from "./trial-session.ts";

export class LocalEngine implements Engine {
  readonly #runtime: Runtime;
  readonly flavour: Flavour;
  #stage: RunningStage | undefined;
  #encoder: InferenceSession | undefined;
  #programs: InferenceSession | undefined;

  /** @param flavour of the models that it will be given */
  constructor(runtime: Runtime, flavour: Flavour) {
    this.#runtime = runtime;
    this.flavour = flavour;
  }

  async load(artifacts: StageModels, state: TrainingState): Promise<void> {
    this.#programs ??= await keepPrograms(this.#runtime);
    await this.#stage?.close();
    this.#stage = undefined; // stays so if the next one does not open
    this.#stage = isOrtTraining(this.#runtime)
      ? await OrtTrainingStage.open(artifacts, this.#runtime, state)
      : await StageSessions.open(artifacts, this.#runtime, state);
  }

  async step(views: Float32Array, learningRate: number): Promise<StepResult> {
    return await this.#loaded().step(views, learningRate);
  }

  async evaluate(views: Float32Array): Promise<number> {
    return await this.#loaded().evaluate(views);
  }

  async state(): Promise<TrainingState> {
    return await this.#loaded().state();
  }

  async loadEncoder(encoder: Uint8Array): Promise<void> {
    await this.#encoder?.release();
    this.#encoder = undefined;
    this.#encoder = await this.#runtime.createSession(encoder);
  }

  async encode(images: Uint8Array, count: number): Promise<Encoded> {
    if (!this.#encoder) throw new Error("no encoder is loaded");
    const side = Math.round(Math.sqrt(images.length / count / 3));
    const results = await this.#encoder.run({
      images: new this.#runtime.Tensor("uint8", images, [count, side, side, 3]),
    });
    return {
      embedding: results.embedding.data as Float32Array,
      features: results.features.data as Float32Array,
      statistics: results.statistics.data as Float32Array,
    };
  }

  async close(): Promise<void> {
    await this.#stage?.close();
    await this.#encoder?.release();
    await this.#programs?.release();
  }

  #loaded(): RunningStage {
    if (!this.#stage) throw new Error("no stage is loaded");
    return this.#stage;
  }
}
