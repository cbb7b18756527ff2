// In a narrow window: which panel the sheet at the bottom shows, and what else can be found.

import { Finds } from "./finds.tsx";
import type { LoadedMap } from "./load.ts";
import { guests } from "./placing.ts";
import { type Sheet, selected, selection, sheet } from "./state.ts";

export function Tabs({ map }: { readonly map: LoadedMap }) {
  const tabs: [Sheet, string][] = [];
  if (map.data.categories.list.length > 0) tabs.push(["classes", "Classes"]);
  tabs.push(["place", "Place images"]);
  if (selection.value) tabs.push(["selection", `Selected ${selected.value.length.toLocaleString("en")}`]);
  if (guests.value.length > 0) tabs.push(["placed", `Placed ${guests.value.length.toLocaleString("en")}`]);
  return (
    <nav class="tabs" aria-label="Panels">
      {tabs.map(([name, label]) => (
        <button
          key={name}
          type="button"
          aria-pressed={sheet.value === name}
          onClick={() => {
            sheet.value = sheet.value === name ? undefined : name;
          }}
        >
          {label}
        </button>
      ))}
      <Finds map={map} />
    </nav>
  );
}
