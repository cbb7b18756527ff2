// What a search for nearest neighbours is asked and how it is prepared. Who runs it is for the platform to say.

import { type NearestOptions, type Neighbours, nearest } from "../../models/neighbours.ts";

/** "cosine" compares directions: Euclidean distances of the vectors scaled to length 1, √(2 − 2 cos). */
export type Metric = "euclidean" | "cosine";

export interface SearchOptions extends NearestOptions {
  /** Defaults to "euclidean". */
  readonly metric?: Metric;
}

export interface Search {
  readonly queries: Float32Array;
  readonly points: Float32Array;
  readonly options: NearestOptions;
}

/** The same search for the queries from number `from` to before `to`, as far as there are any. */
export function forQueries({ queries, points, options }: Search, from: number, to: number): Search {
  const { dim, exclude } = options;
  const part = queries.subarray(from * dim, to * dim);
  const left = exclude && Array.from({ length: part.length / dim }, (_, i) => exclude[from + i]);
  return { queries: part, points, options: { ...options, exclude: left } };
}

/**
 * The k nearest of each query, nearest first, as `nearest` in models/neighbours.ts gives them.
 * @param queries [q, dim]
 * @param points [n, dim]
 */
export type FindNearest = (
  queries: Float32Array,
  points: Float32Array,
  options: SearchOptions,
) => Promise<Neighbours>;

/** Below this many multiplications nothing pays but to look at every point. */
const SMALL = 20_000_000;

/** A search whose large cases somebody else runs. */
export function findNearestBy(run: (search: Search) => Promise<Neighbours>): FindNearest {
  return async (queries, points, { metric = "euclidean", ...options }) => {
    const prepared = (vectors: Float32Array) =>
      metric === "cosine" ? unitVectors(vectors, options.dim) : vectors;
    const search: Search = { queries: prepared(queries), points: prepared(points), options };
    const small = (queries.length * points.length) / options.dim < SMALL;
    return small ? nearest(search.queries, search.points, options) : await run(search);
  };
}

/** The vectors scaled to length 1; vectors of zeros stay. */
export function unitVectors(vectors: Float32Array, dim: number): Float32Array {
  const scaled = vectors.slice();
  for (let start = 0; start < scaled.length; start += dim) {
    const vector = scaled.subarray(start, start + dim);
    let square = 0;
    for (const value of vector) square += value * value;
    const length = Math.sqrt(square);
    if (length > 0) for (let j = 0; j < dim; j++) vector[j] /= length;
  }
  return scaled;
}
