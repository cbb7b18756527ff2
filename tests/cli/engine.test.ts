// The option --engine, as a user gives it.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { openDevice } from "../../training/engines/devices.ts";
import { TINY, tsimcne } from "../support/command.ts";
import { writeClassFolder } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
const hasCuda = await openDevice("cuda").then(
  () => true,
  () => false,
);

describe("--engine", () => {
  before(() => writeClassFolder(at("images"), 40));

  test("cuda, where it is missing: one line with the command that adds it, before any image is read", {
    skip: hasCuda && "CUDA is here",
  }, async () => {
    const args = ["train", at("images"), "--engine", "cuda", "--out", at("cuda"), ...TINY];
    const { code, stdout, stderr } = await tsimcne(args, at("cache"));
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^tsimcne: engine cuda: not available here \(npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12 [^\n]+\n$/,
    );
    assert.ok(!existsSync(at("cache")) && !existsSync(at("cuda.unfinished")));
  });

  test("auto takes the fastest, and says what it found", async () => {
    const args = ["train", at("images"), "--engine", "auto", "--out", at("auto"), ...TINY];
    const { code, stderr } = await tsimcne(args, at("cache"));
    assert.equal(code, 0, stderr);
    const [, chosen, found] = /engine (\w+), the fastest here: (.+)/.exec(stderr)!;
    const speeds = [...found.matchAll(/(\w+) (\d+) images\/s/g)].map(([, name, speed]) => ({
      name,
      speed: Number(speed),
    }));
    assert.ok(speeds.some(({ name }) => name === "cpu"));
    assert.equal(speeds.toSorted((a, b) => b.speed - a.speed)[0].name, chosen);
    for (const name of ["cuda", "webgpu", "wasm"]) assert.match(found, new RegExp(`\\b${name}\\b`), name);
    assert.ok(existsSync(at("auto")));
  });
});
