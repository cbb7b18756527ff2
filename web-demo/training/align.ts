// A map may turn and flip from one look to the next without being another; seen one after the other, it should not.

/**
 * Turns, flips, shifts and scales points so that they fill −1 … 1 and lie as near as they can to where they were.
 * (Orthogonal Procrustes in the plane, in closed form.)
 * @param points [n, 2]
 * @param before [n, 2], or undefined the first time
 * @returns [n, 2]
 */
export function aligned(points: Float32Array, before: Float32Array | undefined): Float32Array {
  const centred = normalized(points);
  if (!before) return centred;
  let [xx, xy, yx, yy] = [0, 0, 0, 0];
  for (let i = 0; i < centred.length; i += 2) {
    xx += centred[i] * before[i];
    xy += centred[i] * before[i + 1];
    yx += centred[i + 1] * before[i];
    yy += centred[i + 1] * before[i + 1];
  }
  const turned = Math.hypot(xx + yy, xy - yx);
  const flipped = Math.hypot(xx - yy, xy + yx);
  const flip = flipped > turned ? -1 : 1;
  const angle = flip > 0 ? Math.atan2(xy - yx, xx + yy) : Math.atan2(xy + yx, xx - yy);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const result = new Float32Array(centred.length);
  for (let i = 0; i < centred.length; i += 2) {
    const [x, y] = [centred[i], flip * centred[i + 1]];
    result[i] = cos * x - sin * y;
    result[i + 1] = sin * x + cos * y;
  }
  return result;
}

/** Centred; all but the two per cent farthest from the centre within −1 … 1. */
function normalized(points: Float32Array): Float32Array {
  const count = points.length / 2;
  const mean = [0, 0];
  for (let i = 0; i < points.length; i++) mean[i & 1] += points[i] / count;
  const centred = points.map((value, i) => value - mean[i & 1]);
  const radii = Float32Array.from({ length: count }, (_, i) =>
    Math.hypot(centred[2 * i], centred[2 * i + 1]),
  ).sort();
  const radius = radii[Math.floor(0.98 * (count - 1))] || 1;
  return centred.map((value) => value / radius);
}
