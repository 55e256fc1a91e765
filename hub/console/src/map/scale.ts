import type { Map as LeafletMap } from "leaflet";
import { distance } from "../format.ts";

/** The bar of the scale: a round length of at most 100 px, in miles or metres. */
export function scaleOf(map: LeafletMap, nautical: boolean): { readonly width: number; readonly text: string } {
  const y = map.getSize().y / 2;
  const metres = map.containerPointToLatLng([0, y]).distanceTo(map.containerPointToLatLng([100, y]));
  const base = nautical ? metres / 1852 : metres;
  const power = 10 ** Math.floor(Math.log10(base));
  const round = power * ([5, 2, 1].find((k) => k * power <= base) ?? 1);
  return {
    width: Math.round((round / base) * 100),
    text: nautical ? `${round} NM` : distance(round).replace(".0", ""),
  };
}
