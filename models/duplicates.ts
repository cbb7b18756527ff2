/**
 * Groups of images that show the same.
 * @param duplicateOf for each image the first of its group, −1 for that one itself and for images without duplicates
 * @returns groups of two images or more, each in ascending order, by their first
 */
export function duplicateGroups(duplicateOf: Int32Array): number[][] {
  const groups = new Map<number, number[]>();
  for (const [image, first] of duplicateOf.entries()) {
    if (first < 0) continue;
    const group = groups.get(first);
    if (group) group.push(image);
    else groups.set(first, [first, image]);
  }
  return [...groups.values()].sort(([a], [b]) => a - b);
}
