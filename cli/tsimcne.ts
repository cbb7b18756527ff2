#!/usr/bin/env node
// Where `tsimcne` begins. Help is there at once: it was rendered when the package was built (bundle.js). Everything
// else is main.ts.

import { readFileSync } from "node:fs";
import module from "node:module";
import { HELP_WIDTH } from "./help-width.ts";
import { allowUnread } from "./unread.ts";

/** What is printed for "--help", alone or after a command; undefined for all else, and where it is to be rendered now. */
function renderedHelp(args: readonly string[]): string | undefined {
  if (args.at(-1) !== "--help" || (process.stdout.columns ?? HELP_WIDTH) < HELP_WIDTH) return undefined;
  try {
    return JSON.parse(readFileSync(new URL("help.json", import.meta.url), "utf8"))[args.join(" ")];
  } catch {
    return undefined; // compiled, but not bundled
  }
}

allowUnread();
const help = renderedHelp(process.argv.slice(2));
if (help !== undefined) {
  process.stdout.write(help);
} else {
  // Node 22.8 and later keep what they compile for the next start.
  (module as { enableCompileCache?: () => void }).enableCompileCache?.();
  await import("./main.ts");
}
