// A learning rate that no training survives.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TINY, tsimcne } from "../support/command.ts";
import { writeClassFolder } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary.ts";

test("a run that diverges says where in one line, and what to do; no map is written", async () => {
  const folder = await temporaryFolder();
  const at = (name: string) => join(folder, name);
  await writeClassFolder(at("images"), 40);
  const rates = ["--learning-rate", "1e30,1e30,1e30"];
  const { code, stdout, stderr } = await tsimcne(
    ["train", at("images"), "--out", at("map"), "--quiet", ...TINY, ...rates],
    at("cache"),
  );
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.equal(
    stderr.trimEnd().split("\n").at(-1),
    `tsimcne: the training has diverged: in stage 1 (pretrain), step 2, the loss is NaN; delete ${at("map.unfinished")} and start again with a smaller --learning-rate`,
  );
  assert.ok(!existsSync(at("map")));
});
