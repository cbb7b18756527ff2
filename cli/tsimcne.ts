#!/usr/bin/env node
// Where `tsimcne` begins. Help is there at once: it was rendered when the package was built (bundle.js). Everything
// else is main.ts.

import { readFileSync } from "node:fs";
import module from "node:module";

/** Help is rendered for lines of so many characters, the most that it ever has. */
const RENDERED_WIDTH = 110;

/** What "--help", alone or after a command, prints; undefined for all else, and where it is to be rendered now. */
function renderedHelp([first, second, ...more]: readonly string[]): string | undefined {
  const command = second === undefined ? "" : first;
  const asked = (second ?? first) === "--help" && more.length === 0;
  if (!asked || (process.stdout.columns ?? RENDERED_WIDTH) < RENDERED_WIDTH) return undefined;
  try {
    return JSON.parse(readFileSync(new URL("help.json", import.meta.url), "utf8"))[command];
  } catch {
    return undefined; // compiled, but not bundled
  }
}

const help = renderedHelp(process.argv.slice(2));
if (help !== undefined) {
  process.stdout.write(help);
} else {
  // Node 22.8 and later keep what they compile for the next start.
  (module as { enableCompileCache?: () => void }).enableCompileCache?.();
  await import("./main.ts");
}
