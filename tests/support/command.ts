// Runs `tsimcne` as a user would.

import { type ChildProcess, spawn } from "node:child_process";
import { builtCommand } from "./built.ts";

const TSIMCNE = builtCommand();

export interface Outcome {
  /** null if a signal ended the process. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command; its image cache lies in `cache`. */
export function start(
  args: readonly string[],
  cache: string,
): { child: ChildProcess; ended: Promise<Outcome> } {
  const child = spawn(process.execPath, [TSIMCNE, ...args], {
    env: { ...process.env, XDG_CACHE_HOME: cache },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs the command to its end. */
export function tsimcne(args: readonly string[], cache: string): Promise<Outcome> {
  return start(args, cache).ended;
}

/** A network that trains in a moment. */
export const TINY = [
  ..."--width 0.25 --hidden-dim 32 --batch-size 16 --image-size 16 --epochs 1,1,1".split(" "),
];
