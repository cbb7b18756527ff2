// Blurs of many colours, each unlike all others: stand-ins for photographs, to copy and change.

import sharp, { type Sharp } from "sharp";
import { randomStream } from "../../training/random.ts";

const CELLS = 6;

/** A picture of this side; `index` decides what it shows. */
export async function blur(index: number, side = 96): Promise<Sharp> {
  const random = randomStream("blur", index);
  const pixels = Buffer.from(Array.from({ length: CELLS * CELLS * 3 }, () => 30 + random.integer(196)));
  const large = await sharp(pixels, { raw: { width: CELLS, height: CELLS, channels: 3 } })
    .resize(side, side, { kernel: "cubic" })
    .png()
    .toBuffer();
  return sharp(large);
}

/** What becomes of a picture on its way through the world. */
export const copies: Readonly<Record<string, (picture: Sharp) => Sharp>> = {
  "as it is": (picture) => picture.png(),
  "a JPEG of low quality": (picture) => picture.jpeg({ quality: 50 }),
  "half as large": (picture) => picture.resize(48, 48).png(),
  "larger, as WebP": (picture) => picture.resize(230, 230).webp({ quality: 80 }),
  "a little brighter": (picture) => picture.linear(1.06, 4).png(),
  "of less contrast": (picture) => picture.linear(0.85, 18).jpeg({ quality: 85 }),
};
