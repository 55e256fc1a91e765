import { expect, it } from "vitest";
import type { EventInfo, VesselInfo } from "../../../src/api/schema.ts";
import { distressOf } from "./distress.ts";

const call = (id: string, subject: string, more: Partial<EventInfo> = {}) => ({ id, subject, kind: "vessel.sos", sensing: "active", openedAt: 1, lon: 122, lat: 30, ...more }) as EventInfo; // prettier-ignore

it("finds who calls for help: the newest first, where the vessel is now, else where it was heard", () => {
  const vessels = new Map([[412_000_001, { lon: 123, lat: 31 } as VesselInfo]]);
  const events = [
    call("known", "mmsi:412000001"),
    call("beacon", "mmsi:970012345", { openedAt: 2 }),
    call("nowhere", "mmsi:972000001", { lon: null }),
    call("over", "mmsi:970000002", { sensing: "cleared" }),
    call("drill", "mmsi:970000003", { kind: "vessel.sos_drill" }),
  ];
  expect(distressOf(events, vessels).map(({ event, mmsi, lon }) => [event.id, mmsi, lon])).toEqual([
    ["beacon", 970_012_345, 122],
    ["known", 412_000_001, 123],
  ]);
});
