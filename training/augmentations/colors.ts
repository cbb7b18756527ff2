// Colour changes in place, on one planar picture [3, H, W] in [0, 1] inside a larger buffer. Each clamps its result.
// The formulas are those of torchvision.transforms.functional on float tensors.

/** Gray of a colour, by the weights that torchvision uses. */
const RED = 0.2989;
const GREEN = 0.587;
const BLUE = 0.114;

// Math.min and Math.max compile to code without branches, which noisy pixels would mispredict.
const clamp = (value: number): number => Math.min(Math.max(value, 0), 1);

/** Where a picture lies: its first value, and the number of pixels of each of its three planes. */
export interface PictureSpan {
  readonly start: number;
  readonly pixels: number;
}

/** Scales every value by the factor. */
export function adjustBrightness(data: Float32Array, { start, pixels }: PictureSpan, factor: number): void {
  const end = start + 3 * pixels;
  for (let i = start; i < end; i++) data[i] = clamp(data[i] * factor);
}

/** Moves every value away from (factor > 1) or towards (factor < 1) the mean gray of the picture. */
export function adjustContrast(data: Float32Array, { start, pixels }: PictureSpan, factor: number): void {
  const greenAt = start + pixels;
  const blueAt = greenAt + pixels;
  let sum = 0;
  for (let i = 0; i < pixels; i++) {
    sum += RED * data[start + i] + GREEN * data[greenAt + i] + BLUE * data[blueAt + i];
  }
  const mean = sum / pixels;
  const shift = (1 - factor) * mean;
  const end = start + 3 * pixels;
  for (let i = start; i < end; i++) data[i] = clamp(data[i] * factor + shift);
}

/** Moves every pixel away from (factor > 1) or towards (factor < 1) its own gray. */
export function adjustSaturation(data: Float32Array, { start, pixels }: PictureSpan, factor: number): void {
  const greenAt = start + pixels;
  const blueAt = greenAt + pixels;
  for (let i = 0; i < pixels; i++) {
    const r = data[start + i];
    const g = data[greenAt + i];
    const b = data[blueAt + i];
    const shift = (1 - factor) * (RED * r + GREEN * g + BLUE * b);
    data[start + i] = clamp(r * factor + shift);
    data[greenAt + i] = clamp(g * factor + shift);
    data[blueAt + i] = clamp(b * factor + shift);
  }
}

/**
 * Turns the hue in HSV space; value and saturation stay.
 * @param turns shift along the colour circle, −0.5 … 0.5; 0.5 is half way round
 */
export function adjustHue(data: Float32Array, { start, pixels }: PictureSpan, turns: number): void {
  const greenAt = start + pixels;
  const blueAt = greenAt + pixels;
  for (let i = 0; i < pixels; i++) {
    const r = data[start + i];
    const g = data[greenAt + i];
    const b = data[blueAt + i];
    const high = Math.max(r, g, b);
    const low = Math.min(r, g, b);
    const chroma = high - low;
    if (chroma === 0) continue;
    // Hue in sixths of the circle, times the chroma: with that factor left in, HSV and back needs no division.
    let hue = high === r ? g - b : high === g ? 2 * chroma + b - r : 4 * chroma + r - g;
    hue += 6 * turns * chroma;
    if (hue < 0) hue += 6 * chroma;
    else if (hue >= 6 * chroma) hue -= 6 * chroma;
    data[start + i] = low + Math.min(Math.max(Math.abs(hue - 3 * chroma) - chroma, 0), chroma);
    data[greenAt + i] = low + Math.min(Math.max(2 * chroma - Math.abs(hue - 2 * chroma), 0), chroma);
    data[blueAt + i] = low + Math.min(Math.max(2 * chroma - Math.abs(hue - 4 * chroma), 0), chroma);
  }
}

/** Replaces every pixel by its gray. */
export function toGrayscale(data: Float32Array, { start, pixels }: PictureSpan): void {
  const greenAt = start + pixels;
  const blueAt = greenAt + pixels;
  for (let i = 0; i < pixels; i++) {
    const gray = RED * data[start + i] + GREEN * data[greenAt + i] + BLUE * data[blueAt + i];
    data[start + i] = gray;
    data[greenAt + i] = gray;
    data[blueAt + i] = gray;
  }
}
