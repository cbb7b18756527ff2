// Images of many sizes and formats, as people have them.

import sharp, { type Sharp } from "sharp";
import { randomStream } from "../../training/random.ts";

export interface MixedImage {
  readonly name: string;
  readonly bytes: Buffer;
  /** Whether every decoder gives the same pixels. */
  readonly exact: boolean;
}

const FORMATS = [
  "small png",
  "png",
  "jpeg",
  "webp",
  "gif",
  "avif",
  "turned jpeg",
  "alpha png",
  "gray jpeg",
  "large jpeg",
];

/** A soft picture with some grain, of any size. */
function scene(index: number, width: number, height: number): Sharp {
  const random = randomStream("mixed", index);
  const blobs = Array.from({ length: 5 }, () => ({
    x: random.uniform(),
    y: random.uniform(),
    r: 0.1 + 0.4 * random.uniform(),
    color: [0, 1, 2].map(() => 255 * random.uniform()),
  }));
  // A blob fades as exp(-(dx² + dy²) / r²), which is a product of what a column and what a row has of it.
  const fading = (length: number, at: number, r: number) =>
    Float64Array.from({ length }, (_, i) => Math.exp(-(((i / length - at) / r) ** 2)));
  const soft = blobs.map(({ x, y, r, color }) => ({
    columns: fading(width, x, r),
    rows: fading(height, y, r),
    color,
  }));
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const c = i % 3;
    const x = Math.trunc(i / 3) % width;
    const y = Math.trunc(i / 3 / width);
    let value = 120;
    for (const { columns, rows, color } of soft) value += (color[c] - value) * columns[x] * rows[y];
    data[i] = Math.min(255, Math.max(0, value + 12 * (random.uniform() - 0.5)));
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** The first so many images of an endless, always equal series. */
export async function mixedImages(count: number): Promise<MixedImage[]> {
  const images: MixedImage[] = [];
  for (let index = 0; index < count; index++) {
    const random = randomStream("mixed size", index);
    const format = FORMATS[index % FORMATS.length];
    const side = () => 24 + random.integer(500);
    const [width, height] =
      format === "small png"
        ? [32, 32]
        : format === "large jpeg"
          ? [1600, 900 + random.integer(600)]
          : [side(), side()];
    const picture = scene(index, width, height);
    images.push({
      name: `${index} ${format}`,
      bytes: await encode(picture, format),
      exact: format === "small png",
    });
  }
  return images;
}

function encode(picture: Sharp, format: string): Promise<Buffer> {
  switch (format) {
    case "jpeg":
    case "large jpeg":
      return picture.jpeg({ quality: 85 }).toBuffer();
    case "turned jpeg":
      return picture.withMetadata({ orientation: 6 }).jpeg({ quality: 90 }).toBuffer();
    case "gray jpeg":
      return picture.grayscale().jpeg().toBuffer();
    case "alpha png":
      return picture.ensureAlpha(0.6).png().toBuffer();
    case "webp":
      return picture.webp({ quality: 85 }).toBuffer();
    case "gif":
      return picture.gif().toBuffer();
    case "avif":
      return picture.avif({ quality: 70, effort: 2 }).toBuffer();
    default:
      return picture.png().toBuffer();
  }
}
