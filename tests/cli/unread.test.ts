// Nobody reads on: a result ends the command quietly, news end nothing, and a result that is lost is told.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { builtCommand } from "../support/built.ts";
import { start, TINY } from "../support/command.ts";
import { writeClassFolder } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";

const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
const cache = at("cache");

/** Runs a script in which `tsimcne` is the command. */
function shell(script: string) {
  const tsimcne = `tsimcne() { "${process.execPath}" "${builtCommand()}" "$@"; }`;
  return spawnSync("sh", ["-c", `${tsimcne}\n${script}`], { cwd: folder, encoding: "utf8" });
}

describe("when nobody reads", () => {
  before(async () => {
    await writeClassFolder(at("images"), 64);
    // Its news have a reader for the first line only.
    const { child, ended } = start(["train", at("images"), "--out", at("map"), ...TINY], cache);
    child.stderr?.once("data", () => child.stderr?.destroy());
    assert.equal((await ended).code, 0);
  });

  test("training goes on to the map", () => assert.ok(existsSync(at("map/map.json"))));

  for (const command of ["--help", "outliers map", "embed map images --quiet --format csv", "train --help"]) {
    test(`tsimcne ${command} ends as if all were read`, () => {
      const { stdout, stderr } = shell(`{ sleep 0.1; tsimcne ${command}; echo $? >&2; } | true`);
      assert.equal(stdout, "");
      assert.equal(stderr, "0\n");
    });
  }

  test("a result that cannot be written is told in a line", () => {
    const { status, stderr } = shell("tsimcne outliers map > /dev/full");
    assert.match(stderr, /^tsimcne: .*no space left on device.*\n$/);
    assert.equal(status, 1);
  });

  test("the server goes on", async () => {
    const { child, ended } = start(["serve", at("map"), "--port", "0"], cache);
    let url = "";
    child.stdout?.on("data", (data) => {
      url += data;
    });
    await until("it listens", () => url.endsWith("\n"));
    child.stdout?.destroy();
    child.stderr?.destroy();
    const health = new URL("/healthz", url.trim().split(" ").at(-1)!);
    for (let i = 0; i < 3; i++) assert.equal((await fetch(health)).status, 200);
    child.kill("SIGTERM");
    assert.equal((await ended).code, 0);
  });
});
