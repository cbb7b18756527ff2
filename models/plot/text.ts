// Text as outlines, so that a map looks the same where no fonts are installed.

import type { Font } from "opentype.js";
import { escapeMarkup } from "./escape.ts";

export const weights = ["Regular", "Medium"] as const;
export type Weight = (typeof weights)[number];

/** The font of the platform: Roboto (Apache-2.0). */
export type Fonts = Readonly<Record<Weight, Font>>;

export interface TextStyle {
  /** Height of the type, in pixels. */
  readonly size: number;
  readonly weight: Weight;
  /** CSS colour. */
  readonly fill: string;
}

/** One line without what a picture cannot show: line breaks, control characters, halves of characters. */
export function printable(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Cs}\uFFFE\uFFFF]+/gu, " ").trim();
}

/** Whether the font has every character. */
function covers(font: opentype.Font, text: string): boolean {
  return [...text].every((character) => font.charToGlyphIndex(character) > 0);
}

/** Width of a line, in pixels; a guess where the font lacks a character. */
export function textWidth(
  fonts: Fonts,
  text: string,
  { size, weight }: Pick<TextStyle, "size" | "weight">,
): number {
  const font = fonts[weight];
  return covers(font, text) ? font.getAdvanceWidth(text, size) : [...text].length * size;
}

/** The line, its end replaced by an ellipsis where it would be wider than this. */
export function fitText(
  fonts: Fonts,
  text: string,
  style: Pick<TextStyle, "size" | "weight">,
  width: number,
): string {
  if (textWidth(fonts, text, style) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(fonts, `${characters.join("")}…`, style) > width)
    characters.pop();
  return `${characters.join("").trimEnd()}…`;
}

/**
 * A line of text as SVG, beginning at x on the baseline y. Where the font lacks a character it is left to the fonts of
 * whoever shows the picture.
 */
export function textSvg(fonts: Fonts, text: string, x: number, y: number, style: TextStyle): string {
  const font = fonts[style.weight];
  if (covers(font, text)) {
    return `<path fill="${style.fill}" d="${font.getPath(text, x, y, style.size).toPathData(1)}"/>`;
  }
  const weight = style.weight === "Medium" ? 500 : 400;
  return `<text x="${x}" y="${y}" font-family="sans-serif" font-weight="${weight}" font-size="${style.size}" fill="${style.fill}">${escapeMarkup(text)}</text>`;
}
