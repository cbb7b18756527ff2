// What is written and nobody reads, because the reader or the terminal is gone.

import { closeSync } from "node:fs";
import { isatty } from "node:tty";
import { reasonOf } from "../models/errors.ts";

/** A reader that has had enough, such as `head`, or a terminal that was closed. */
const GONE = ["EPIPE", "EIO"];

/** A result that nobody reads ends the command, done; news that nobody reads end nothing. */
export function allowUnread(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (GONE.includes(error.code ?? "")) process.exit(0);
    process.stderr.write(`tsimcne: cannot write the result: ${reasonOf(error)}\n`);
    process.exit(1);
  });
  process.stderr.on("error", () => {});
  const terminals = [0, 1, 2].filter((file) => isatty(file));
  process.on("exit", () => {
    // Node resets its terminals at the end, and aborts where one is gone.
    for (const file of terminals) if (!isatty(file)) closeSync(file);
  });
}
