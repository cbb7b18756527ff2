// Ctrl-C before there is anything to save; later ones are in tests/e2e/train.test.ts.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { start, TINY } from "../support/command.ts";
import { GREEN, plain } from "../support/images.ts";
import { temporaryFolder } from "../support/temporary.ts";

test("Ctrl-C while images are read: exit code 130, one line, nothing left behind", async () => {
  const folder = await temporaryFolder();
  const images = join(folder, "images");
  mkdirSync(images);
  const first = join(images, "0.png");
  await plain(GREEN, 1500, 1500).png().toFile(first);
  for (let i = 1; i < 100; i++) cpSync(first, join(images, `${i}.png`));
  const { child, ended } = start(
    ["train", images, "--out", join(folder, "map"), ...TINY],
    join(folder, "cache"),
  );
  child.stderr?.on("data", (data) => {
    if (String(data).includes("reading images  1/100")) child.kill("SIGINT");
  });
  const { code, stdout, stderr } = await ended;
  assert.match(stderr, /\ntsimcne: stopped while reading the images; .*the same command\n$/);
  assert.equal(code, 130);
  assert.equal(stdout, "");
  assert.deepEqual(readdirSync(folder).sort(), ["cache", "images"]);
});
