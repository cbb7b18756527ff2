// Does novelty tell images that belong on a map from others? The area under the ROC curve: the share of pairs of one
// image that belongs and one that does not in which the second is the newer.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/novelty.bench.ts <map> <images that belong> <others>

import { placeImages } from "../../cli/place-images.ts";
import { Terminal } from "../../cli/terminal.ts";
import { openBundle } from "../../models/bundle/bundle.node.ts";
import { DEFAULT_MAX_PIXELS } from "../../models/decoding.ts";
import { openSource } from "../../training/dataset/source.ts";
import { median } from "../support/median.ts";

const [map, ...sets] = process.argv.slice(2);
if (sets.length === 2) {
  const bundle = await openBundle(map);
  const [belong, others] = [await noveltyOf(sets[0]), await noveltyOf(sets[1])];
  console.log(`${sets[0]}: ${belong.length} images, median novelty ${median(belong).toFixed(3)}`);
  console.log(`${sets[1]}: ${others.length} images, median novelty ${median(others).toFixed(3)}`);
  console.log(`AUROC ${auroc(belong, others).toFixed(3)}`);

  async function noveltyOf(images: string): Promise<number[]> {
    const source = await openSource(images);
    const options = { strict: false, maxMegapixels: DEFAULT_MAX_PIXELS / 1e6 };
    const { placed } = await placeImages(bundle, source, options, new Terminal());
    await source.close();
    return placed.map(({ novelty }) => novelty);
  }
} else {
  console.log("skipped: name a map, images that belong on it, and others (docs/results.md has figures)");
}

/** The Mann–Whitney statistic as a share; of equals half is counted. */
function auroc(belong: readonly number[], others: readonly number[]): number {
  const all = [
    ...belong.map((value) => ({ value, other: false })),
    ...others.map((value) => ({ value, other: true })),
  ].sort((a, b) => a.value - b.value);
  let below = 0;
  let sum = 0;
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to].value === all[from].value) to++;
    const equals = all.slice(from, to);
    const belonging = equals.filter(({ other }) => !other).length;
    sum += (equals.length - belonging) * (below + belonging / 2);
    below += belonging;
    from = to;
  }
  return sum / (belong.length * others.length);
}
