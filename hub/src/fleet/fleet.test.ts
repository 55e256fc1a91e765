import { describe, expect, it } from "vitest";
import type { FoldStateRow } from "../store/batch.ts";
import { at, CREW, MINUTE, Sea, START } from "./sea.testing.ts";

describe("positions", () => {
  it("a report heard by two receivers is one row", () => {
    const sea = new Sea();
    const p = at(CREW[0], sea.now, 0, { sog: 7.2, cog: 41.3 });
    expect(sea.hear(p, sea.north)).toBe(true);
    expect(sea.hear({ ...p, ts: p.ts + 1500 }, sea.south)).toBe(false);
    expect(sea.hear(p, sea.north)).toBe(false);
    expect(sea.hear(at(CREW[0], sea.now + 10_000, 0.02, { sog: 7.2, cog: 41.3 }), sea.south)).toBe(true);
    expect(sea.batch.positions.map((r) => r.deviceId)).toEqual([1, 2]);
    expect(sea.fleet.counts.duplicates).toBe(2);
  });

  it("a receiver that lags by a report still brings nothing new", () => {
    const sea = new Sea();
    const reports = [0, 1, 2, 3].map((i) => at(CREW[0], sea.now + i * 2000, i * 0.01, { sog: 18 }));
    expect(sea.hear(reports[0], sea.north)).toBe(true);
    for (let i = 1; i < 4; i++) {
      expect(sea.hear(reports[i], sea.north)).toBe(true);
      expect(sea.hear({ ...reports[i - 1], ts: reports[i].ts }, sea.south)).toBe(false);
    }
  });

  it("a moored vessel's equal reports are all kept", () => {
    const sea = new Sea();
    for (let i = 0; i < 5; i++) expect(sea.arrive(at(CREW[0], START + i * 180_000, 0))).toBe(true);
    expect(sea.batch.positions).toHaveLength(5);
  });

  it("a jump is kept, marked, and moves nothing", () => {
    const sea = new Sea();
    sea.hear(at(CREW[0], sea.now, 0));
    sea.arrive(at(CREW[0], START + 30_000, 5));
    sea.arrive(at(CREW[0], START + 60_000, 0.01));
    expect(sea.batch.positions.map((r) => r.plausible)).toEqual([true, false, true]);
    expect([...sea.fleet.vessels(sea.now)][0].lat).toBeCloseTo(30, 2);
  });

  it("a first position that was false is given up for the ones that follow", () => {
    const sea = new Sea();
    sea.hear(at(CREW[0], sea.now, 40));
    for (let i = 1; i <= 5; i++) sea.arrive(at(CREW[0], START + i * 30_000, i * 0.01));
    expect(sea.batch.positions.map((r) => r.plausible)).toEqual([true, false, false, true, true, true]);
  });

  it("two ships under one MMSI do not make one that flies to and fro", () => {
    const sea = new Sea();
    for (let i = 0; i < 40; i++) sea.arrive(at(CREW[0], START + i * 15_000, i % 2 === 0 ? 0 : 30));
    const plausible = sea.batch.positions.filter((r) => r.plausible);
    expect(plausible).toHaveLength(20);
    expect(new Set(plausible.map((r) => r.lat))).toEqual(new Set([30]));
  });

  it("an older report is stored and does not move the vessel back", () => {
    const sea = new Sea();
    sea.hear(at(CREW[0], sea.now, 1));
    sea.hear(at(CREW[0], sea.now - 600_000, 0), sea.north, true);
    expect(sea.batch.positions).toHaveLength(2);
    expect([...sea.fleet.vessels(sea.now)][0].lat).toBeCloseTo(30 + 1 / 60, 6);
  });

  it("a clock that runs ahead does not freeze the track", () => {
    const sea = new Sea();
    sea.hear(at(CREW[0], sea.now + 86_400_000, 0));
    sea.now += 30_000;
    sea.hear(at(CREW[0], sea.now, 0.05));
    expect([...sea.fleet.vessels(sea.now)][0].lat).toBeCloseTo(30 + 0.05 / 60, 6);
  });

  it("ages from fresh to lost", () => {
    const sea = new Sea();
    sea.hear(at(CREW[0], sea.now, 0));
    sea.hear(at(CREW[1], sea.now, 0, { status: 5 }));
    const ages = (ms: number) => [...sea.fleet.vessels(sea.now + ms)].map((v) => v.freshness);
    expect(ages(50_000)).toEqual(["fresh", "fresh"]);
    expect(ages(61_000)).toEqual(["late", "late"]);
    expect(ages(9 * MINUTE)).toEqual(["lost", "stale"]);
    expect(ages(19 * MINUTE)).toEqual(["lost", "lost"]);
  });

  it("is late by its own cadence: three of its usual intervals, a minute at least", () => {
    const sea = new Sea();
    for (let i = 0; i < 6; i++) {
      sea.now = START + i * 2 * MINUTE;
      sea.hear(at(CREW[0], sea.now, 0));
      sea.hear(at(CREW[1], sea.now - 5000, 0));
      sea.hear(at(CREW[1], sea.now, 0.001));
    }
    const ages = (ms: number) => [...sea.fleet.vessels(sea.now + ms)].map((v) => v.freshness);
    expect(ages(5 * MINUTE)).toEqual(["fresh", "late"]);
    expect(ages(6 * MINUTE + 1000)).toEqual(["late", "late"]);
    sea.commit();
    sea.restart();
    expect(ages(5 * MINUTE)).toEqual(["fresh", "late"]);
  });

  it("base stations and buoys are no vessels", () => {
    const sea = new Sea();
    sea.hear(at(2_000_001, sea.now, 0, { type: 4, class: null }));
    sea.hear(at(992_000_001, sea.now, 0, { type: 21, class: null }));
    expect(sea.batch.positions).toEqual([]);
    expect(sea.fleet.size).toBe(0);
  });

  it("a vessel's row is written when something about it changed", () => {
    const sea = new Sea();
    sea.report(0);
    expect(sea.batch.vessels.map((v) => [v.mmsi, v.formationId])).toEqual(CREW.map((mmsi) => [mmsi, "f1"]));
    sea.report(0);
    expect(sea.batch.vessels).toHaveLength(5);
    const silent = { lon: null, lat: null, type: 24 };
    sea.hear(at(CREW[0], sea.now, 0, { ...silent, name: "ONE" }));
    sea.hear(at(CREW[0], sea.now, 0, { ...silent, callsign: "BABC", length: 28, shipType: 30 }));
    sea.hear(at(CREW[0], sea.now, 0, { ...silent, name: "ONE" }));
    expect(sea.batch.vessels).toHaveLength(7);
    expect(sea.batch.vessels[6]).toMatchObject({ name: "ONE", callsign: "BABC", length: 28, shipType: 30 });
  });
});

