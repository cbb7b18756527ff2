// What is typed wrong is told in one line on stderr, before any work: exit code 2, nothing on stdout.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { tsimcne } from "../support/command.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = await temporaryFolder();
const out = join(folder, "out");
const cache = join(folder, "cache");
const run = (line: string) =>
  tsimcne(
    line.split(" ").map((word) => word.replace("OUT", out)),
    cache,
  );

const wrong: [line: string, message: RegExp][] = [
  ["train", /need at least 1/],
  ["embed map", /need at least 2/],
  ["plot", /need at least 1/],
  ["evaluate", /need at least 1/],
  ["artifacts", /required argument: out/],
  ["evaluate map images surplus", /surplus/],
  ["train images --out OUT --batch-size", /--batch-size takes a whole number from 2, not ""/],
  ["train images --out OUT --batch-size abc", /--batch-size takes a whole number from 2, not "abc"/],
  ["train images --out OUT --batch-size 1", /--batch-size .*, not "1"/],
  ["train images --out OUT --seed -1", /--seed takes a whole number from 0, not "-1"/],
  ["train images --out OUT --width 0", /--width takes a number above 0, not "0"/],
  ["train images --out OUT --momentum=", /--momentum takes a number from 0, not ""/],
  ["train images --out OUT --learning-rate 1,x,1", /--learning-rate .*, not "x"/],
  ["train images --out OUT --epochs 1,2", /--epochs takes three numbers such as .*, not "1,2"/],
  ["train images --out OUT --max-megapixels 0", /--max-megapixels takes a number above 0/],
  ["train images --out OUT --background greenish", /--background: "greenish" is no colour: give white/],
  ["train images --out OUT --out-dim 4", /out-dim, Given: 4, Choices: 2, 3/],
  [
    "train images --out OUT --engine abacus",
    /engine, Given: "abacus", Choices: "auto", "cpu", "cuda", "webgpu", "wasm"/,
  ],
  [
    "train images --out OUT --preset huge",
    /preset, Given: "huge", Choices: "quick", "standard", "thorough", "paper"/,
  ],
  ["train images --out OUT --budget soon", /--budget takes a time such as 30m, 90s or 1h30m, not "soon"/],
  ["train images --out OUT --budget 0m", /--budget takes a time/],
  ["train images --out OUT --budget 5m --epochs 1,1,1", /budget and epochs are mutually exclusive/],
  ["artifacts --out OUT --flavour sweet", /flavour, Given: "sweet", Choices: "portable"/],
  ["artifacts --out OUT --optimizer adam --momentum 0.5", /--momentum goes with --optimizer sgd/],
  ["embed map images --format xml", /format, Given: "xml", Choices: "json", "csv", "parquet"/],
  ["embed map images --json --format csv", /--json does not go with --format csv/],
  ["duplicates", /need at least 1/],
  ["outliers map --top 0", /--top takes a whole number from 1, not "0"/],
  ["plot map --show nothing", /show, Given: "nothing", Choices: "pictures", "points"/],
];

describe("wrong usage", { concurrency: 2 }, () => {
  for (const [line, message] of wrong) {
    test(line, async () => {
      const { code, stdout, stderr } = await run(line);
      assert.match(stderr, message);
      assert.match(stderr, /^tsimcne: .+\n$/, "one line");
      assert.equal(stdout, "");
      assert.equal(code, 2);
    });
  }
  after(() => assert.deepEqual(readdirSync(folder), [], "nothing was written"));
});
