// Ctrl-C: the first asks the work to stop and save, the second ends the process.

import { isatty } from "node:tty";

/** Exit code after Ctrl-C, as shells use it: 128 + SIGINT. */
export const INTERRUPTED = 130;

const [STDIN, STDERR] = [0, 2];

/** A signal that Ctrl-C or SIGTERM aborts, and SIGHUP, that the terminal is closed. */
export function interruptSignal(onInterrupt: () => void): AbortSignal {
  const controller = new AbortController();
  const stopOn = (name: NodeJS.Signals) => {
    process.on(name, () => {
      if (controller.signal.aborted) {
        // As if the signal had never been caught: leaving in good order could wait for, or trip over, native code.
        process.removeAllListeners(name);
        process.kill(process.pid, name);
        return;
      }
      onInterrupt();
      controller.abort();
    });
  };
  stopOn("SIGINT");
  stopOn("SIGTERM");
  if (isatty(STDIN) || isatty(STDERR)) stopOn("SIGHUP");
  // Without a terminal, as under nohup, it goes on. Node forgets that nohup had SIGHUP ignored.
  else process.on("SIGHUP", () => {});
  return controller.signal;
}
