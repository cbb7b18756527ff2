// How sessions compute the loss of a batch and its gradients: of the batch as one.

import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Runtime } from "../../models/runtime.ts";
import type { StageModels } from "../artifacts/stage-artifacts.ts";

export type Values = Record<string, Tensor>;

/** How a session names what a value becomes. */
export const NEXT = ".next";

export interface BatchGradients {
  /**
   * @param views [2B, …]
   * @param values every weight and statistic
   * @returns loss, alignment, uniformity on the host; `<weight>.grad` and `<statistic>.next`, to be released
   */
  train(views: Float32Array, values: Values): Promise<Values>;
  /** The loss of such views with the running statistics. */
  evaluate(views: Float32Array, values: Values): Promise<number>;
  close(): Promise<void>;
}

/** Outputs of the training model that stay on the device. */
export function deviceOutputs({ trained, statistics }: StageModels): string[] {
  return [...trained.map((name) => `${name}.grad`), ...statistics.map(({ name }) => name + NEXT)];
}

/** Gives back the memory of a device; the host's is collected. */
export function release(tensor: Tensor): void {
  if (tensor.location === "gpu-buffer") tensor.dispose();
}

/** Of a tensor on the host. */
export function scalarOf(tensor: Tensor): number {
  return (tensor.data as Float32Array)[0];
}

/** The batch as one. */
export class WholeBatch implements BatchGradients {
  readonly #artifacts: StageModels;
  readonly #runtime: Runtime;
  readonly #training: InferenceSession;
  #evaluation: InferenceSession | undefined;

  private constructor(artifacts: StageModels, runtime: Runtime, training: InferenceSession) {
    this.#artifacts = artifacts;
    this.#runtime = runtime;
    this.#training = training;
  }

  static async open(artifacts: StageModels, runtime: Runtime): Promise<WholeBatch> {
    const onDevice = deviceOutputs(artifacts);
    const training = await runtime.createSession(artifacts.trainingModel, { onDevice });
    return new WholeBatch(artifacts, runtime, training);
  }

  async train(views: Float32Array, values: Values): Promise<Values> {
    return await this.#training.run({ views: this.#tensor(views), ...values });
  }

  async evaluate(views: Float32Array, values: Values): Promise<number> {
    this.#evaluation ??= await this.#runtime.createSession(this.#artifacts.evalModel);
    const { loss } = await this.#evaluation.run({ views: this.#tensor(views), ...values }, ["loss"]);
    return scalarOf(loss);
  }

  async close(): Promise<void> {
    await this.#training.release();
    await this.#evaluation?.release();
  }

  #tensor(views: Float32Array): Tensor {
    return new this.#runtime.Tensor("float32", views, this.#artifacts.viewsShape);
  }
}
