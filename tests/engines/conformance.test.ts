// Every engine that this machine has computes what the CPU computes. One that is absent is skipped, with the reason.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Runtime } from "../../models/runtime.ts";
import { buildEncoder } from "../../training/artifacts/encoder.ts";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildOrtTraining } from "../../training/artifacts/ort-training.ts";
import { buildStage } from "../../training/artifacts/stage-artifacts.ts";
import { type DeviceName, deviceNames } from "../../training/engines/device-names.ts";
import { openDevice } from "../../training/engines/devices.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { learningRateAt, type ScheduleOptions } from "../../training/optimizers/schedule.ts";
import { randomStream } from "../../training/random.ts";
import { TINY, tsimcne } from "../support/command.ts";
import { operatorGradients } from "../support/operator-gradients.ts";
import { writeClassFolder } from "../support/pictures.ts";
import { randomViews, tinyNetwork, tinyStage } from "../support/stage.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
await writeClassFolder(at("images"), 60);

const STEPS = 20;
const SCHEDULE: ScheduleOptions = {
  schedule: "cosine",
  learningRate: 0.01,
  warmupSteps: 3,
  totalSteps: STEPS,
};

const LACKS: Partial<Record<DeviceName, Record<string, string>>> = {
  webgpu: { "maxPool with overlapping windows": "ONNX Runtime's MaxPool has no Indices on WebGPU" },
};

/** A graphics card in software, which comes with Chromium: it stands in where there is no other driver. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (!process.env.VK_ICD_FILENAMES && existsSync(SWIFTSHADER)) process.env.VK_ICD_FILENAMES = SWIFTSHADER;

/** Losses and state of a run of a small network, and what its encoder makes of some images. */
async function run(device: DeviceName, optimizer: "sgd" | "adamw") {
  const options = { ...tinyStage, optimizer: { ...tinyStage.optimizer, optimizer } };
  const engine = new ThreadEngine(device);
  const artifacts = engine.flavour === "portable" ? buildStage(options) : buildOrtTraining(options, SCHEDULE);
  await engine.load(artifacts, { values: initialValues(artifacts, 1), step: 0 });
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    losses.push((await engine.step(randomViews(tinyStage, i), learningRateAt(i, SCHEDULE))).loss);
  }
  const evaluated = await engine.evaluate(randomViews(tinyStage, STEPS));
  const state = await engine.state();
  await engine.loadEncoder(buildEncoder(initialValues(artifacts, 1), tinyNetwork));
  const random = randomStream("images");
  const pictures = Uint8Array.from({ length: 5 * 3 * tinyNetwork.imageSize ** 2 }, () => random.integer(256));
  const encoded = await engine.encode(pictures, 5);
  await engine.close();
  return { losses, evaluated, state, encoded };
}

function assertClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string) {
  assert.equal(found.length, expected.length);
  const scale = Math.max(...Array.from(expected, Math.abs), 1e-6);
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(found[i] - expected[i]) / scale;
    assert.ok(off <= tolerance, `${what} ${i}: ${found[i]}, not ${expected[i]}`);
  }
}

for (const device of deviceNames) {
  let runtime: Runtime | undefined;
  let skip: string | false = false;
  try {
    runtime = await openDevice(device);
  } catch (error) {
    skip = (error as Error).message;
  }

  describe(`engine ${device}`, { skip }, () => {
    // A graphics card in software takes its time.
    if (runtime)
      operatorGradients(runtime, { share: device === "webgpu" ? 0.1 : 0.25, lacks: LACKS[device] });

    for (const optimizer of ["sgd", "adamw"] as const) {
      test(`${STEPS} steps with ${optimizer} go where they go on the CPU`, async () => {
        const [here, cpu] = [await run(device, optimizer), await run("cpu", optimizer)];
        assertClose(here.losses, cpu.losses, 1e-3, "loss");
        assertClose([here.evaluated], [cpu.evaluated], 1e-3, "evaluation");
        for (const name of ["embedding", "features", "statistics"] as const) {
          assertClose(here.encoded[name], cpu.encoded[name], 1e-4, name);
        }
        assert.equal(here.state.step, STEPS);
        assert.ok(cpu.losses[0] !== cpu.losses[STEPS - 1], "it has moved");
      });
    }

    test("three stages end in a map", async () => {
      const map = at(`map-${device}`);
      const args = ["train", at("images"), "--engine", device, "--out", map, ...TINY];
      const { code, stderr } = await tsimcne(args, at("cache"));
      assert.equal(code, 0, stderr);
      const { scores } = JSON.parse(readFileSync(join(map, "map.json"), "utf8"));
      assert.ok(scores.knnPaper.accuracy >= 0.4, JSON.stringify(scores)); // chance is a third
    });
  });
}
