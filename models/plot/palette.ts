// Colours for classes, told apart by most people, with and without colour vision deficiency.

import { parseColor, type Rgb } from "../color.ts";

/** M. A. Petroff, "Accessible Color Sequences for Data Visualization", 2021: ten colours, reordered for neighbours. */
const ACCESSIBLE = [
  "#3f90da",
  "#ffa90e",
  "#bd1f01",
  "#832db6",
  "#a96b59",
  "#e76300",
  "#94a4a2",
  "#b9ac70",
  "#717581",
  "#92dadd",
];

/** Points without a label beside points with one. */
export const UNLABELLED: Rgb = [176, 180, 186];

/** Colours for so many classes. Beyond ten no set is safe for everyone: hues all around, in three lightnesses. */
export function categoryColors(count: number): Rgb[] {
  if (count <= ACCESSIBLE.length) return ACCESSIBLE.slice(0, count).map(parseColor);
  const lightnesses = [0.55, 0.7, 0.82];
  return Array.from({ length: count }, (_, i) => {
    // Neighbouring classes get hues far apart: steps by the golden angle.
    const hue = (i * 137.508 + 20) % 360;
    return fromOklch(lightnesses[i % lightnesses.length], 0.15, hue);
  });
}

/** sRGB of an OKLCH colour, clipped. https://bottosson.github.io/posts/oklab/ */
function fromOklch(lightness: number, chroma: number, degrees: number): Rgb {
  const a = chroma * Math.cos((degrees * Math.PI) / 180);
  const b = chroma * Math.sin((degrees * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Linear light to an sRGB channel. */
function encode(linear: number): number {
  const clipped = Math.min(Math.max(linear, 0), 1);
  const value = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
  return Math.round(255 * value);
}
