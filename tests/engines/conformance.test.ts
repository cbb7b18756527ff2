// Every engine that this machine has computes what the CPU computes. One that is absent is skipped, with the reason.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Runtime } from "../../models/runtime.ts";
import { deviceNames } from "../../training/engines/device-names.ts";
import { openDevice } from "../../training/engines/devices.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { TINY, tsimcne } from "../support/command.ts";
import { conformance, WEBGPU_LACKS } from "../support/conformance.ts";
import { writeClassFolder } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
await writeClassFolder(at("images"), 60);

/** A graphics card in software, which comes with Chromium: it stands in where there is no other driver. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (!process.env.VK_ICD_FILENAMES && existsSync(SWIFTSHADER)) process.env.VK_ICD_FILENAMES = SWIFTSHADER;

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
    if (runtime) {
      conformance(runtime, () => new ThreadEngine(device), {
        share: device === "webgpu" ? 0.1 : 0.25,
        lacks: device === "webgpu" ? WEBGPU_LACKS : {},
        optimizers: device === "webgpu" ? ["adamw", "muon"] : ["sgd", "adamw", "muon"],
        microBatches: device !== "webgpu", // in Chromium they run on one
      });
    }

    test("stages end in a map", async () => {
      const map = at(`map-${device}`);
      const args = ["train", at("images"), "--engine", device, "--out", map, ...TINY];
      if (device === "webgpu") args.push("--epochs", "1,1,0");
      const { code, stderr } = await tsimcne(args, at("cache"));
      assert.equal(code, 0, stderr);
      const { scores } = JSON.parse(readFileSync(join(map, "map.json"), "utf8"));
      // By chance 15 of 59. Of the classes only ten images would be scored, too few to tell from chance.
      assert.ok(scores.neighbourRecall.recall >= 0.35, JSON.stringify(scores));
    });
  });
}
