import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { Position } from "@gridhub/device-profiles/reading.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { type CommitBatch, emptyBatch, type FoldStateRow } from "../store/batch.ts";
import { Fleet } from "./fleet.ts";
import type { FormationMembership } from "./membership.ts";
import type { FleetOptions } from "./options.ts";

const START = 1_763_776_800_000;
const MINUTE = 60_000;
/** boats of these tests move miles between two reports */
const LEAPING = { maxSpeedKn: 5000 };
const CREW = [412_000_001, 412_000_002, 412_000_003, 412_000_004, 412_000_005];

function membership(formations: Record<string, readonly number[]>): FormationMembership {
  const of = new Map(Object.entries(formations).flatMap(([id, list]) => list.map((mmsi) => [mmsi, id] as const)));
  return {
    formationOf: (mmsi) => of.get(mmsi) ?? null,
    members: (id) => formations[id] ?? [],
    formations: () => Object.keys(formations),
  };
}

function receiver(id: number): Device {
  const edge = { id, key: `harbour/e${id}`, site: "harbour", name: `e${id}`, title: "" };
  const profile = { id: "generic/ais-receiver@1.0.0", positions: true } as unknown as CompiledProfile;
  return {
    id,
    uid: `harbour/ais-${id}`,
    site: "harbour",
    name: `ais-${id}`,
    edge,
    title: "",
    profile,
    lon: null,
    lat: null,
    gridId: null,
    attributes: {},
    series: new Int32Array(0),
  };
}

function at(mmsi: number, ts: number, northNm: number, more: Partial<Position> = {}): Position {
  return {
    mmsi,
    type: 18,
    ts,
    lon: 122 + (mmsi % 10) / 1000,
    lat: 30 + northNm / 60,
    sog: 0,
    cog: 0,
    heading: null,
    status: null,
    class: "B",
    ...more,
  };
}

/** A fleet with its surroundings: time, the batch of the transaction, the findings. */
class Sea {
  now = START;
  readonly findings: Finding[] = [];
  batch: CommitBatch = emptyBatch(1);
  readonly stored = new Map<string, unknown>();
  readonly options: FleetOptions;
  fleet: Fleet;
  readonly north = receiver(1);
  readonly south = receiver(2);
  members = membership({ f1: CREW });

  constructor(options: Partial<FleetOptions> = {}) {
    this.options = { durationScale: 1, ...options };
    this.fleet = new Fleet(this.options, this.members);
  }

  hear(p: Position, from = this.north, late = false): boolean {
    return this.fleet.observe(p, from, late, this.now, this.batch, this.findings);
  }

  /** A report that arrives when it was made. */
  arrive(p: Position): boolean {
    this.now = p.ts;
    return this.hear(p);
  }

  /** Everybody reports; `astray` NM north of the others for the first of the crew. */
  report(astrayNm: number): void {
    for (const mmsi of CREW) this.hear(at(mmsi, this.now, mmsi === CREW[0] ? astrayNm : (mmsi % 5) * 0.1));
  }

  tick(ms: number): void {
    this.now += ms;
    this.fleet.tick(this.now, this.findings);
  }

  /** Reports every 30 s and ticks every second. */
  pass(ms: number, astrayNm: number): void {
    for (let t = 0; t < ms; t += 1000) {
      if (t % 30_000 === 0) this.report(astrayNm);
      this.tick(1000);
    }
  }

  commit(): void {
    const rows: FoldStateRow[] = [];
    this.fleet.drain(rows);
    for (const { key, state } of rows) {
      if (state === null) this.stored.delete(key);
      else this.stored.set(key, JSON.parse(JSON.stringify(state)));
    }
  }

  restart(): void {
    this.fleet = new Fleet(this.options, this.members);
    this.fleet.load([...this.stored].map(([key, state]) => ({ room: "fleet" as const, key, state })));
  }

  phases(kind = "vessel.straggler"): string[] {
    return this.findings.filter((f) => f.kind === kind).map((f) => f.phase);
  }
}

