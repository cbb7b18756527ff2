// How tests in Node and the engines in a browser speak: JSON, with bytes as base64.

/** What holds the values of a tensor, by its type. */
export const ARRAYS = {
  float32: Float32Array,
  uint8: Uint8Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

export interface SentTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** The bytes; absent for what stays in the memory of the device. */
  readonly base64?: string;
  /** Number of what stays there. */
  readonly kept?: number;
}

export type SentValues = Readonly<Record<string, SentTensor>>;

/** What the page offers to tests, as `window.host`. */
export interface EngineHost {
  /** Opens a runtime. @returns whether values can stay on its device */
  open(name: string): Promise<boolean>;
  createSession(model: string, onDevice: readonly string[]): Promise<number>;
  run(session: number, feeds: SentValues, outputs?: readonly string[]): Promise<SentValues>;
  createTrainingSession(models: Readonly<Record<string, string>>): Promise<number>;
  /** Calls a method of a training session. */
  train(session: number, method: string, argument?: SentValues | boolean): Promise<SentValues | undefined>;
  release(session: number): Promise<void>;
  dispose(kept: number): void;
}
