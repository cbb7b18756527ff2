// Runs a stage in a thread of its own: a session blocks its thread until it is done.

import { parentPort, workerData } from "node:worker_threads";
import type { InferenceSession } from "onnxruntime-common";
import { reasonOf } from "../../models/errors.ts";
import type { Runtime } from "../../models/runtime.ts";
import type { StageModels } from "../artifacts/stage-artifacts.ts";
import type { DeviceName } from "./device-names.ts";
import { openDevice } from "./devices.ts";
import type { Encoded, RunningStage, TrainingState } from "./engine.ts";
import { isOrtTraining, OrtTrainingStage } from "./ort-training-stage.ts";
import { StageSessions } from "./stage-sessions.ts";
import type { ThreadCall, ThreadReply, ThreadRequest } from "./thread-engine.ts";

let opening: Promise<Runtime> | undefined;
let stage: RunningStage | undefined;
let encoder: InferenceSession | undefined;

function device(): Promise<Runtime> {
  opening ??= openDevice(workerData as DeviceName);
  return opening;
}

async function openStage(artifacts: StageModels, state: TrainingState): Promise<RunningStage> {
  const runtime = await device();
  if (isOrtTraining(runtime)) return await OrtTrainingStage.open(artifacts, runtime, state);
  return await StageSessions.open(artifacts, runtime, state);
}

function loaded(): RunningStage {
  if (!stage) throw new Error("no stage is loaded");
  return stage;
}

async function encode(session: InferenceSession, images: Uint8Array, count: number): Promise<Encoded> {
  const side = Math.round(Math.sqrt(images.length / count / 3));
  const { Tensor } = await device();
  const results = await session.run({ images: new Tensor("uint8", images, [count, side, side, 3]) });
  return {
    embedding: results.embedding.data as Float32Array,
    features: results.features.data as Float32Array,
    statistics: results.statistics.data as Float32Array,
  };
}

async function answer(request: ThreadCall): Promise<unknown> {
  switch (request.call) {
    case "load":
      await stage?.close();
      stage = undefined; // stays so if the next one does not open
      stage = await openStage(request.artifacts, request.state);
      return;
    case "step":
      return await loaded().step(request.views, request.learningRate);
    case "evaluate":
      return await loaded().evaluate(request.views);
    case "state":
      return await loaded().state();
    case "loadEncoder":
      await encoder?.release();
      encoder = undefined;
      encoder = await (await device()).createSession(request.encoder);
      return;
    case "encode":
      if (!encoder) throw new Error("no encoder is loaded");
      return await encode(encoder, request.images, request.count);
  }
}

async function close(): Promise<void> {
  await stage?.close();
  await encoder?.release();
  parentPort!.close();
}

// Requests are answered in the order they came; those that wait when the engine is closed are dropped.
let queue: Promise<void> = Promise.resolve();
let closing = false;
parentPort!.on("message", (request: ThreadRequest) => {
  if (request === "close") {
    closing = true;
    queue = queue.then(close);
    return;
  }
  queue = queue.then(async () => {
    if (closing) return;
    let reply: ThreadReply;
    try {
      reply = { id: request.id, value: await answer(request) };
    } catch (error) {
      reply = { id: request.id, error: reasonOf(error) };
    }
    parentPort!.postMessage(reply);
  });
});
