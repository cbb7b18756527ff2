// The nearest of many points, by looking at all of them. For the plane and for compact feature vectors.

/** The k nearest of each query, nearest first; of equally near ones the first comes first. */
export interface Neighbours {
  /** min(k, how many there are). */
  readonly k: number;
  /** [queries, k]. */
  readonly indices: Int32Array;
  /** Euclidean distances: [queries, k]. */
  readonly distances: Float64Array;
}

export interface NearestOptions {
  /** Number of coordinates of a vector. */
  readonly dim: number;
  readonly k: number;
  /** For each query a point that does not count, such as itself. Defaults to none. */
  readonly exclude?: ArrayLike<number>;
}

/**
 * Exact k nearest neighbours by Euclidean distance.
 * @param queries [q, dim]
 * @param points [n, dim]
 * @throws RangeError if k is not a positive whole number
 */
export function nearest(queries: Float32Array, points: Float32Array, options: NearestOptions): Neighbours {
  const scan = options.dim === 2 ? scanPlane : scanSpace;
  return searched(queries, points, options, (query, left, best) => scan(query, points, left, best));
}

/**
 * The same, but of some points only for each query.
 * @param candidates indices of points, at least k besides the one that does not count; quickest about nearest first:
 *   [q, number of candidates]
 */
export function nearestAmong(
  candidates: Int32Array,
  queries: Float32Array,
  points: Float32Array,
  options: NearestOptions,
): Neighbours {
  const each = (candidates.length * options.dim) / queries.length;
  return searched(queries, points, options, (query, left, best, q) =>
    scanSome(candidates.subarray(q * each, (q + 1) * each), query, points, left, best),
  );
}

/** @param scan offers the points of a query, number q, to the best, except the one that is left out */
function searched(
  queries: Float32Array,
  points: Float32Array,
  options: NearestOptions,
  scan: (query: Float32Array, left: number, best: Nearest, q: number) => void,
): Neighbours {
  const { dim, exclude } = options;
  const queryCount = queries.length / dim;
  const k = effectiveK(options.k, points.length / dim, exclude !== undefined);
  const indices = new Int32Array(queryCount * k);
  const distances = new Float64Array(queryCount * k);
  const best = new Nearest(k);
  for (let q = 0; q < queryCount; q++) {
    best.clear();
    scan(queries.subarray(q * dim, (q + 1) * dim), exclude ? exclude[q] : -1, best, q);
    indices.set(best.indices, q * k);
    for (let i = 0; i < k; i++) distances[q * k + i] = Math.sqrt(best.squares[i]);
  }
  return { k, indices, distances };
}

function scanPlane(query: Float32Array, points: Float32Array, left: number, best: Nearest): void {
  const [x, y] = query;
  let { limit } = best;
  for (let p = 0, at = 0; at < points.length; p++, at += 2) {
    const dx = x - points[at];
    const dy = y - points[at + 1];
    const square = dx * dx + dy * dy;
    if (square < limit && p !== left) limit = best.insert(square, p);
  }
}

/** Dimensions after which a point is given up that is too far away already. */
const STRIDE = 16;

function scanSpace(query: Float32Array, points: Float32Array, left: number, best: Nearest): void {
  const dim = query.length;
  let { limit } = best;
  for (let p = 0, start = 0; start < points.length; p++, start += dim) {
    const square = squareUpTo(limit, query, points, start);
    if (square < limit && p !== left) limit = best.insert(square, p);
  }
}

function scanSome(
  candidates: Int32Array,
  query: Float32Array,
  points: Float32Array,
  left: number,
  best: Nearest,
): void {
  let { limit } = best;
  for (const p of candidates) {
    if (p === left) continue;
    const square = squareUpTo(limit, query, points, p * query.length);
    if (square < limit || best.isTie(square, p)) limit = best.insert(square, p);
  }
}

/** Square of the distance of a query to the point that begins at `start`; given up once it is above the limit. */
function squareUpTo(limit: number, query: Float32Array, points: Float32Array, start: number): number {
  const dim = query.length;
  let square = 0;
  for (let from = 0; from < dim && square <= limit; from += STRIDE) {
    const to = Math.min(from + STRIDE, dim);
    for (let j = from; j < to; j++) {
      const difference = query[j] - points[start + j];
      square += difference * difference;
    }
  }
  return square;
}

/**
 * Points as a graph that finds the nearest takes them, one a column (see buildNearest): since
 * |q − p|² = |q|² − (2 q·p − |p|²), the nearest are those with the largest 2 q·p − |p|².
 * @param points [n, dim]
 * @param origin [dim], subtracted from every point; products of centred points are more exact. Defaults to 0
 * @returns doubled: 2 p [dim, n]; offsets: −|p|² [n]
 */
export function productColumns(
  points: ArrayLike<number>,
  dim: number,
  origin?: ArrayLike<number>,
): { doubled: Float32Array; offsets: Float32Array } {
  const count = points.length / dim;
  const doubled = new Float32Array(points.length);
  const offsets = new Float32Array(count);
  for (let p = 0; p < count; p++) {
    let square = 0;
    for (let j = 0; j < dim; j++) {
      const value = points[p * dim + j] - (origin ? origin[j] : 0);
      doubled[j * count + p] = 2 * value;
      square += value * value;
    }
    offsets[p] = -square;
  }
  return { doubled, offsets };
}

/** How many neighbours there can be. @throws RangeError if k is not a positive whole number */
export function effectiveK(k: number, pointCount: number, oneIsLeftOut: boolean): number {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`k must be a positive whole number, not ${k}`);
  return Math.min(k, Math.max(0, pointCount - (oneIsLeftOut ? 1 : 0)));
}

/** The k smallest seen so far, in order. */
class Nearest {
  readonly indices: Int32Array;
  readonly squares: Float64Array;
  /** What is not below this is not among them. */
  limit = Number.POSITIVE_INFINITY;

  constructor(k: number) {
    this.indices = new Int32Array(k);
    this.squares = new Float64Array(k);
    this.clear();
  }

  clear(): void {
    this.squares.fill(Number.POSITIVE_INFINITY);
    this.limit = this.squares.length === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }

  /** As near as the last, and before it. */
  isTie(square: number, index: number): boolean {
    return square === this.limit && index < this.indices[this.indices.length - 1];
  }

  /** @returns the new limit */
  insert(square: number, index: number): number {
    const { squares, indices } = this;
    let place = squares.length - 1;
    for (; place > 0; place--) {
      const before = squares[place - 1];
      if (before < square || (before === square && indices[place - 1] < index)) break;
      squares[place] = squares[place - 1];
      indices[place] = indices[place - 1];
    }
    squares[place] = square;
    indices[place] = index;
    this.limit = squares[squares.length - 1];
    return this.limit;
  }
}
