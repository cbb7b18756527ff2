// How much is let in: more than can be done in time only makes everybody wait.

import type { RequestHandler } from "express";
import { Problem } from "./problem.ts";

export class Admission {
  readonly #most: number;
  #inside = 0;
  #draining = false;
  #requests = 0;
  #idle: (() => void) | undefined;

  /** @param most images that may be inside at a time */
  constructor(most: number) {
    this.#most = most;
  }

  /** Images inside. */
  get inside(): number {
    return this.#inside;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on nothing is let in. Resolves when the requests that were have been answered. */
  async drain(): Promise<void> {
    this.#draining = true;
    if (this.#requests === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  /** Lets a request in if an image could be let in now, before its body is read. */
  readonly door: RequestHandler = (_, response, next) => {
    if (this.#draining) {
      throw new Problem("draining", "send it again in a moment, to another server if there is one", {
        headers: { Connection: "close" },
      });
    }
    this.#checkRoom(1);
    this.#requests++;
    response.once("close", () => {
      this.#requests--;
      if (this.#requests === 0) this.#idle?.();
    });
    next();
  };

  #checkRoom(images: number): void {
    if (this.#inside + images <= this.#most) return;
    throw new Problem("queue_full", `${this.#inside} images are waiting already; send it again in a moment`);
  }

  /**
   * Lets the images of an accepted request in, which then leave one by one through the function returned.
   * @throws Problem queue_full if so many cannot be let in now
   */
  enter(images: number): () => void {
    this.#checkRoom(images);
    this.#inside += images;
    return () => {
      this.#inside--;
    };
  }
}
