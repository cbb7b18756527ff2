import { goToImages } from "./navigate.ts";
import { hovered } from "./state.ts";
import { Thumbnail } from "./thumbnail.tsx";

/** A picture in a list: marks its image on the map while it is pointed at, and goes there when it is pressed. */
export function PictureButton({
  index,
  path,
  side,
}: {
  readonly index: number;
  readonly path: string;
  readonly side: number;
}) {
  return (
    <li>
      <button
        type="button"
        title={path}
        aria-label={path}
        onClick={() => goToImages([index])}
        onFocus={() => point(index)}
        onBlur={() => point(undefined)}
        onMouseEnter={() => point(index)}
        onMouseLeave={() => point(undefined)}
      >
        <Thumbnail index={index} side={side} />
      </button>
    </li>
  );
}

/** Marks an image on the map. */
function point(index: number | undefined): void {
  hovered.value = index;
}
