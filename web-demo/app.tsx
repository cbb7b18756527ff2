import { Gallery } from "./gallery.tsx";
import { Help } from "./help.tsx";
import { Legend } from "./legend.tsx";
import { MapView } from "./map-view.tsx";
import { PlaceCard } from "./place-card.tsx";
import { PlacedPanel } from "./placed-panel.tsx";
import { placed } from "./placing.ts";
import { dragging, failure, map } from "./state.ts";
import { Tabs } from "./tabs.tsx";
import { Tip } from "./tip.tsx";
import { Title } from "./title.tsx";
import { Toolbar } from "./toolbar.tsx";

/** The whole page. */
export function App() {
  const loaded = map.value;
  if (failure.value) {
    return (
      <main class="message">
        <h1>There is no map to show</h1>
        <p role="alert">{failure.value}</p>
      </main>
    );
  }
  if (!loaded) {
    return (
      <main class="message" aria-busy="true">
        <p>Loading the map …</p>
      </main>
    );
  }
  return (
    <>
      <div class="column left">
        <Title map={loaded} />
        {loaded.data.categories.list.length > 0 && <Legend categories={loaded.data.categories} />}
        <PlaceCard />
      </div>
      <MapView map={loaded} />
      <Toolbar map={loaded} />
      <div class="column right">
        <PlacedPanel map={loaded} />
        <Gallery map={loaded} />
      </div>
      <Tabs map={loaded} />
      <Tip map={loaded} />
      <Help />
      <p class="unseen" role="status">
        {placed.value.length > 0 && `${placed.value.length} images placed on the map`}
      </p>
      {dragging.value && <div class="dropping">Drop to place on the map</div>}
    </>
  );
}
