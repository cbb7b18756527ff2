// The package as it is published: packed, unpacked into an empty folder, run as compiled JavaScript.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { verifyBundle } from "../../models/bundle/bundle.node.ts";
import { TINY } from "../support/command.ts";
import { writeClassFolder } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = await temporaryFolder();
const home = join(folder, "package");

/** Runs the unpacked command with nothing of this checkout but its dependencies. */
function tsimcne(...args: string[]) {
  const { bin } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, "cache"), NODE_OPTIONS: "" };
  return spawnSync(process.execPath, [join(home, bin.tsimcne), ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
}

describe("the packed package", () => {
  before(async () => {
    // Compiled anew, so that neither a stale nor a missing dist matters.
    const compiled = join(folder, "source");
    mkdirSync(compiled);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const config = join(root, "tsconfig.build.json");
    execFileSync(process.execPath, [tsc, "-p", config, "--outDir", join(compiled, "dist")]);
    for (const name of ["package.json", "README.md", "LICENSE"])
      copyFileSync(join(root, name), join(compiled, name));
    execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: compiled });
    const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
    execFileSync("tar", ["-xzf", join(folder, tarball), "-C", folder]);
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    await writeClassFolder(join(folder, "images"), 20);
  });

  test("tells what it can do, and its version", () => {
    const help = tsimcne("--help");
    assert.equal(help.status, 0, help.stderr);
    assert.match(help.stdout, /tsimcne train <images>/);
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    assert.equal(tsimcne("--version").stdout, `${version}\n`);
  });

  test("imports nothing but what npm installs with it, or what an engine asks for", () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
    const engine = "training/engines/runtime-wasm.js"; // is loaded for `--engine wasm` only
    const files = readdirSync(join(home, "dist"), { recursive: true, encoding: "utf8" });
    for (const file of files.filter((name) => name.endsWith(".js"))) {
      const code = readFileSync(join(home, "dist", file), "utf8");
      for (const [, name] of code.matchAll(/(?:from |import |import\()"((?:@[\w.-]+\/)?[\w:-][\w:.-]*)/g)) {
        const known = name in dependencies || (file === engine && name in peerDependencies);
        assert.ok(name.startsWith("node:") || known, `${file} imports ${name}`);
      }
    }
  });

  test("learns a map and places images on it", async () => {
    const trained = tsimcne("train", "images", "--out", "map", ...TINY);
    assert.equal(trained.status, 0, trained.stderr);
    await verifyBundle(join(folder, "map"));
    const placed = tsimcne("embed", "map", "images");
    assert.equal(placed.status, 0, placed.stderr);
    assert.equal(JSON.parse(placed.stdout).results.length, 20);
  });
});
