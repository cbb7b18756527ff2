// What the name of a file says about it.

const IMAGE_EXTENSIONS = new Set(
  "jpg jpeg jpe jfif png apng gif webp tif tiff avif heic heif hif bmp dib jxl jp2 j2k jpf svg ppm pgm pbm pnm"
    .split(" ")
    .map((extension) => `.${extension}`),
);

/** The extension with its dot, in lower case; empty where there is none. */
export function extensionOf(path: string): string {
  return /[^/](\.[^./]+)$/.exec(path)?.[1].toLowerCase() ?? "";
}

/** Whether the name claims to be an image. What it is, only its bytes say. */
export function hasImageExtension(path: string): boolean {
  return IMAGE_EXTENSIONS.has(extensionOf(path));
}

/** Hidden files and folders, and the shadow files that macOS puts into archives. */
export function isHidden(name: string): boolean {
  return name.startsWith(".") || name === "__MACOSX";
}
