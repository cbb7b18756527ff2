// Short correlations with few multiplications: m outputs of a kernel of r taps from m + r − 1 products instead of m · r
// (Toom–Cook; Winograd 1980; for networks Lavin & Gray 2016, https://arxiv.org/abs/1509.09308).

/** Rows of numbers. */
export type Matrix = readonly (readonly number[])[];

/** y = output · ((kernel · w) ⊙ (input · x)), the sum over the taps of w of x shifted. */
export interface Correlation {
  /** [products, reach]: what of x goes into each product. */
  readonly input: Matrix;
  /** [products, taps] */
  readonly kernel: Matrix;
  /** [m, products] */
  readonly output: Matrix;
}

/** Where the polynomials are evaluated, beside infinity: small numbers keep rounding errors small. */
const POINTS = [0, 1, -1, 2, -2, 1 / 2, -1 / 2];

const dot = (terms: readonly number[]) => terms.reduce((product, term) => product * term, 1);

/** Coefficients, lowest power first, of the product of (x − root). */
function polynomial(roots: readonly number[]): number[] {
  let product = [1];
  for (const root of roots) {
    const factor = product; // times x moves every coefficient up by one
    product = Array.from(
      { length: factor.length + 1 },
      (_, i) => (factor[i - 1] ?? 0) - root * (factor[i] ?? 0),
    );
  }
  return product;
}

const ones = (count: number): number[] => Array<number>(count).fill(1);
const unit = (size: number): Matrix =>
  Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (_, column) => (row === column ? 1 : 0)),
  );

/** @throws if so many points are not listed */
function dense(m: number, taps: number): Correlation {
  if (m === 1) return { input: unit(taps), kernel: unit(taps), output: [ones(taps)] };
  if (taps === 1) return { input: unit(m), kernel: ones(m).map((one) => [one]), output: unit(m) };
  const products = m + taps - 1;
  const points = POINTS.slice(0, products - 1);
  if (points.length < products - 1) throw new Error(`no points for ${m} outputs of ${taps} taps`);
  const others = (point: number) => points.filter((other) => other !== point);
  const powers = (count: number) =>
    points.map((point) => Array.from({ length: count }, (_, i) => point ** i));
  const last = (count: number) => Array.from({ length: count }, (_, i) => (i === count - 1 ? 1 : 0));
  const kernel = powers(taps).map((row, j) => {
    const scale = dot(others(points[j]).map((other) => points[j] - other));
    return row.map((value) => value / scale);
  });
  return {
    input: [...points.map((point) => [...polynomial(others(point)), 0]), polynomial(points)],
    kernel: [...kernel, last(taps)],
    output: transposed([...powers(m), last(m)]),
  };
}

/** Rows as columns. */
export function transposed(rows: Matrix): Matrix {
  return rows[0].map((_, column) => rows.map((row) => row[column]));
}

/**
 * The correlation with a step: y[k] = Σ w[i] · x[step · k + i] for k < m. A step splits x and w into phases, each of
 * which is a correlation of its own; their products are listed one after the other.
 * @param step defaults to 1
 * @throws if m and the taps of a phase together ask for more than 8 products
 */
export function correlation(m: number, taps: number, step = 1): Correlation {
  const reach = step * (m - 1) + taps;
  const input: number[][] = [];
  const kernel: number[][] = [];
  const output: number[][] = Array.from({ length: m }, () => []);
  for (let phase = 0; phase < Math.min(step, taps); phase++) {
    const own = dense(m, Math.ceil((taps - phase) / step));
    const spread = (row: readonly number[], length: number) =>
      Array.from({ length }, (_, at) => (at % step === phase ? (row[(at - phase) / step] ?? 0) : 0));
    input.push(...own.input.map((row) => spread(row, reach)));
    kernel.push(...own.kernel.map((row) => spread(row, taps)));
    for (const [k, row] of own.output.entries()) output[k].push(...row);
  }
  return { input, kernel, output };
}
