// Areas of the map as polygons: x, y, x, y, …

export type Polygon = readonly number[];

export function rectangle(x0: number, y0: number, x1: number, y1: number): number[] {
  return [x0, y0, x1, y0, x1, y1, x0, y1];
}

/** Whether a point lies in a polygon; by how often a ray from it crosses the outline. */
export function contains(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const [xi, yi, xj, yj] = [polygon[i], polygon[i + 1], polygon[j], polygon[j + 1]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/**
 * The polygon with fewer corners, so that it fits into a link: no corner that is left out lies farther from the new
 * outline than the tolerance, which is doubled until there are at most `most` corners. (Ramer–Douglas–Peucker)
 */
export function simplified(polygon: Polygon, tolerance: number, most: number): number[] {
  for (let distance = tolerance; ; distance *= 2) {
    const corners = keepCorners(polygon, distance);
    if (corners.length <= 2 * most) return corners;
  }
}

function keepCorners(polygon: Polygon, tolerance: number): number[] {
  const last = polygon.length / 2 - 1;
  if (last < 3) return [...polygon];
  const kept = new Set([0, last]);
  const open: [number, number][] = [[0, last]];
  for (let span = open.pop(); span; span = open.pop()) {
    const [from, to] = span;
    let [farthest, distance] = [-1, tolerance];
    for (let i = from + 1; i < to; i++) {
      const away = distanceToLine(polygon, i, from, to);
      if (away > distance) [farthest, distance] = [i, away];
    }
    if (farthest < 0) continue;
    kept.add(farthest);
    open.push([from, farthest], [farthest, to]);
  }
  return [...kept].sort((a, b) => a - b).flatMap((i) => [polygon[2 * i], polygon[2 * i + 1]]);
}

function distanceToLine(polygon: Polygon, point: number, from: number, to: number): number {
  const [x0, y0] = [polygon[2 * from], polygon[2 * from + 1]];
  const [dx, dy] = [polygon[2 * to] - x0, polygon[2 * to + 1] - y0];
  const [px, py] = [polygon[2 * point] - x0, polygon[2 * point + 1] - y0];
  const length = Math.hypot(dx, dy);
  return length === 0 ? Math.hypot(px, py) : Math.abs(px * dy - py * dx) / length;
}
