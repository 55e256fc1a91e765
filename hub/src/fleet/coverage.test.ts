import { describe, expect, it } from "vitest";
import { Coverage } from "./coverage.ts";
import { at, MINUTE, Sea, START } from "./sea.testing.ts";

const NORTH = { ...new Sea().north, lon: 122, lat: 30 };

describe("coverage of a station", () => {
  it("counts messages, vessels and range, and forgets what is old", () => {
    const coverage = new Coverage();
    for (let minute = 0; minute < 10; minute++)
      for (let i = 0; i < 20; i++)
        coverage.heard(NORTH, at(412_000_000 + i, START, minute === 3 ? 31 : 5), START + minute * MINUTE);
    expect(coverage.views(START + 9 * MINUTE)).toMatchObject([
      { uid: NORTH.uid, vessels: 20, lastHeard: START + 9 * MINUTE },
    ]);
    const [view] = coverage.views(START + 9 * MINUTE + 59_000);
    expect(view.messagesPerMin).toBeCloseTo(20, 0);
    expect(view.rangeNm).toBeCloseTo(31, 0);
    const [later] = coverage.views(START + 20 * MINUTE);
    expect(later).toMatchObject({ messagesPerMin: 0, vessels: 0, lastHeard: START + 9 * MINUTE });
    expect(coverage.views(START + 61 * MINUTE)[0].rangeNm).toBeCloseTo(31, 0);
    expect(coverage.views(START + 185 * MINUTE)[0].rangeNm).toBeNull();
  });

  it("says who hears a vessel and whom a station hears, of the last ten minutes", () => {
    const coverage = new Coverage();
    const south = { ...NORTH, id: 8, uid: "town/south" };
    coverage.heard(NORTH, at(412_000_001, START, 5), START);
    coverage.heard(south, at(412_000_001, START, 5), START + MINUTE);
    coverage.heard(south, at(412_000_002, START, 5), START + MINUTE);
    expect(coverage.hearing(412_000_001, START + MINUTE).map(({ uid }) => uid)).toEqual([south.uid, NORTH.uid]);
    expect(coverage.heardBy(south.uid, START + MINUTE).map(({ mmsi }) => mmsi)).toEqual([412_000_001, 412_000_002]);
    expect(coverage.heardBy("town/unknown", START)).toEqual([]);
    expect(coverage.hearing(412_000_001, START + 10.5 * MINUTE).map(({ uid }) => uid)).toEqual([south.uid]);
  });

  it("has no range without a position, nor from a false one", () => {
    const coverage = new Coverage();
    coverage.heard({ ...NORTH, id: 7, lon: null, lat: null }, at(412_000_001, START, 5), START);
    coverage.heard(NORTH, at(412_000_001, START, 600), START);
    expect(coverage.views(START).map(({ rangeNm }) => rangeNm)).toEqual([null, null]);
  });

  it("hears through the fleet, doubles included", () => {
    const sea = new Sea();
    const p = at(412_000_001, sea.now, 0, { sog: 7, cog: 41 });
    sea.hear(p, sea.north);
    sea.hear(p, sea.south);
    expect(sea.batch.positions).toHaveLength(1);
    expect(sea.fleet.coverage(sea.now).map(({ vessels }) => vessels)).toEqual([1, 1]);
  });
});
