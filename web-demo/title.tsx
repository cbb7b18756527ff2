import { bundleFiles } from "../models/bundle/files.ts";
import type { LoadedMap } from "./load.ts";
import { SearchBox } from "./search-box.tsx";

/** What this is a map of, and the field to search it. */
export function Title({ map: { info, data, files } }: { readonly map: LoadedMap }) {
  const images = `${data.count.toLocaleString("en")} images`;
  return (
    <header class="title card">
      <h1>{info.name}</h1>
      <p>
        {images}, mapped by what they look like · <a href={files.url(bundleFiles.report)}>report</a> ·{" "}
        <a href="train.html">map your own images</a>
      </p>
      <SearchBox labelled={data.categories.list.length > 0} />
    </header>
  );
}
