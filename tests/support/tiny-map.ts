import { TINY, tsimcne } from "./command.ts";
import { writeClassFolder } from "./pictures.ts";

/** Trains a small map in `dir`, of pictures in `images`. @param options.more further options of the command */
export async function trainTinyMap(
  dir: string,
  images: string,
  cache: string,
  { count = 60, seed = 1, more = [] as readonly string[] } = {},
): Promise<void> {
  await writeClassFolder(images, count);
  const { code, stderr } = await tsimcne(
    ["train", images, "--out", dir, ...TINY, "--seed", String(seed), ...more],
    cache,
  );
  if (code !== 0) throw new Error(stderr);
}
