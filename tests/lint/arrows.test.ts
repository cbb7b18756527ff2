// The lint rule that keeps data flowing one way: what may import what.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/temporary.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A file, what it imports, and whether it may. */
const arrows: [file: string, imported: string, allowed: boolean][] = [
  ["models/a.ts", "../training/b.ts", false],
  ["models/a.node.ts", "../training/b.ts", false],
  ["models/a.ts", "../serving/b.ts", false],
  ["models/a.ts", "node:fs", false],
  ["models/a.ts", "sharp", false],
  ["models/a.ts", "./b.node.ts", false],
  ["models/a.node.ts", "node:fs", true],
  ["models/a.ts", "zod", true],
  ["training/stages/a.ts", "../../models/b.ts", true],
  ["training/stages/a.ts", "node:fs", false],
  ["training/stages/a.ts", "./b.node.ts", false],
  ["training/stages/a.node.ts", "node:fs", true],
  ["training/evaluation/a.ts", "onnxruntime-node", false],
  ["training/export/a.ts", "sharp", false],
  ["training/engines/a.ts", "node:worker_threads", true],
  ["training/stages/a.ts", "../../cli/b.ts", false],
  ["training/stages/a.ts", "../../serving/b.ts", false],
  ...["graph", "networks", "losses", "optimizers", "artifacts", "augmentations"].flatMap(
    (room): [string, string, boolean][] => [
      [`training/${room}/a.ts`, "node:fs", false],
      [`training/${room}/a.ts`, "onnxruntime-node", false],
      [`training/${room}/a.ts`, "../dataset/b.ts", false],
      [`training/${room}/a.ts`, "../graph/index.ts", true],
    ],
  ),
  ["serving/a.ts", "../training/b.ts", false],
  ["serving/a.ts", "../models/b.ts", true],
  ["web-demo/a.ts", "../training/b.ts", false],
  ["web-demo/training/a.ts", "../../training/stages/b.ts", true],
  ["web-demo/training/a.ts", "../../training/stages/b.node.ts", false],
  ["web-demo/training/a.ts", "../../cli/b.ts", false],
  ["cli/a.ts", "../training/b.ts", true],
];

test("arrows that point back are lint errors, the others are not", async () => {
  const folder = await temporaryFolder();
  const { vcs: _, $schema: __, ...config } = JSON.parse(readFileSync(join(ROOT, "biome.json"), "utf8"));
  writeFileSync(join(folder, "biome.json"), JSON.stringify(config));
  const names = arrows.map(([file, imported, allowed], i) => {
    const name = file.replace(/(?=(\.node)?\.ts$)/, `-${i}`);
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), `import { x } from "${imported}";\n\nx();\n`);
    return { name, imported, allowed };
  });
  const biome = join(ROOT, "node_modules/@biomejs/biome/bin/biome");
  const command = [biome, "lint", "--reporter=json", "--max-diagnostics=none", "."];
  const { stdout, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
  assert.notEqual(stdout, "", stderr);
  for (const { name, imported, allowed } of names) {
    assert.equal(!stdout.includes(name), allowed, `${name} imports ${imported}`);
  }
});
