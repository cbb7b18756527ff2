// A disk that is full is told in one line; what was done until then is kept or removed, never half-written.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { builtCommand } from "../support/built.ts";
import { TINY, tsimcne } from "../support/command.ts";
import { writeClassFolder } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
const cache = at("cache");
mkdirSync(at("disk"));

const namespace = ["-rm", "sh", "-c", 'mount -t tmpfs -o "size=$SIZE" none disk && eval "$SCRIPT"'];
const environment = (size: string, script: string) => ({
  ...process.env,
  XDG_CACHE_HOME: cache,
  SIZE: size,
  SCRIPT: `tsimcne() { "${process.execPath}" "${builtCommand()}" "$@"; }\n${script}`,
});

/** Runs a script in which `disk` is a disk of that size and `tsimcne` is the command. */
function onDisk(size: string, script: string) {
  return spawnSync("unshare", namespace, { cwd: folder, env: environment(size, script), encoding: "utf8" });
}

const unavailable =
  onDisk("1m", "true").status === 0 ? false : "needs a disk of its own, by unshare and mount";

describe("a full disk", { skip: unavailable }, () => {
  before(async () => {
    await writeClassFolder(at("images"), 64);
    const { code, stderr } = await tsimcne(["train", at("images"), "--out", at("map"), ...TINY], cache);
    assert.equal(code, 0, stderr);
  });

  test("ends a run, which goes on to the same map when there is room", () => {
    const train = `tsimcne train images --out disk/map --quiet ${TINY.join(" ")}`;
    const { stdout, stderr } = onDisk(
      "400k",
      `${train}; echo $?; ls -A disk; find disk -name '*.tmp'; mount -o remount,size=20m disk; ${train} --resume >&2
       ls -A disk; cp disk/map/points.parquet resumed.parquet`,
    );
    assert.match(stderr, /^tsimcne: cannot write .*: the disk is full; .*--resume\n/);
    assert.equal(stdout, "1\nmap.unfinished\nmap\n");
    assert.deepEqual(readFileSync(at("resumed.parquet")), readFileSync(at("map/points.parquet")));
  });

  for (const command of [
    "artifacts --out disk/artifacts",
    "embed map images --quiet --out disk/places.json",
    "plot map --out disk/map.png",
  ]) {
    test(`${command}: one line, and nothing is left behind`, () => {
      const { stdout, stderr } = onDisk("4k", `tsimcne ${command}; echo $?; ls -A disk`);
      assert.match(stderr, /^tsimcne: cannot write disk\/.*(no space left|the disk is full).*\n$/);
      assert.equal(stdout, "1\n");
    });
  }
});
