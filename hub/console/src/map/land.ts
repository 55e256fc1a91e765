import type { GeoJsonObject } from "geojson";
import L from "leaflet";
import type { GridInfo } from "../../../src/api/schema.ts";
import type { Coast } from "../api.ts";
import type { Pen } from "./canvas-layer.ts";
import type { Palette } from "./palette.ts";

/** Land in one quiet tone. */
export function landLayer(coast: Coast, renderer: L.Renderer, c: Palette): L.GeoJSON {
  return L.geoJSON(coast as unknown as GeoJsonObject, {
    interactive: false,
    style: {
      renderer,
      pane: "land",
      fillColor: c.land,
      fillOpacity: 1,
      color: c.coast,
      weight: 1,
      opacity: 0.8,
    } as L.PathOptions,
  });
}

/** Grid outlines: hairlines on land, dashed areas at sea, the selected one washed. */
export function gridLayer(
  grids: readonly GridInfo[],
  selected: string | null,
  renderer: L.Renderer,
  c: Palette,
): L.GeoJSON {
  const shapes = grids.filter((g) => g.geometry != null && g.level !== "county" && g.level !== "town");
  return L.geoJSON(
    {
      type: "FeatureCollection",
      features: shapes.map((g) => ({
        type: "Feature",
        id: g.id,
        properties: { sea: g.category === "maritime" },
        geometry: g.geometry,
      })),
    } as unknown as GeoJsonObject,
    {
      interactive: false,
      style: (feature) => {
        const sea = feature?.properties?.sea === true;
        const on = feature?.id === selected;
        return {
          renderer,
          pane: "land",
          color: on ? c.acc : sea ? c.area : c.gridline,
          weight: on ? 1.5 : sea ? 1 : 0.8,
          dashArray: sea ? "5 4" : undefined,
          opacity: sea && !on ? 0.8 : 1,
          fill: on || sea,
          fillColor: on ? c.acc : c.area,
          fillOpacity: on ? 0.16 : 0.06,
        } as L.PathOptions;
      },
    },
  );
}

export interface Place {
  readonly name: string;
  readonly lon: number;
  readonly lat: number;
  /** extent in degrees: small places get their name later */
  readonly size: number;
  readonly sea: boolean;
}

export function placesOf(coast: Coast, grids: readonly GridInfo[]): Place[] {
  const places: Place[] = [];
  const add = (name: string, geometry: unknown, sea: boolean) => {
    const box = L.geoJSON(geometry as GeoJsonObject).getBounds();
    const at = box.getCenter();
    places.push({ name, sea, size: box.getEast() - box.getWest(), lon: at.lng, lat: sea ? box.getNorth() : at.lat });
  };
  for (const f of coast.features) if (f.properties?.name) add(f.properties.name, f.geometry, false);
  for (const g of grids) if (g.level === "area" && g.geometry != null) add(g.name, g.geometry, true);
  return places.sort((a, b) => b.size - a.size);
}

/** Space between two names, px. */
const GAP = 8;

/**
 * Names, the largest place first. One that would lie over another or under an event's mark is moved up or down, or left out
 * until there is room.
 */
export function drawPlaces(
  pen: Pen,
  places: readonly Place[],
  c: Palette,
  px: number,
  marks: readonly { readonly lon: number; readonly lat: number }[],
): void {
  const { ctx, zoom } = pen;
  ctx.font = `${px}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textAlign = "center";
  ctx.lineJoin = "round";
  const taken: [x: number, y: number, half: number][] = [];
  // half the extent of an event's mark
  const mark = px * 1.15;
  const events = marks.map(({ lon, lat }) => pen.at(lon, lat));
  for (const p of places) {
    if (p.sea ? zoom < 11 : p.size * 2 ** zoom < 26) continue;
    const onSea = p.sea || p.size < 0.05;
    const [x, top] = pen.at(p.lon, p.lat);
    const height = ((p.size / 360) * 256 * 2 ** zoom) / 2;
    const y = top + (p.sea ? -6 : onSea ? -height - 8 : 4);
    ctx.letterSpacing = p.sea ? "0px" : "2px";
    // remarks in brackets are for those who are near
    const name = zoom < 12.5 ? p.name.replace(/[((].*[))]$/u, "") : p.name;
    const half = ctx.measureText(name).width / 2;
    if (!pen.visible(x, y)) continue;
    const free = (at: number) =>
      !taken.some((t) => Math.abs(t[1] - at) < px * 1.4 && Math.abs(t[0] - x) < t[2] + half + GAP);
    const clear = (at: number) =>
      !events.some(([u, v]) => Math.abs(v - at + px / 3) < mark + px / 2 && Math.abs(u - x) < mark + half);
    const rows = p.sea ? [y] : [y, onSea ? top + height + px + 6 : y + px * 2, ...(onSea ? [] : [y - px * 2])];
    const row = rows.find((at) => free(at) && (p.sea || clear(at)));
    if (row === undefined) continue;
    taken.push([x, row, half]);
    ctx.globalAlpha = 0.85;
    ctx.lineWidth = 3;
    ctx.strokeStyle = onSea ? c.sea : c.land;
    ctx.strokeText(name, x, row);
    ctx.globalAlpha = 1;
    ctx.fillStyle = p.sea ? c.area : c.place;
    ctx.fillText(name, x, row);
  }
  ctx.letterSpacing = "0px";
}