describe("bounds", () => {
  it("holds no more vessels than it may, but always the members of formations", () => {
    const sea = new Sea({ maxVessels: 10 });
    for (let i = 0; i < 100; i++) sea.hear(at(500_000_000 + i, sea.now, 0));
    sea.report(0);
    expect(sea.fleet.size).toBe(15);
    expect(sea.batch.positions).toHaveLength(105);
    expect(sea.fleet.counts.untracked).toBe(90);
  });

  it("forgets strangers after a day, in the database too", () => {
    const sea = new Sea();
    sea.report(0);
    sea.hear(at(500_000_000, sea.now, 0));
    sea.commit();
    expect(sea.stored.has("track:500000000")).toBe(true);
    sea.tick(25 * 3_600_000);
    sea.commit();
    expect(sea.stored.has("track:500000000")).toBe(false);
    expect(sea.fleet.size).toBe(5);
  });

  it("writes each track at most once a minute", () => {
    const sea = new Sea();
    let rows = 0;
    for (let i = 0; i < 60; i++) {
      sea.report(0.1);
      sea.tick(5000);
      const out: FoldStateRow[] = [];
      sea.fleet.drain(out);
      rows += out.filter(({ key }) => key.startsWith("track:")).length;
    }
    expect(rows).toBe(5 * 5);
  });
});
