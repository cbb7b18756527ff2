import { type ThumbnailCell, thumbnailCell, thumbnailSheets, thumbnailSizeOf } from "../models/thumbnails.ts";
import { sheets } from "./sheets.ts";
import { map } from "./state.ts";

/** The thumbnail of an image: its part of the sheet. */
export function Thumbnail({ index, side }: { readonly index: number; readonly side: number }) {
  const { info } = map.value!;
  const cell = thumbnailCell(index, thumbnailSizeOf(info));
  const url = sheets.value?.url(cell.sheet);
  const scale = side / cell.size;
  const sheet = sizeOf(info.counts.images, cell);
  return (
    <span
      class="thumbnail"
      style={{
        width: `${side}px`,
        height: `${side}px`,
        backgroundImage: url && `url("${url}")`,
        backgroundSize: `${sheet.width * scale}px ${sheet.height * scale}px`,
        backgroundPosition: `${-cell.x * scale}px ${-cell.y * scale}px`,
      }}
    />
  );
}

const sizes = new Map<string, { width: number; height: number }>();

/** Of the whole sheet. */
function sizeOf(count: number, { sheet, size }: ThumbnailCell): { width: number; height: number } {
  if (sizes.size === 0) for (const one of thumbnailSheets(count, size)) sizes.set(one.name, one);
  return sizes.get(sheet)!;
}
