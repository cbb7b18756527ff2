// The engines of web-demo/ in a page of their own, for tests to drive.

import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Runtime } from "../../../models/runtime.ts";
import { isOrtTraining, type TrainingSession } from "../../../training/engines/ort-training-stage.ts";
import { type EngineName, openRuntime } from "../../../web-demo/training/engines.ts";
import { ARRAYS, type EngineHost, type SentTensor, type SentValues } from "./messages.ts";

let runtime: Runtime;
let next = 1;
const sessions = new Map<number, InferenceSession | TrainingSession>();
const kept = new Map<number, Tensor>();

function add(session: InferenceSession | TrainingSession): number {
  sessions.set(next, session);
  return next++;
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function base64Of(data: ArrayBufferView): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

function received(values: SentValues): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { type, dims, base64, kept: id }]) => {
      if (id !== undefined) return [name, kept.get(id)!];
      const { buffer } = bytesOf(base64!);
      return [name, new runtime.Tensor(type as "float32", new ARRAYS[type as "float32"](buffer), dims)];
    }),
  );
}

function sent(values: Readonly<Record<string, Tensor>>): SentValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, tensor]): [string, SentTensor] => {
      const { type, dims } = tensor;
      if (tensor.location !== "gpu-buffer")
        return [name, { type, dims, base64: base64Of(tensor.data as Float32Array) }];
      kept.set(next, tensor);
      return [name, { type, dims, kept: next++ }];
    }),
  );
}

const host: EngineHost = {
  async open(name) {
    runtime = await openRuntime(name as EngineName);
    return runtime.hasDeviceMemory ?? false;
  },
  async createSession(model, onDevice) {
    return add(await runtime.createSession(bytesOf(model), { onDevice }));
  },
  async run(session, feeds, outputs) {
    const inference = sessions.get(session) as InferenceSession;
    return sent(await (outputs ? inference.run(received(feeds), outputs) : inference.run(received(feeds))));
  },
  async createTrainingSession(models) {
    if (!isOrtTraining(runtime)) throw new Error("this engine has no TrainingSession");
    const bytes = Object.fromEntries(Object.entries(models).map(([name, model]) => [name, bytesOf(model)]));
    return add(await runtime.createTrainingSession(bytes as never));
  },
  async train(session, method, argument) {
    const training = sessions.get(session) as TrainingSession;
    const given = typeof argument === "object" ? received(argument) : argument;
    const result = await training[method as "runTrainStep"](given as never);
    if (result === undefined) return undefined;
    return sent(method === "getContiguousParameters" ? { result: result as never } : result);
  },
  async release(session) {
    await sessions.get(session)?.release();
    sessions.delete(session);
  },
  dispose(id) {
    kept.get(id)?.dispose();
    kept.delete(id);
  },
};

Object.assign(window, { host });
