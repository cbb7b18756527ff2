import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EngineError } from "../../training/engines/engine.ts";
import { fastest, tryDevices } from "../../training/engines/fastest-device.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { buildTinyStage } from "../support/stage.ts";

describe("the fastest device", () => {
  test("is the one with the most images a second among those that work", () => {
    const trials = [
      { device: "cpu", imagesPerSecond: 300 },
      { device: "cuda", reason: "engine cuda: not here" },
      { device: "webgpu", imagesPerSecond: 900 },
      { device: "wasm", imagesPerSecond: 100 },
    ] as const;
    assert.equal(fastest(trials), "webgpu");
  });

  test("is told why there is none", () => {
    assert.throws(
      () => fastest([{ device: "cuda", reason: "engine cuda: not here" }]),
      /engine cuda: not here/,
    );
  });

  test("is found by running steps; what does not run has a reason of one line", async () => {
    const broken = { ...buildTinyStage(), trainingModel: new Uint8Array(10) };
    const [works] = await tryDevices(
      () => buildTinyStage(),
      ["cpu"],
      () => new ThreadEngine(),
    );
    const [fails] = await tryDevices(
      () => broken,
      ["cpu"],
      () => new ThreadEngine(),
    );
    assert.ok("imagesPerSecond" in works && works.imagesPerSecond > 0);
    assert.ok("reason" in fails);
    assert.match(fails.reason, /^engine cpu: [^\n]+$/);
  });
});

describe("an engine that runs out of memory says so and what helps", () => {
  for (const reason of [
    "std::bad_alloc",
    "bad allocation",
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 8589934592",
    "CUDA failure 2: out of memory ; GPU=0",
    "RangeError: Array buffer allocation failed",
    "RuntimeError: memory access out of bounds",
    "Out of memory: WebAssembly.Memory.grow() failed",
    "Dawn: VK_ERROR_OUT_OF_DEVICE_MEMORY OutOfMemory",
  ]) {
    test(reason.slice(0, 60), () => {
      assert.equal(
        new EngineError("x", reason).message,
        "engine x: out of memory: try a smaller batch size (--batch-size)",
      );
    });
  }

  test("what is no lack of memory is told as it is", () => {
    assert.equal(new EngineError("x", "no such device").message, "engine x: no such device");
  });
});
