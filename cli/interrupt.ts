// Ctrl-C: the first asks the work to stop and save, the second ends the process.

/** Exit code after Ctrl-C, as shells use it: 128 + SIGINT. */
export const INTERRUPTED = 130;

/** A signal that Ctrl-C or SIGTERM aborts. */
export function interruptSignal(onInterrupt: () => void): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(INTERRUPTED);
      onInterrupt();
      controller.abort();
    });
  }
  return controller.signal;
}
