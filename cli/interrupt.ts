// Ctrl-C: the first asks the work to stop and save, the second ends the process.

/** Exit code after Ctrl-C, as shells use it: 128 + SIGINT. */
export const INTERRUPTED = 130;

/** A signal that Ctrl-C or SIGTERM aborts. */
export function interruptSignal(onInterrupt: () => void): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
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
  }
  return controller.signal;
}
