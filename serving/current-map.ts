// Which map is served, and the change to a newer one.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { bundleFiles } from "../models/bundle/files.ts";
import { LoadedMap } from "./loaded-map.ts";
import type { PoolOptions } from "./placer-pool.ts";

/** Milliseconds between two looks at the folder. Looking works on every file system, being told does not. */
const LOOK_EVERY = 500;

export interface WatchEvents {
  onSwitch(map: LoadedMap): void;
  /** The folder has changed, but what is there cannot be served: the old map stays. */
  onFailure(error: Error): void;
}

/** Where the map to answer with comes from. */
export interface MapSource {
  /** Use it through {@link LoadedMap.use}, or it may be closed meanwhile. @throws Problem while there is none */
  readonly map: LoadedMap;
}

export class CurrentMap implements MapSource {
  readonly #dir: string;
  readonly #pool: PoolOptions;
  #map: LoadedMap;
  /** Of map.json as it was when it was last looked at. */
  #stamp: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retiring: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(dir: string, pool: PoolOptions, map: LoadedMap, stamp: string | undefined) {
    this.#dir = dir;
    this.#pool = pool;
    this.#map = map;
    this.#stamp = stamp;
  }

  /** @throws UserError if the folder holds no usable map */
  static async open(dir: string, pool: PoolOptions): Promise<CurrentMap> {
    const stamp = await stampOf(dir);
    return new CurrentMap(dir, pool, await LoadedMap.open(dir, pool), stamp);
  }

  get map(): LoadedMap {
    return this.#map;
  }

  /** From now on switches to a newer map when the folder is replaced. */
  watch(events: WatchEvents): void {
    const look = async () => {
      const stamp = await stampOf(this.#dir);
      // Between two maps the folder may be missing for a moment.
      if (stamp !== undefined && stamp !== this.#stamp) {
        this.#stamp = stamp;
        await this.#switch(events);
      }
      if (!this.#closed) this.#timer = setTimeout(look, LOOK_EVERY);
    };
    this.#timer = setTimeout(look, LOOK_EVERY);
  }

  async #switch(events: WatchEvents): Promise<void> {
    try {
      const next = await LoadedMap.open(this.#dir, this.#pool);
      if (this.#closed) return await next.retire();
      const old = this.#map;
      this.#map = next;
      this.#retiring = Promise.all([this.#retiring, old.retire()]);
      events.onSwitch(next);
    } catch (error) {
      events.onFailure(error as Error);
    }
  }

  /** Waits for what is under way, then closes. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#retiring;
    await this.#map.retire();
  }
}

async function stampOf(dir: string): Promise<string | undefined> {
  const found = await stat(join(dir, bundleFiles.info)).catch(() => undefined);
  return found && `${found.ino} ${found.size} ${found.mtimeMs}`;
}
