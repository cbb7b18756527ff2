// Pixels to draw on: dots and pictures, blended over what is there.

import type { Rgb } from "../color.ts";

export class Canvas {
  readonly width: number;
  readonly height: number;
  /** uint8 [height, width, 3]. */
  readonly pixels: Uint8ClampedArray;

  constructor(width: number, height: number, background: Rgb) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint8ClampedArray(width * height * 3);
    for (let i = 0; i < this.pixels.length; i++) this.pixels[i] = background[i % 3];
  }

  /** A disc with a smooth edge; nothing where the centre is NaN. */
  dot(x: number, y: number, radius: number, [red, green, blue]: Rgb, opacity: number): void {
    const { width, height, pixels } = this;
    const top = Math.max(0, Math.floor(y - radius));
    const bottom = Math.min(height - 1, Math.ceil(y + radius));
    const left = Math.max(0, Math.floor(x - radius));
    const right = Math.min(width - 1, Math.ceil(x + radius));
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const distance = Math.sqrt((column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2);
        const coverage = Math.min(Math.max(radius + 0.5 - distance, 0), 1) * opacity;
        if (coverage === 0) continue;
        const at = (row * width + column) * 3;
        pixels[at] += (red - pixels[at]) * coverage;
        pixels[at + 1] += (green - pixels[at + 1]) * coverage;
        pixels[at + 2] += (blue - pixels[at + 2]) * coverage;
      }
    }
  }

  /** A filled rectangle of whole pixels; parts outside are cut off. */
  fill(left: number, top: number, width: number, height: number, [red, green, blue]: Rgb): void {
    for (let row = Math.max(0, top); row < Math.min(this.height, top + height); row++) {
      for (let column = Math.max(0, left); column < Math.min(this.width, left + width); column++) {
        const at = (row * this.width + column) * 3;
        this.pixels[at] = red;
        this.pixels[at + 1] = green;
        this.pixels[at + 2] = blue;
      }
    }
  }

  /** A square picture, uint8 [size, size, 3], which must lie within. */
  picture(left: number, top: number, size: number, picture: Uint8Array): void {
    for (let row = 0; row < size; row++) {
      const line = picture.subarray(row * size * 3, (row + 1) * size * 3);
      this.pixels.set(line, ((top + row) * this.width + left) * 3);
    }
  }
}
