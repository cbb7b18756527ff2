import { bundleFiles } from "../models/bundle/files.ts";
import { Finds } from "./finds.tsx";
import type { LoadedMap } from "./load.ts";
import { SearchBox } from "./search-box.tsx";

/** What this is a map of, and how to find something on it. */
export function Title({ map }: { readonly map: LoadedMap }) {
  const { info, data, files } = map;
  const images = `${data.count.toLocaleString("en")} images`;
  return (
    <header class="title card">
      <h1>{info.name}</h1>
      <p>
        {images}, mapped by what they look like · <a href={files.url(bundleFiles.report)}>report</a> ·{" "}
        <a href="train.html">map your own images</a>
      </p>
      <SearchBox labelled={data.categories.list.length > 0} />
      <div class="finds">
        <Finds map={map} />
      </div>
    </header>
  );
}
