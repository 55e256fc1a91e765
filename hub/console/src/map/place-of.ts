import type { LatLngTuple } from "leaflet";
import type { Desk } from "../desk.svelte.ts";
import type { Selection } from "./selection.ts";

/** Where the selected thing is; null = nowhere yet. */
export function placeOf(s: Selection | null, desk: Desk): LatLngTuple | null {
  if (s === null) return null;
  // vessels change in place: without their version a deep link would wait for ever
  if (s.kind === "vessel") void desk.vessels.version;
  const at =
    s.kind === "event"
      ? desk.events.list.find((e) => e.id === s.id)
      : s.kind === "device"
        ? desk.devices.get(s.id)
        : s.kind === "vessel"
          ? desk.vessels.byMmsi.get(Number(s.id))
          : desk.vessels.formations.find((f) => f.gridId === s.id);
  return at === undefined || at.lon === null || at.lat === null ? null : [at.lat, at.lon];
}
