// The map while it is being learned: small pictures that drift to where the network now sees them.

import { effect, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { toHex } from "../../models/color.ts";
import { categorize, colorsOf } from "../../models/plot/categories.ts";
import { aligned } from "./align.ts";
import { imageOf } from "./image-data.ts";
import type { ImagesMessage } from "./messages.ts";
import { live } from "./state.ts";

/** How long the pictures take to their new places, in milliseconds. */
const DRIFT = 900;
/** Free space around the map, in pixels. */
const MARGIN = 28;

export function LiveMap({ images }: { readonly images: ImagesMessage }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const looked = useSignal(false);
  useEffect(() => {
    const scene = new LiveScene(canvas.current!, images);
    const stop = effect(() => {
      if (!live.value) return;
      scene.moveTo(live.value);
      looked.value = true;
    });
    const observer = new ResizeObserver(() => scene.draw());
    observer.observe(canvas.current!);
    return () => {
      stop();
      observer.disconnect();
      scene.stop();
    };
  }, [images]);
  return (
    <div class="live">
      <canvas ref={canvas} role="img" aria-label="The map as far as it is learned" />
      {!looked.value && <p class="note">The first look at the map comes after the first step …</p>}
    </div>
  );
}

class LiveScene {
  readonly #canvas: HTMLCanvasElement;
  readonly #count: number;
  readonly #side: number;
  /** All pictures in one row after the other, as many to a row as there are rows. */
  readonly #atlas: OffscreenCanvas;
  readonly #columns: number;
  readonly #colors: readonly string[] | undefined;
  #from: Float32Array | undefined;
  #to: Float32Array | undefined;
  #began = 0;
  #frame = 0;

  constructor(canvas: HTMLCanvasElement, { shown, pixels, labels }: ImagesMessage) {
    this.#canvas = canvas;
    this.#count = shown.length;
    this.#side = Math.round(Math.sqrt(pixels.length / 3 / this.#count));
    this.#columns = Math.ceil(Math.sqrt(this.#count));
    this.#atlas = this.#drawAtlas(pixels);
    const categories = categorize({ labels });
    if (categories.list.length > 0) {
      const colors = colorsOf(categories).map(toHex);
      this.#colors = Array.from(categories.of, (place) => colors[place]);
    }
  }

  /** Lets the pictures drift to new places. */
  moveTo(points: Float32Array): void {
    const now = this.#places();
    this.#to = aligned(points, this.#to);
    this.#from = now ?? this.#to;
    this.#began = performance.now();
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#animate());
  }

  draw(): void {
    const places = this.#places();
    if (!places) return;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const scale = devicePixelRatio;
    this.#canvas.width = width * scale;
    this.#canvas.height = height * scale;
    const context = this.#canvas.getContext("2d")!;
    context.scale(scale, scale);
    const radius = Math.min(width, height) / 2 - MARGIN;
    // About a quarter of the plane is covered.
    const size = Math.min(36, Math.max(8, (radius * 2) / Math.sqrt(this.#count) / 1.2));
    for (let i = 0; i < this.#count; i++) {
      const x = width / 2 + radius * places[2 * i] - size / 2;
      const y = height / 2 - radius * places[2 * i + 1] - size / 2;
      if (this.#colors) {
        context.fillStyle = this.#colors[i];
        context.fillRect(x - 1.5, y - 1.5, size + 3, size + 3);
      }
      const [column, row] = [i % this.#columns, Math.floor(i / this.#columns)];
      const side = this.#side;
      context.drawImage(this.#atlas, column * side, row * side, side, side, x, y, size, size);
    }
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  #animate(): void {
    this.draw();
    const moving = performance.now() - this.#began < DRIFT;
    this.#frame = moving ? requestAnimationFrame(() => this.#animate()) : 0;
    if (!moving) this.draw();
  }

  /** Where the pictures are at this moment, −1 … 1. */
  #places(): Float32Array | undefined {
    const [from, to] = [this.#from, this.#to];
    if (!from || !to) return undefined;
    const t = Math.min(1, (performance.now() - this.#began) / DRIFT);
    const eased = t * t * (3 - 2 * t);
    return to.map((value, i) => from[i] + (value - from[i]) * eased);
  }

  #drawAtlas(pixels: Uint8Array): OffscreenCanvas {
    const side = this.#side;
    const atlas = new OffscreenCanvas(this.#columns * side, Math.ceil(this.#count / this.#columns) * side);
    const context = atlas.getContext("2d")!;
    const bytes = side * side * 3;
    for (let i = 0; i < this.#count; i++) {
      const picture = imageOf(pixels.subarray(i * bytes, (i + 1) * bytes), side, side);
      context.putImageData(picture, (i % this.#columns) * side, Math.floor(i / this.#columns) * side);
    }
    return atlas;
  }
}
