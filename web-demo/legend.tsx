// The classes: what their colours are, and which of them are shown.

import { useSignal } from "@preact/signals";
import { toHex } from "../models/color.ts";
import type { Categories, Category } from "../models/plot/categories.ts";
import { Panel } from "./panel.tsx";
import { hidden, showAll, showOnly, toggleCategory } from "./state.ts";

/** A longer list gets a field to search it. */
const SEARCHABLE = 14;
/** Rows that are made; a longer list asks for a word to look for. */
const MOST_ROWS = 300;

export function Legend({ categories: { list } }: { readonly categories: Categories }) {
  const wanted = useSignal("");
  const needle = wanted.value.trim().toLowerCase();
  const rows = [...list.entries()].filter(([, { name }]) => name.toLowerCase().includes(needle));
  const rest = rows.length - MOST_ROWS;
  return (
    <Panel
      name="classes"
      title={list.length === 1 ? "1 class" : `${list.length.toLocaleString("en")} classes`}
      actions={
        <button type="button" class="quiet" onClick={() => showAll(hidden.value.size > 0)}>
          {hidden.value.size > 0 ? "Show all" : "Hide all"}
        </button>
      }
    >
      {list.length > SEARCHABLE && (
        <input
          type="search"
          class="field"
          placeholder="Find a class"
          aria-label="Find a class"
          value={wanted.value}
          onInput={(event) => {
            wanted.value = event.currentTarget.value;
          }}
        />
      )}
      <ul class="legend">
        {rows.slice(0, MOST_ROWS).map(([place, category]) => (
          <Row key={place} place={place} category={category} />
        ))}
      </ul>
      {rows.length === 0 && <p class="note">No class is called so.</p>}
      {rest > 0 && <p class="note">and {rest.toLocaleString("en")} more: type to find them</p>}
    </Panel>
  );
}

function Row({ place, category }: { readonly place: number; readonly category: Category }) {
  const shown = !hidden.value.has(place);
  return (
    <li>
      <button type="button" aria-pressed={shown} class="class" onClick={() => toggleCategory(place)}>
        <i class="swatch" style={{ background: toHex(category.color) }} />
        <span>{category.name}</span>
        <small class="count">{category.count.toLocaleString("en")}</small>
      </button>
      <button
        type="button"
        class="only"
        aria-label={`Only ${category.name}`}
        title="Show this class alone"
        onClick={() => showOnly(place)}
      >
        only
      </button>
    </li>
  );
}
