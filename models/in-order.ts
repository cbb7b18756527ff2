/**
 * Applies an asynchronous function to every item, at most `limit` at a time, and yields the results in the order of
 * the items. The first error ends it, after the calls already begun have settled.
 */
export async function* mapInOrder<Item, Result>(
  items: readonly Item[],
  limit: number,
  apply: (item: Item, index: number) => Promise<Result>,
): AsyncGenerator<Result> {
  const begun: Promise<Result>[] = [];
  let next = 0;
  try {
    while (next < items.length || begun.length > 0) {
      while (next < items.length && begun.length < limit) {
        const result = apply(items[next], next++);
        result.catch(() => {}); // It is awaited later, in its turn; until then its failure is not unhandled.
        begun.push(result);
      }
      yield await begun[0];
      begun.shift();
    }
  } finally {
    await Promise.allSettled(begun);
  }
}
