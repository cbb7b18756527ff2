// What a person sees while a command works: one line that renews itself on a terminal, plain lines when piped.

import { duration } from "../models/duration.ts";

/** Seconds between two plain lines. */
const PLAIN_INTERVAL = 10;
/** Milliseconds between two renewals on a terminal. */
const RENEWAL = 100;
const BAR_WIDTH = 24;

export interface Progress {
  /** What is being done. */
  readonly task: string;
  readonly done: number;
  readonly total: number;
  /** Figures behind the bar. */
  readonly note?: string;
}

export class Terminal {
  readonly #stream: NodeJS.WriteStream;
  readonly #quiet: boolean;
  #task = "";
  #began = 0;
  #first = 0;
  #shown = Number.NEGATIVE_INFINITY;
  #open = false;

  /** @param quiet shows nothing at all */
  constructor(quiet = false, stream: NodeJS.WriteStream = process.stderr) {
    this.#quiet = quiet;
    this.#stream = stream;
  }

  /** A line that stays. */
  note(text: string): void {
    if (this.#quiet) return;
    this.#clear();
    this.#stream.write(`${text}\n`);
  }

  /** Renews the progress of a task; a new task begins where the name changes. */
  progress({ task, done, total, note = "" }: Progress): void {
    if (this.#quiet) return;
    const now = performance.now();
    if (task !== this.#task) {
      this.#task = task;
      this.#began = now;
      this.#first = done;
      this.#shown = Number.NEGATIVE_INFINITY;
      this.#open = false;
    }
    const last = done >= total;
    const wait = this.#stream.isTTY ? RENEWAL : PLAIN_INTERVAL * 1000;
    if (!last && now - this.#shown < wait) return;
    this.#shown = now;
    const left = last ? "" : `  ${this.#timeLeft(now, done, total)} left`;
    const took = last ? `  ${duration((now - this.#began) / 1000)}` : "";
    const share = total > 0 ? done / total : 1;
    if (this.#stream.isTTY) {
      const bar = "█".repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, "░");
      const line = `${task}  ${bar} ${Math.floor(share * 100)} %${left}${took}  ${note}`;
      this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns ?? 80) - 1)}${last ? "\n" : ""}`);
      this.#open = !last;
    } else {
      this.#stream.write(`${task}  ${done}/${total}${left}${took}  ${note}\n`);
    }
    if (last) this.#task = "";
  }

  #timeLeft(now: number, done: number, total: number): string {
    if (done <= this.#first) return "?";
    return duration(((now - this.#began) / 1000 / (done - this.#first)) * (total - done));
  }

  #clear(): void {
    if (this.#open) this.#stream.write("\r\x1b[K");
    this.#open = false;
  }
}
