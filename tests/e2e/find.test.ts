// What a map knows of its own images: which show the same, and which are unlike the others.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, describe, test } from "node:test";
import { decodePoints, encodePoints, type MapPoints } from "../../models/points.ts";
import { blur, copies } from "../support/blurs.ts";
import { TINY, tsimcne } from "../support/command.ts";
import { resealed } from "../support/resealed.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
const cache = at("cache");
const map = at("map");
const IMAGES = 80;
const FIRST_COPIED = 7;
/** Could be taken for two images. */
const AGAIN = "again/two\nlines.jpg";
/** Each group by the names of its files, sorted as the map has them. */
const groups: string[][] = [];
let trained: { stdout: string; stderr: string; points: MapPoints };

async function write(path: string, content: Promise<Buffer>): Promise<void> {
  mkdirSync(dirname(at("images", path)), { recursive: true });
  writeFileSync(at("images", path), await content);
}

before(async () => {
  for (let i = 0; i < IMAGES; i++) await write(`originals/${i}.png`, (await blur(i)).png().toBuffer());
  for (const [place, copy] of Object.values(copies).entries()) {
    const original = FIRST_COPIED + 5 * place;
    await write(`copies/of ${original}`, copy(await blur(original)).toBuffer());
    groups.push([`copies/of ${original}`, `originals/${original}.png`]);
  }
  // One of them three times.
  await write(AGAIN, (await blur(FIRST_COPIED)).jpeg({ quality: 90 }).toBuffer());
  groups[0].unshift(AGAIN);
  const { code, stdout, stderr } = await tsimcne(["train", at("images"), "--out", map, ...TINY], cache);
  assert.equal(code, 0, stderr);
  trained = { stdout, stderr, points: await decodePoints(readFileSync(join(map, "points.parquet"))) };
});

describe("duplicates", () => {
  test("all copies are found, and nothing else; a line each, and one between the groups", async () => {
    const { code, stdout, stderr } = await tsimcne(["duplicates", map], cache);
    assert.equal(code, 0, stderr);
    const told = stdout.trimEnd().split("\n\n");
    assert.deepEqual(
      told.map((group) => group.split("\n")),
      groups
        .toSorted((a, b) => (a[0] < b[0] ? -1 : 1))
        .map((group) => group.map((path) => (path === AGAIN ? '"again/two\\nlines.jpg"' : path))),
    );
    assert.match(stderr, /^87 images: 7 more than needed, in 6 groups\n$/);
  });

  test("as JSON, with labels and nothing on stderr when it is to be quiet", async () => {
    const { stdout, stderr } = await tsimcne(["duplicates", map, "--json", "--quiet"], cache);
    const answer = JSON.parse(stdout);
    assert.equal(answer.map.name, "map");
    assert.equal(answer.groups.length, 6);
    assert.deepEqual(answer.groups[0][0], { path: AGAIN, label: "again" });
    assert.equal(stderr, "");
  });

  test("train tells how many there are, and what shows them; so do map.json and the report", () => {
    assert.match(trained.stderr, /\nto look at it: tsimcne serve .*map\n$/);
    assert.ok(
      trained.stdout.includes(`duplicates: 7 (tsimcne duplicates ${map} lists them)`),
      trained.stdout,
    );
    assert.equal(JSON.parse(readFileSync(join(map, "map.json"), "utf8")).counts.duplicates, 7);
    assert.match(readFileSync(join(map, "report.html"), "utf8"), /7 duplicates/);
  });

  test("a map of an earlier version says what to do", async () => {
    const { duplicateOf: _, ...before } = trained.points;
    const older = resealed(map, at("older"), { "points.parquet": encodePoints(before) });
    const { code, stdout, stderr } = await tsimcne(["duplicates", older], cache);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^tsimcne: .*older: an earlier version made this map .*: train it again\n$/);
  });
});

describe("outliers", () => {
  test("are the images of the highest novelty, the highest first", async () => {
    const { code, stdout, stderr } = await tsimcne(["outliers", map, "--top", "9", "--json"], cache);
    assert.equal(code, 0, stderr);
    const { images } = JSON.parse(stdout);
    const { novelty, paths, labels } = trained.points;
    const sorted = paths
      .map((path, i) => ({ path, label: labels[i], novelty: novelty[i] }))
      .sort((a, b) => b.novelty - a.novelty);
    assert.deepEqual(images, sorted.slice(0, 9));
    const lines = (await tsimcne(["outliers", map], cache)).stdout.trimEnd().split("\n");
    assert.equal(lines.length, 20);
    assert.equal(lines[0], `${sorted[0].novelty.toFixed(3)}  ${sorted[0].path}`);
  });

  test("no more are listed than there are", async () => {
    const { stdout } = await tsimcne(["outliers", map, "--top", "1000"], cache);
    assert.equal(stdout.trimEnd().split("\n").length, trained.points.count);
  });
});
