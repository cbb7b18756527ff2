// Work beside the training, such as checkpoints: often enough, and yet a small part of the time.

export interface SideWorkOptions {
  /** Of the time, at most. */
  readonly share: number;
  /** Seconds from the end of one to the next, at least. */
  readonly pause: number;
  /** Seconds until the first; by default it is due at once. */
  readonly wait?: number;
  /** In seconds. */
  readonly clock: () => number;
}

/** Says when work is due, by what it took the last time. */
export class SideWork {
  readonly #options: SideWorkOptions;
  #due: number;

  constructor(options: SideWorkOptions) {
    this.#options = options;
    this.#due = options.clock() + (options.wait ?? 0);
  }

  get due(): boolean {
    return this.#options.clock() >= this.#due;
  }

  /** Does the work, and puts off the next in proportion to what it took. */
  async time(work: () => Promise<void>): Promise<void> {
    const { share, pause, clock } = this.#options;
    const began = clock();
    await work();
    const ended = clock();
    this.#due = ended + Math.max(pause, (ended - began) / share);
  }
}
