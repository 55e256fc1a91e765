import type { GeoJsonObject } from "geojson";
import L from "leaflet";
import type { GridInfo } from "../../../src/api/schema.ts";
import { outline } from "./outline.ts";
import type { Palette } from "./palette.ts";

const TONES = { red: "s1", orange: "s2", yellow: "s3", blue: "s4" } as const;

/** Towns under a weather warning, outlined in its colour. A town without a border of its own has that of its grids. */
export function warnedLayer(
  grids: readonly GridInfo[],
  within: (grid: string, town: string) => boolean,
  colours: ReadonlyMap<string, keyof typeof TONES>,
  renderer: L.Renderer,
  c: Palette,
): L.LayerGroup {
  const parents = new Set(grids.filter((g) => g.geometry != null).map((g) => g.parent));
  const finest = grids.filter((g) => g.geometry != null && g.category !== "maritime" && !parents.has(g.id));
  const layers = [...colours].map(([town, colour]) => {
    const own = grids.find((g) => g.id === town)?.geometry;
    const pieces = own != null ? [own] : finest.filter((g) => within(g.id, town)).map((g) => g.geometry);
    const lines = { type: "MultiLineString", coordinates: outline(pieces) } as unknown as GeoJsonObject;
    const style = { renderer, pane: "land", color: c[TONES[colour]], weight: 2, opacity: 0.8, interactive: false };
    return L.geoJSON(lines, { interactive: false, style: style as L.PathOptions });
  });
  return L.layerGroup(layers);
}
