/** The most frequent of the votes, which come nearest first; of equally frequent ones the one met first. */
export function majority<T>(votes: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const vote of votes) counts.set(vote, (counts.get(vote) ?? 0) + 1);
  let best: T | undefined = votes[0];
  for (const [vote, count] of counts) if (count > counts.get(best as T)!) best = vote;
  return best;
}
