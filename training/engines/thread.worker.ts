// Runs a stage in a thread of its own: a session blocks its thread until it is done.

import { parentPort, workerData } from "node:worker_threads";
import { reasonOf } from "../../models/errors.ts";
import { type DeviceName, flavourOf } from "./device-names.ts";
import { openDevice } from "./devices.ts";
import type { Engine } from "./engine.ts";
import { LocalEngine } from "./local-engine.ts";
import type { ThreadCall, ThreadReply, ThreadRequest } from "./thread-engine.ts";

let opening: Promise<Engine> | undefined;

function opened(): Promise<Engine> {
  const device = workerData as DeviceName;
  opening ??= openDevice(device).then((runtime) => new LocalEngine(runtime, flavourOf(device)));
  return opening;
}

async function answer(request: ThreadCall): Promise<unknown> {
  const engine = await opened();
  switch (request.call) {
    case "load":
      return await engine.load(request.artifacts, request.state);
    case "step":
      return await engine.step(request.views, request.learningRate);
    case "evaluate":
      return await engine.evaluate(request.views);
    case "state":
      return await engine.state();
    case "loadEncoder":
      return await engine.loadEncoder(request.encoder);
    case "encode":
      return await engine.encode(request.images, request.count);
  }
}

async function close(): Promise<void> {
  const engine = await opening?.catch(() => undefined);
  await engine?.close();
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
