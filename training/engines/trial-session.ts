// The smallest session there is: does a runtime work, and does it keep what it has made ready.

import type { InferenceSession } from "onnxruntime-common";
import type { Runtime } from "../../models/runtime.ts";
import { add, Graph, serialize } from "../graph/index.ts";

/** A session of "two" = "one" + "one", float32 [1]. */
export async function openTrialSession(runtime: Runtime): Promise<InferenceSession> {
  const graph = new Graph("trial");
  const one = graph.input("one", "float32", [1]);
  graph.output("two", add(one, one));
  return await runtime.createSession(serialize(graph));
}

/**
 * A session to be left open from one stage to the next: ONNX Runtime drops a card's compiled programs with the last
 * session on it, and to compile those of a network anew takes seconds. @returns undefined where nothing is compiled
 */
export async function keepPrograms(runtime: Runtime): Promise<InferenceSession | undefined> {
  return runtime.hasDeviceMemory ? await openTrialSession(runtime) : undefined;
}
