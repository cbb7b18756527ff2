// Colours as three channels and as text.

import { UserError } from "./errors.ts";

/** Red, green, blue, 0 … 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

const NAMED: Readonly<Record<string, string>> = { white: "#ffffff", black: "#000000", gray: "#808080" };

/**
 * The channels of a colour written as `white`, `black`, `gray`, `#rgb` or `#rrggbb`.
 * @throws UserError for anything else
 */
export function parseColor(text: string): Rgb {
  const name = text.trim().toLowerCase();
  const long = (NAMED[name] ?? name).replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3");
  if (!/^#[0-9a-f]{6}$/.test(long)) {
    throw new UserError(`"${text}" is no colour: give white, black, gray, #rgb or #rrggbb`);
  }
  const value = Number.parseInt(long.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** As `#rrggbb`. @param color whole numbers */
export function toHex(color: Rgb): string {
  return `#${color.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
