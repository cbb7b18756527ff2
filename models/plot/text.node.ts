// Text as outlines, so that a map looks the same where no fonts are installed. The font is Roboto (Apache-2.0).

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import opentype from "opentype.js";
import { escapeMarkup } from "./escape.ts";

export type Weight = "Regular" | "Medium";

export interface TextStyle {
  /** Height of the type, in pixels. */
  readonly size: number;
  readonly weight: Weight;
  /** CSS colour. */
  readonly fill: string;
}

const require = createRequire(import.meta.url);
const fonts = new Map<Weight, opentype.Font>();

function fontOf(weight: Weight): opentype.Font {
  let font = fonts.get(weight);
  if (!font) {
    const file = readFileSync(require.resolve(`roboto-fontface/fonts/roboto/Roboto-${weight}.woff`));
    font = opentype.parse(
      file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer,
    );
    fonts.set(weight, font);
  }
  return font;
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
export function textWidth(text: string, { size, weight }: Pick<TextStyle, "size" | "weight">): number {
  const font = fontOf(weight);
  return covers(font, text) ? font.getAdvanceWidth(text, size) : [...text].length * size;
}

/** The line, its end replaced by an ellipsis where it would be wider than this. */
export function fitText(text: string, style: Pick<TextStyle, "size" | "weight">, width: number): string {
  if (textWidth(text, style) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(`${characters.join("")}…`, style) > width) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}

/**
 * A line of text as SVG, beginning at x on the baseline y. Where the font lacks a character it is left to the fonts of
 * whoever shows the picture.
 */
export function textSvg(text: string, x: number, y: number, style: TextStyle): string {
  const font = fontOf(style.weight);
  if (covers(font, text)) {
    return `<path fill="${style.fill}" d="${font.getPath(text, x, y, style.size).toPathData(1)}"/>`;
  }
  const weight = style.weight === "Medium" ? 500 : 400;
  return `<text x="${x}" y="${y}" font-family="sans-serif" font-weight="${weight}" font-size="${style.size}" fill="${style.fill}">${escapeMarkup(text)}</text>`;
}
