// `tsimcne site`: the page and a map as files.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { verifyBundle } from "../../models/bundle/bundle.node.ts";
import { builtPage } from "../support/built.ts";
import { tsimcne } from "../support/command.ts";
import { writeSampleMap } from "../support/page.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
builtPage();
await writeSampleMap(at("map"));
const site = (...args: string[]) => tsimcne(["site", ...args], at("cache"));

describe("a static site", () => {
  test("is the page and a whole map, without what only training needs", async () => {
    const { code, stdout, stderr } = await site(at("map"), "--out", at("new", "site"));
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${at("new", "site")}\n`);
    assert.deepEqual(readdirSync(at("new")), ["site"], "nothing else is left");
    assert.deepEqual(readdirSync(at("new", "site")).sort(), [
      "assets",
      "index.html",
      "map",
      "site.json",
      "train.html",
    ]);
    assert.deepEqual(JSON.parse(readFileSync(at("new", "site", "site.json"), "utf8")), {
      server: false,
      apiKey: false,
    });
    const map = at("new", "site", "map");
    assert.ok(!existsSync(join(map, "training")), "training stays behind");
    await verifyBundle(map);
    for (const name of ["encoder.onnx", "points.parquet", "map.png"]) {
      assert.deepEqual(readFileSync(join(map, name)), readFileSync(at("map", name)));
    }
    const html = readFileSync(at("new", "site", "index.html"), "utf8");
    assert.doesNotMatch(html, /(src|href)="\//, "no address from the root");
    assert.doesNotMatch(html, /https?:/, "nothing from elsewhere");
  });

  test("with --json tells where it is as JSON", async () => {
    const { stdout } = await site(at("map"), "--out", at("json"), "--json");
    assert.deepEqual(JSON.parse(stdout), { out: at("json") });
  });

  test("does not replace anything", async () => {
    writeFileSync(at("there"), "mine");
    const { code, stderr } = await site(at("map"), "--out", at("there"));
    assert.equal(code, 1);
    assert.match(stderr, /^tsimcne: .*there exists already; choose another name or remove it first\n$/);
    assert.equal(readFileSync(at("there"), "utf8"), "mine");
  });

  test("of a damaged map is not written", async () => {
    await writeSampleMap(at("damaged"));
    writeFileSync(at("damaged", "encoder.onnx"), "nothing");
    const { code, stderr } = await site(at("damaged"), "--out", at("of damaged"));
    assert.equal(code, 1);
    assert.match(stderr, /^tsimcne: .*encoder\.onnx has 7 bytes instead of \d+.*\n$/);
    rmSync(at("damaged"), { recursive: true });
    assert.deepEqual(
      readdirSync(folder).filter((name) => /damaged/.test(name)),
      [],
    );
  });

  test("needs a map and a name", async () => {
    assert.equal((await site(at("map"))).code, 2);
    assert.equal((await site(at("map"), "--out", "")).code, 2);
    const { code, stderr } = await site(at("nowhere"), "--out", at("x"));
    assert.equal(code, 1);
    assert.match(stderr, /nowhere: there is no such folder/);
  });
});
