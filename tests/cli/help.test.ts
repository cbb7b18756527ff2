// Help as it was rendered when the package was built (`make build`) is what the command line itself would say.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

function node(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout;
}

describe("rendered help", () => {
  const help = JSON.parse(readFileSync(join(root, "dist/cli/help.json"), "utf8"));
  const commands = readdirSync(join(root, "cli/commands")).map((file) => file.replace(/\.ts$/, ""));
  for (const words of [[], ...commands.map((command) => [command])]) {
    test(["tsimcne", ...words, "--help"].join(" "), () => {
      const preload = join(root, "tests/support/typescript.mjs");
      const said = node("--import", preload, "cli/main.ts", ...words, "--help");
      assert.match(said, /^tsimcne /);
      assert.equal(help[[...words, "--help"].join(" ")], said);
      assert.equal(node("dist/cli/tsimcne.js", ...words, "--help"), said);
    });
  }
});
