import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at, CREW, LEAPING, membership, MINUTE, Sea } from "./sea.testing.ts";

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
    sea.fleet.setWaters(membership({ f1: CREW.slice(1), f2: [CREW[0]] }));
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
    expect([...sea.stored.keys()]).toEqual(["listening:"]);
  });
});
