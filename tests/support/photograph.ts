import sharp from "sharp";

/** A JPEG of noise over a gradient, which compresses about as a photograph does. */
export async function photograph(width: number, height: number): Promise<Buffer> {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = (i / data.length) * 200 + 40 * Math.abs(Math.sin(i * i));
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .blur(1)
    .jpeg({ quality: 85 })
    .toBuffer();
}
