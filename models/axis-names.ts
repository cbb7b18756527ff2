/** What the coordinates of a point are called. @param dim how many there are, 2 or 3 */
export function axisNames(dim: number): string[] {
  return ["x", "y", "z"].slice(0, dim);
}
