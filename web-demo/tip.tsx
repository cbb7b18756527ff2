// What is pointed at: its picture, path and label, beside its point.

import type { LoadedMap } from "./load.ts";
import { shortPath } from "./paths.ts";
import { hovered, narrow, padding, size, view } from "./state.ts";
import { Thumbnail } from "./thumbnail.tsx";
import { toScreen } from "./view.ts";

const WIDTH = 280;
const HEIGHT = 112;
const GAP = 18;

export function Tip({ map }: { readonly map: LoadedMap }) {
  const index = hovered.value;
  if (index === undefined) return null;
  const { coordinates, categories } = map.data;
  const [x, y] = toScreen(view.value, size.value, coordinates[2 * index], coordinates[2 * index + 1]);
  const { width, height } = size.value;
  if (x < 0 || y < 0 || x > width || y > height || narrow.value) return null;
  const left = x + GAP + WIDTH < width - padding.value.right + 2 * GAP ? x + GAP : x - GAP - WIDTH;
  const top = Math.min(Math.max(y - HEIGHT / 2, 8), height - HEIGHT - 8);
  return (
    <div class="tip" role="tooltip" style={{ transform: `translate(${left}px, ${top}px)` }}>
      <Thumbnail index={index} side={96} />
      <div>
        {categories.list.length > 0 && <strong>{categories.list[categories.of[index]].name}</strong>}
        <span class="path">{shortPath(map.paths.at(index))}</span>
      </div>
    </div>
  );
}
