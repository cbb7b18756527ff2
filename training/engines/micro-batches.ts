// How sessions compute the loss of a batch and its gradients one micro-batch at a time; see artifacts/micro-batch.ts.

import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Runtime } from "../../models/runtime.ts";
import { LOG_TEMPERATURE, type MicroBatchModels, type StageModels } from "../artifacts/stage-artifacts.ts";
import { sizeOf } from "../graph/types.ts";
import {
  type BatchGradients,
  deviceOutputs,
  NEXT,
  release,
  scalarOf,
  type Values,
} from "./batch-gradients.ts";

interface Sessions {
  readonly embedding: InferenceSession;
  readonly loss: InferenceSession;
  readonly training: InferenceSession;
}

export class MicroBatches implements BatchGradients {
  readonly #artifacts: StageModels;
  readonly #micro: MicroBatchModels;
  readonly #runtime: Runtime;
  readonly #sessions: Sessions;
  /** What the gradients are added to first. */
  readonly #zeros: Values;
  #evaluation: InferenceSession | undefined;

  private constructor(artifacts: StageModels, micro: MicroBatchModels, runtime: Runtime, sessions: Sessions) {
    this.#artifacts = artifacts;
    this.#micro = micro;
    this.#runtime = runtime;
    this.#sessions = sessions;
    // The temperature's gradient, if it is trained, is with the loss.
    const summed = artifacts.weights.filter(
      ({ name }) => name !== LOG_TEMPERATURE && artifacts.trained.includes(name),
    );
    this.#zeros = Object.fromEntries(
      summed.map(({ name, shape }) => [name, this.#tensor(new Float32Array(sizeOf(shape)), shape)]),
    );
  }

  static async open(
    artifacts: StageModels,
    micro: MicroBatchModels,
    runtime: Runtime,
  ): Promise<MicroBatches> {
    const sessions = {
      embedding: await runtime.createSession(micro.embeddingModel),
      loss: await runtime.createSession(micro.lossModel),
      training: await runtime.createSession(artifacts.trainingModel, { onDevice: deviceOutputs(artifacts) }),
    };
    return new MicroBatches(artifacts, micro, runtime, sessions);
  }

  async train(views: Float32Array, values: Values): Promise<Values> {
    const { embedding: embedder, training } = this.#sessions;
    const slopes = await this.#lossOf(await this.#embedded(embedder, views, values), values);
    const { "embedding.grad": slope, ...results } = slopes;
    const statistics = this.#artifacts.statistics.map(({ name }) => name);
    const summed = Object.keys(this.#zeros);
    let sums = this.#zeros;
    let averages: Values = Object.fromEntries(statistics.map((name) => [name, values[name]]));
    for (let i = 0; i < this.#count; i++) {
      const after = await training.run({
        ...networkPart(values),
        ...averages,
        views: this.#viewsTensor(this.#rowsOf(views, i)),
        "embedding.grad": this.#embeddingTensor(this.#rowsOf(slope.data as Float32Array, i)),
        ...Object.fromEntries(summed.map((name) => [`${name}.sum`, sums[name]])),
      });
      // What was given in the first round is not of this step.
      if (i > 0) for (const value of [...Object.values(sums), ...Object.values(averages)]) release(value);
      sums = Object.fromEntries(summed.map((name) => [name, after[`${name}.grad`]]));
      averages = Object.fromEntries(statistics.map((name) => [name, after[name + NEXT]]));
    }
    for (const [name, sum] of Object.entries(sums)) results[`${name}.grad`] = sum;
    for (const [name, average] of Object.entries(averages)) results[name + NEXT] = average;
    return results;
  }

  async evaluate(views: Float32Array, values: Values): Promise<number> {
    this.#evaluation ??= await this.#runtime.createSession(this.#artifacts.evalModel);
    const { loss } = await this.#lossOf(await this.#embedded(this.#evaluation, views, values), values);
    return scalarOf(loss);
  }

  async close(): Promise<void> {
    for (const session of Object.values(this.#sessions)) await session.release();
    await this.#evaluation?.release();
  }

  /** How many micro-batches a batch has. */
  get #count(): number {
    return this.#artifacts.viewsShape[0] / 2 / this.#micro.images;
  }

  /** The embedding of all views, [2B, D]. */
  async #embedded(session: InferenceSession, views: Float32Array, values: Values): Promise<Float32Array> {
    let whole: Float32Array | undefined;
    for (let i = 0; i < this.#count; i++) {
      const feeds = { ...networkPart(values), views: this.#viewsTensor(this.#rowsOf(views, i)) };
      const part = (await session.run(feeds)).embedding.data as Float32Array;
      whole ??= new Float32Array(part.length * this.#count);
      const half = part.length / 2;
      whole.set(part.subarray(0, half), i * half);
      whole.set(part.subarray(half), whole.length / 2 + i * half);
    }
    return whole!;
  }

  async #lossOf(embedding: Float32Array, values: Values): Promise<Values> {
    const { loss } = this.#sessions;
    const rows = this.#artifacts.viewsShape[0];
    const z = this.#tensor(embedding, [rows, embedding.length / rows]);
    return await loss.run({ ...lossPart(values), embedding: z });
  }

  /** The rows of micro-batch i: both halves' share of what holds 2B rows. */
  #rowsOf(whole: Float32Array, i: number): Float32Array {
    const half = whole.length / this.#count / 2;
    const part = new Float32Array(2 * half);
    part.set(whole.subarray(i * half, (i + 1) * half));
    part.set(whole.subarray(whole.length / 2 + i * half, whole.length / 2 + (i + 1) * half), half);
    return part;
  }

  #viewsTensor(views: Float32Array): Tensor {
    return this.#tensor(views, [2 * this.#micro.images, ...this.#artifacts.viewsShape.slice(1)]);
  }

  #embeddingTensor(rows: Float32Array): Tensor {
    const count = 2 * this.#micro.images;
    return this.#tensor(rows, [count, rows.length / count]);
  }

  #tensor(data: Float32Array, shape: readonly number[]): Tensor {
    return new this.#runtime.Tensor("float32", data, shape);
  }
}

/** What the network takes: all but a trained temperature, which is the loss's. */
function networkPart({ [LOG_TEMPERATURE]: _, ...values }: Values): Values {
  return values;
}

/** What the loss takes beside the embedding. */
function lossPart({ [LOG_TEMPERATURE]: temperature }: Values): Values {
  return temperature ? { [LOG_TEMPERATURE]: temperature } : {};
}
