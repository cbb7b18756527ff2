import { useEffect, useRef } from "preact/hooks";
import { icon } from "./icons.tsx";
import { goToImages } from "./navigate.ts";
import { select, selected, selection } from "./state.ts";

/** Typing selects what it finds, once the typing pauses; a million paths take a moment. */
const PAUSE = 120;

export const SEARCH_ID = "search";

export function SearchBox({ labelled }: { readonly labelled: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const chosen = selection.value;
  const text = chosen?.kind === "search" ? chosen.text : "";
  // Another selection, or a link, changes what the field says.
  useEffect(() => {
    if (input.current && input.current.value.trim() !== text) input.current.value = text;
  }, [chosen]);
  const search = (value: string) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const wanted = value.trim();
      if (wanted !== "") select({ kind: "search", text: wanted });
      else if (selection.value?.kind === "search") select(undefined);
    }, PAUSE);
  };
  const what = labelled ? "path or label" : "path";
  return (
    <search class="search">
      {icon("search")}
      <input
        ref={input}
        id={SEARCH_ID}
        type="search"
        placeholder={`Search by ${what}`}
        aria-label={`Search images by ${what}`}
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => search(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && selected.value.length > 0) goToImages(selected.value);
        }}
      />
      <kbd>/</kbd>
    </search>
  );
}