describe("straggler", () => {
  it("is reported once after ten minutes beyond 2 NM, and cleared once within 80 %", () => {
    const sea = new Sea(LEAPING);
    sea.pass(MINUTE, 0.3);
    sea.pass(9 * MINUTE, 3.1);
    expect(sea.findings).toEqual([]);
    sea.pass(2 * MINUTE, 3.1);
    expect(sea.findings).toHaveLength(1);
    const [raised] = sea.findings;
    expect(raised).toMatchObject({
      kind: "vessel.straggler",
      phase: "raise",
      severity: 3,
      subject: `mmsi:${CREW[0]}`,
      gridId: "f1",
      source: "fleet:straggler",
      late: false,
    });
    expect(raised.evidence).toMatchObject({ mmsi: CREW[0], thresholdNm: 2, fresh: 5 });
    expect(raised.evidence.distanceNm).toBeCloseTo(2.8, 0);
    expect(raised.evidence.heldMs).toBeGreaterThanOrEqual(10 * MINUTE);
    expect(raised.evidence.heldMs).toBeLessThan(10 * MINUTE + 10_000);
    expect(sea.fleet.formations(sea.now)[0]).toMatchObject({
      gridId: "f1",
      members: 5,
      fresh: 5,
      stragglers: [CREW[0]],
    });
    // between 80 % and 100 % of the threshold nothing happens
    sea.pass(20 * MINUTE, 2.05);
    expect(sea.phases().filter((p) => p !== "update")).toEqual(["raise"]);
    sea.pass(5 * MINUTE, 0.5);
    expect(sea.phases().filter((p) => p !== "update")).toEqual(["raise", "clear"]);
    expect(sea.fleet.formations(sea.now)[0].stragglers).toEqual([]);
  });

  it("begins again when the vessel comes back before the time is up", () => {
    const sea = new Sea(LEAPING);
    sea.pass(MINUTE, 0.3);
    for (let i = 0; i < 4; i++) {
      sea.pass(8 * MINUTE, 3);
      sea.pass(8 * MINUTE, 1);
    }
    expect(sea.findings).toEqual([]);
  });

  it("is updated only when the distance changed, and rarely", () => {
    const sea = new Sea(LEAPING);
    sea.pass(12 * MINUTE, 3);
    sea.pass(30 * MINUTE, 3);
    expect(sea.phases()).toEqual(["raise"]);
    sea.pass(30 * MINUTE, 4);
    expect(sea.phases()).toEqual(["raise", "update"]);
  });

  it("is measured by the spread of a wide formation", () => {
    const sea = new Sea(LEAPING);
    for (let t = 0; t < 20 * MINUTE; t += 30_000) {
      for (const [i, mmsi] of CREW.entries()) sea.hear(at(mmsi, sea.now, [0, 1.5, 3, 4.5, 6][i]));
      sea.tick(30_000);
    }
    expect(sea.findings).toEqual([]);
    const [shape] = sea.fleet.formations(sea.now);
    expect(shape.spreadNm).toBeCloseTo(1.5, 1);
    expect(shape.farthestNm).toBeCloseTo(3, 1);
  });

  it("silence neither raises nor clears", () => {
    const sea = new Sea(LEAPING);
    sea.pass(12 * MINUTE, 3);
    expect(sea.phases()).toEqual(["raise"]);
    for (let t = 0; t < 60 * MINUTE; t += 1000) sea.tick(1000);
    expect(sea.phases()).toEqual(["raise"]);
    expect(sea.fleet.formations(sea.now)[0]).toMatchObject({ fresh: 0, lon: null, spreadNm: null });
    sea.pass(2 * MINUTE, 0.3);
    expect(sea.phases()).toEqual(["raise", "clear"]);
  });

  it("is cleared when the vessel leaves the formation", () => {
    const sea = new Sea(LEAPING);
    sea.pass(12 * MINUTE, 3);
    sea.fleet.setMembership(membership({ f1: CREW.slice(1), f2: [CREW[0]] }));
    sea.tick(1000);
    expect(sea.phases()).toEqual(["raise", "clear"]);
    expect(sea.findings[1]).toMatchObject({ gridId: "f1", evidence: { why: "left_formation" } });
    sea.pass(15 * MINUTE, 3);
    expect(sea.phases()).toEqual(["raise", "clear"]);
  });

  it("its hold shrinks with the scale", () => {
    const sea = new Sea({ ...LEAPING, durationScale: 0.03 });
    sea.report(3);
    for (let i = 0; i < 17; i++) sea.tick(1000);
    expect(sea.findings).toEqual([]);
    for (let i = 0; i < 4; i++) sea.tick(1000);
    expect(sea.phases()).toEqual(["raise"]);
  });
});

