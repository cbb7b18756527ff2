// Which part of the map is on the screen, and where a point of it is. y points up on the map and down on the screen.

export interface View {
  /** Map coordinates in the middle of the window. */
  readonly x: number;
  readonly y: number;
  /** Pixels per unit of the map. */
  readonly scale: number;
}

/** In CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** In map coordinates. */
export interface Rect {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
}

/** Pixels kept free at each edge. */
export interface Padding {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/** Pixels of a place on the map. */
export function toScreen(view: View, { width, height }: Size, x: number, y: number): [number, number] {
  return [width / 2 + (x - view.x) * view.scale, height / 2 - (y - view.y) * view.scale];
}

/** The place on the map under a pixel. */
export function toMap(view: View, { width, height }: Size, left: number, top: number): [number, number] {
  return [view.x + (left - width / 2) / view.scale, view.y - (top - height / 2) / view.scale];
}

/** What is on the screen, and `margin` pixels around it. */
export function visibleRect(view: View, { width, height }: Size, margin = 0): Rect {
  const [dx, dy] = [(width / 2 + margin) / view.scale, (height / 2 + margin) / view.scale];
  return { minX: view.x - dx, minY: view.y - dy, maxX: view.x + dx, maxY: view.y + dy };
}

/** The view after the map was dragged by so many pixels. */
export function panned(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x - dx / view.scale, y: view.y + dy / view.scale };
}

/** The view after zooming, with the place under a pixel staying there. */
export function zoomedAt(view: View, size: Size, left: number, top: number, scale: number): View {
  const [x, y] = toMap(view, size, left, top);
  const moved = { ...view, scale };
  const [newX, newY] = toMap(moved, size, left, top);
  return { x: view.x + x - newX, y: view.y + y - newY, scale };
}

/** The view that shows a rectangle as large as fits between the paddings. */
export function fitted(rect: Rect, size: Size, padding: Padding, maxScale = Number.POSITIVE_INFINITY): View {
  const width = Math.max(80, size.width - padding.left - padding.right);
  const height = Math.max(80, size.height - padding.top - padding.bottom);
  const [spanX, spanY] = [rect.maxX - rect.minX, rect.maxY - rect.minY];
  const fit = Math.min(spanX > 0 ? width / spanX : maxScale, spanY > 0 ? height / spanY : maxScale, maxScale);
  const scale = Number.isFinite(fit) ? fit : 1;
  return {
    x: (rect.minX + rect.maxX) / 2 - (padding.left - padding.right) / 2 / scale,
    y: (rect.minY + rect.maxY) / 2 + (padding.top - padding.bottom) / 2 / scale,
    scale,
  };
}

/** The rectangle around some points of [count, 2]; undefined if none of them is finite. */
export function boundsOf(coordinates: Float32Array, indices: Iterable<number>): Rect | undefined {
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const i of indices) {
    const [x, y] = [coordinates[2 * i], coordinates[2 * i + 1]];
    if (!Number.isFinite(x + y)) continue;
    [minX, maxX] = [Math.min(minX, x), Math.max(maxX, x)];
    [minY, maxY] = [Math.min(minY, y), Math.max(maxY, y)];
  }
  return minX <= maxX ? { minX, minY, maxX, maxY } : undefined;
}

/** Part of the way from one view to another, 0 … 1; zooming is even to the eye. */
export function between(from: View, to: View, share: number): View {
  const scale = from.scale * (to.scale / from.scale) ** share;
  // The centre moves in step with what the zoom has reached, so that the target stays in sight.
  const ratio = to.scale / from.scale;
  const way = Math.abs(ratio - 1) < 1e-6 ? share : (1 - ratio ** -share) / (1 - 1 / ratio);
  return { x: from.x + (to.x - from.x) * way, y: from.y + (to.y - from.y) * way, scale };
}
