// The examples as their readers run them: on the built library, by its name.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readModel } from "../support/onnx-file.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { trainTinyMap } from "../support/tiny-map.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const folder = await temporaryFolder();

async function example(...args: string[]): Promise<string> {
  assert.ok(existsSync(join(ROOT, "dist/training/graph/index.js")), "build first: make build");
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  return stdout;
}

test("a network learns to read digits", async () => {
  const [, percent] = /^([\d.]+) % of 1000 new digits/m.exec(await example("examples/digits.js"))!;
  assert.ok(Number(percent) > 90, `${percent} %`);
});

test("the last layer of an encoder learns another task, all else stays", async () => {
  const [map, tuned] = [join(folder, "map"), join(folder, "tuned.onnx")];
  // The paper's head has one hidden layer; behind three so narrow ones nothing of the colours would be left.
  const more = ["--preset", "paper", "--backbone", "small"];
  await trainTinyMap(map, join(folder, "images"), join(folder, "cache"), { more });
  const encoder = join(map, "encoder.onnx");
  const output = await example("examples/fine-tune.js", encoder, tuned);
  const [, right] = /(\d+) of 32 new pictures on their side/.exec(output)!;
  assert.ok(Number(right) >= 26, output);
  const [before, after] = [encoder, tuned].map((file) => readModel(readFileSync(file)));
  assert.deepEqual(after.outputs, before.outputs);
  assert.deepEqual(after.inputs, before.inputs);
  assert.deepEqual(after.operators, before.operators);
});