describe("restart", () => {
  it("in the middle of a hold: the finding comes on time, without a new report", () => {
    const sea = new Sea({ ...LEAPING, durationScale: 0.5 });
    sea.pass(3 * MINUTE, 3);
    sea.commit();
    sea.restart();
    for (let t = 0; t < 110_000; t += 1000) sea.tick(1000);
    expect(sea.findings).toEqual([]);
    for (let t = 0; t < 20_000; t += 1000) sea.tick(1000);
    expect(sea.phases()).toEqual(["raise"]);
    expect(sea.findings[0].evidence.heldMs).toBeLessThan(5 * MINUTE + 10_000);
  });

  it("with an open finding: it is not raised again and is cleared once", () => {
    const sea = new Sea(LEAPING);
    sea.pass(12 * MINUTE, 3);
    sea.commit();
    sea.restart();
    sea.pass(5 * MINUTE, 3);
    expect(sea.phases()).toEqual(["raise"]);
    sea.pass(2 * MINUTE, 0.3);
    sea.commit();
    sea.restart();
    sea.pass(5 * MINUTE, 0.3);
    expect(sea.phases()).toEqual(["raise", "clear"]);
    expect([...sea.stored.keys()].filter((key) => key.startsWith("straggler:"))).toEqual([]);
  });

  it("shows vessels and names at once", () => {
    const sea = new Sea(LEAPING);
    sea.report(0);
    sea.hear({ ...at(CREW[0], sea.now, 0), type: 24, lon: null, lat: null, name: "ZHELINGYU 1" });
    sea.commit();
    sea.restart();
    const vessels = [...sea.fleet.vessels(sea.now)];
    expect(vessels).toHaveLength(5);
    expect(vessels.find((v) => v.mmsi === CREW[0])).toMatchObject({
      name: "ZHELINGYU 1",
      formationId: "f1",
      freshness: "fresh",
    });
  });

  it("at any moment changes no finding", () => {
    const step = fc.constantFrom(0.2, 0.5, 1.7, 1.9, 2.3, 2.6, 3.2);
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat(20)), { minLength: 1, maxLength: 12 }), fc.nat(100), (legs, at) => {
        const run = (restartAt: number) => {
          const sea = new Sea({ ...LEAPING, saveTrackMs: 0, durationScale: 0.1 });
          let beat = 0;
          for (const [nm, count] of legs) {
            for (let i = 0; i <= count; i++) {
              sea.report(nm);
              if (++beat === restartAt) {
                sea.commit();
                sea.restart();
              }
              sea.tick(6000);
            }
          }
          return sea;
        };
        const plain = run(-1);
        expect(run(at).findings).toEqual(plain.findings);
        const turns = plain.phases().filter((p) => p !== "update");
        expect(turns).toEqual(turns.map((_, i) => (i % 2 === 0 ? "raise" : "clear")));
      }),
      { numRuns: 150 },
    );
  });

  it("after a failed commit nothing undrained is left", () => {
    const sea = new Sea(LEAPING);
    sea.pass(12 * MINUTE, 3);
    sea.restart();
    expect([...sea.fleet.vessels(sea.now)]).toEqual([]);
    sea.fleet.tick(sea.now, sea.findings);
    sea.stored.clear();
    sea.commit();
    expect(sea.stored.size).toBe(0);
  });
});

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
      rows += out.length;
    }
    expect(rows).toBe(5 * 5);
  });
});
