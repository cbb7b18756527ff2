// Sheets of thumbnails, loaded when a picture on them is wanted.

import { type Signal, signal } from "@preact/signals";
import { fetchFile } from "./fetch.ts";

/** A sheet takes 64 MB once decoded; the others are kept as they came and decoded again when they are wanted. */
const MOST_DECODED = 8;

interface Sheet {
  /** Address of the loaded sheet, for style sheets. */
  readonly url: Signal<string | undefined>;
  blob: Promise<Blob>;
  bitmap?: ImageBitmap;
  decoding: boolean;
  /** Frame in which it was last asked for. */
  used: number;
}

export class Sheets {
  readonly #urlOf: (name: string) => string;
  readonly #changed: () => void;
  readonly #sheets = new Map<string, Sheet>();
  #frame = 0;

  /**
   * @param urlOf address of a file of the map
   * @param changed called when a sheet can be drawn that could not be before
   */
  constructor(urlOf: (name: string) => string, changed: () => void) {
    this.#urlOf = urlOf;
    this.#changed = changed;
  }

  /** Begins a frame: sheets that are not asked for in it may be given up. */
  nextFrame(): void {
    this.#frame++;
  }

  /** The sheet, ready to draw; undefined until it is loaded. Only so many are held at once. */
  bitmap(name: string): ImageBitmap | undefined {
    const sheet = this.#sheet(name);
    sheet.used = this.#frame;
    if (!sheet.bitmap && !sheet.decoding && this.#makeRoom()) void this.#decode(sheet);
    return sheet.bitmap;
  }

  /** Address of the sheet, for style sheets; undefined until it is loaded. */
  url(name: string): string | undefined {
    return this.#sheet(name).url.value;
  }

  #sheet(name: string): Sheet {
    const known = this.#sheets.get(name);
    if (known) return known;
    const url = signal<string | undefined>(undefined);
    const blob = fetchFile(this.#urlOf(name)).then((response) => response.blob());
    const sheet: Sheet = { url, blob, decoding: false, used: this.#frame };
    this.#sheets.set(name, sheet);
    blob.then(
      (content) => {
        url.value = URL.createObjectURL(content);
      },
      // The map goes on without these pictures; the browser's console says which file is missing.
      () => undefined,
    );
    return sheet;
  }

  async #decode(sheet: Sheet): Promise<void> {
    sheet.decoding = true;
    try {
      sheet.bitmap = await createImageBitmap(await sheet.blob);
      sheet.decoding = false;
      this.#changed();
    } catch {
      // Stays marked as being decoded, so that it is not tried again with every frame.
    }
  }

  /** Gives up the sheet that has not been used for longest, if there are too many. */
  #makeRoom(): boolean {
    const held = [...this.#sheets.values()].filter((sheet) => sheet.bitmap ?? sheet.decoding);
    if (held.length < MOST_DECODED) return true;
    const idle = held.filter((sheet) => sheet.bitmap && sheet.used < this.#frame);
    if (idle.length === 0) return false;
    const oldest = idle.reduce((a, b) => (a.used <= b.used ? a : b));
    oldest.bitmap?.close();
    oldest.bitmap = undefined;
    return true;
  }
}

/** Counts what {@link sheets} has become ready to draw. */
export const sheetsChanged = signal(0);
/** The sheets of the map that is shown. */
export const sheets = signal<Sheets | undefined>(undefined);
