import type { EventInfo, VesselInfo } from "../../../src/api/schema.ts";

/** A call for help that goes on, where it was heard last. */
export interface Distress {
  readonly event: EventInfo;
  readonly mmsi: number;
  readonly lon: number;
  readonly lat: number;
}

export function isDistress({ kind, sensing }: EventInfo): boolean {
  return kind === "vessel.sos" && sensing === "active";
}

/** Who calls for help, the newest first. A beacon is rarely a known vessel: then its event says where it is. */
export function distressOf(events: readonly EventInfo[], vessels: ReadonlyMap<number, VesselInfo>): Distress[] {
  return events
    .filter(isDistress)
    .toSorted((a, b) => b.openedAt - a.openedAt)
    .flatMap((event) => {
      const mmsi = Number(event.subject.replace("mmsi:", ""));
      const { lon, lat } = vessels.get(mmsi) ?? event;
      return lon === null || lat === null ? [] : [{ event, mmsi, lon, lat }];
    });
}
