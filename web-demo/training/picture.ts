import { imageOf } from "./image-data.ts";
import type { TrainerReply } from "./messages.ts";

/** Lays the words over the pixels of a map. Only a page can: workers do not read SVG. @returns a PNG */
export async function drawPng(
  draw: Extract<TrainerReply, { kind: "draw" }>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { pixels, width, height, top, total, svg, background } = draw;
  const canvas = document.createElement("canvas");
  canvas.width = total.width;
  canvas.height = total.height;
  const context = canvas.getContext("2d")!;
  context.fillStyle = background;
  context.fillRect(0, 0, total.width, total.height);
  context.putImageData(imageOf(pixels, width, height), 0, top);
  const words = new Image();
  words.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    await words.decode();
    context.drawImage(words, 0, 0);
  } finally {
    URL.revokeObjectURL(words.src);
  }
  const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!png) throw new Error("the browser made no PNG");
  return new Uint8Array(await png.arrayBuffer());
}
