// Commands on what people have: images without labels, archives, folders full of awkward files.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { openBundle } from "../../models/bundle/bundle.node.ts";
import { decodePoints } from "../../models/points.ts";
import { TINY, tsimcne } from "../support/command.ts";
import { writeAwkwardFolder } from "../support/images.ts";
import { classPicture, writeClassFolder } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
const cache = at("cache");
const map = at("map");
const run = (...args: string[]) => tsimcne(args, cache);

before(async () => {
  mkdirSync(at("flat"));
  for (let i = 0; i < 24; i++) writeFileSync(at("flat", `${i}.png`), await classPicture(i % 4, i));
  const { code, stderr } = await run("train", at("flat"), "--out", map, ...TINY);
  assert.equal(code, 0, stderr);
  await writeClassFolder(at("classes"), 40);
});

describe("a map of a flat folder", () => {
  test("has no labels, and no scores that need them", async () => {
    const { info } = await openBundle(map);
    const { labels, paths } = await decodePoints(readFileSync(join(map, "points.parquet")));
    assert.deepEqual(info.classes, []);
    assert.ok(labels.every((label) => label === null));
    assert.deepEqual(paths, Array.from({ length: 24 }, (_, i) => `${i}.png`).sort());
    const { code, stdout } = await run("evaluate", map, "--json");
    assert.equal(code, 0);
    assert.deepEqual(Object.keys(JSON.parse(stdout).scores), ["neighbourRecall"]);
  });

  test("cannot score labelled images, and says so", async () => {
    const { code, stdout, stderr } = await run("evaluate", map, at("classes"));
    assert.match(stderr, /^tsimcne: .*map: the map has no labels, .*\n$/);
    assert.equal(stdout, "");
    assert.equal(code, 1);
  });
});

describe("embed", () => {
  test("places the images of an archive where those of the folder fall", async () => {
    execFileSync("tar", ["-czf", at("classes.tar.gz"), "-C", at("classes"), "."]);
    const [fromFolder, fromArchive] = await Promise.all([
      run("embed", map, at("classes")),
      run("embed", map, at("classes.tar.gz")),
    ]);
    assert.deepEqual(JSON.parse(fromArchive.stdout), JSON.parse(fromFolder.stdout));
  });

  test("places every image that is named", async () => {
    const named = ["a.png", "b.png", "c.png"].map((name) => at("named", name));
    mkdirSync(at("named"));
    for (const [i, path] of named.entries()) writeFileSync(path, await classPicture(i, i));
    const { stdout, stderr } = await run("embed", map, ...named);
    const { results } = JSON.parse(stdout || stderr);
    assert.deepEqual(
      results.map(({ path }: { path: string }) => path),
      named,
    );
  });

  test("heeds the last of an option given twice", async () => {
    const twice = [
      "--format",
      "json",
      "--format",
      "csv",
      "--max-megapixels",
      "0.0001",
      "--max-megapixels",
      "9",
    ];
    const { code, stdout, stderr } = await run("embed", map, at("classes"), ...twice);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.split("\r\n").length, 1 + 40 + 1);
  });

  test("writes the same to a file as to standard output", async () => {
    const printed = await run("embed", map, at("classes"));
    const written = await run("embed", map, at("classes"), "--out", at("places.json"), "--quiet");
    assert.equal(readFileSync(at("places.json"), "utf8"), printed.stdout);
    assert.deepEqual(written, { code: 0, stdout: "", stderr: "" });
  });

  test("of a folder of awkward files places or lists each, with the reason", async () => {
    const { load, skip } = await writeAwkwardFolder(at("awkward"));
    const { code, stdout } = await run("embed", map, at("awkward"));
    assert.equal(code, 0);
    const { results, errors } = JSON.parse(stdout);
    assert.deepEqual(
      results.map(({ path }: { path: string }) => path),
      load,
    );
    assert.deepEqual(
      errors.map(({ path }: { path: string }) => path),
      skip.map(({ path }) => path),
    );
    for (const [i, { reason }] of skip.entries()) assert.match(errors[i].reason, reason);
  });

  test("of a folder of awkward files fails with --strict, naming the first", async () => {
    for (const args of [
      ["embed", map, at("awkward")],
      ["train", at("awkward"), "--out", at("strict"), ...TINY],
    ]) {
      const { code, stdout, stderr } = await run(...args, "--strict", "--quiet");
      assert.match(stderr, /^tsimcne: .*bad\/[^:]+: .+\n$/);
      assert.equal(stdout, "");
      assert.equal(code, 1);
    }
  });

  test("of images that do not exist: one line that names the first", async () => {
    const { code, stdout, stderr } = await run("embed", map, at("nowhere.png"), at("flat", "0.png"));
    assert.match(stderr, /^tsimcne: .*nowhere\.png: no such file\n$/);
    assert.equal(stdout, "");
    assert.equal(code, 1);
  });
});
