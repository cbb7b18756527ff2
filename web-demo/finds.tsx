// What is looked for first in a collection: images unlike the others, and images that are there twice.

import type { ComponentChildren } from "preact";
import type { LoadedMap } from "./load.ts";
import { select, selection } from "./state.ts";

export function Finds({ map }: { readonly map: LoadedMap }) {
  const { duplicates } = map.info.counts;
  return (
    <>
      <Find kind="outliers" title="The images least like the others">
        Outliers
      </Find>
      {!!duplicates && (
        <Find kind="duplicates" title="Images that show the same">
          Duplicates <small class="count">{duplicates.toLocaleString("en")}</small>
        </Find>
      )}
    </>
  );
}

interface FindProps {
  readonly kind: "outliers" | "duplicates";
  readonly title: string;
  readonly children: ComponentChildren;
}

/** Selects what it is about; selects nothing when it is pressed again. */
function Find({ kind, title, children }: FindProps) {
  const pressed = selection.value?.kind === kind;
  return (
    <button
      type="button"
      class="find"
      title={title}
      aria-pressed={pressed}
      onClick={() => select(pressed ? undefined : { kind })}
    >
      {children}
    </button>
  );
}
