import { describe, expect, it } from "vitest";
import { boat, both, crew, hear, OTHERS, sail, scene, STEP, told } from "./scene.testing.ts";
import { CREW, MINUTE, START } from "./sea.testing.ts";

describe("silence", () => {
  it("a receiver outage gives one event and no dark vessels", () => {
    const out = (ms: number) => ms >= 10 * MINUTE && ms < 70 * MINUTE;
    const sea = scene({ ...both, minutes: 150 }, (ms, s) => {
      if (!out(ms)) sail(s, ms, CREW, 0, s.north);
      sail(s, ms, OTHERS, 20, s.south);
    });
    expect(told(sea)).toEqual(["receiver.link_outage raise", "receiver.link_outage clear"]);
    expect(sea.findings[0]).toMatchObject({
      subject: "device:harbour/ais-1",
      evidence: { silent: 5, of: 5, share: 1 },
    });
  });

  it("a formation that falls silent together under a receiver that still hears others gives one event", () => {
    const sea = scene(
      { ...both, formations: { f1: CREW, f2: [...OTHERS, 413_000_015, 413_000_016] }, minutes: 120 },
      (ms, s) => {
        if (ms < 10 * MINUTE || ms >= 80 * MINUTE) sail(s, ms, CREW, 0);
        sail(s, ms, [...OTHERS, 413_000_015, 413_000_016], 20);
      },
    );
    expect(told(sea)).toEqual(["formation.link_outage raise", "formation.link_outage clear"]);
    expect(sea.findings[0]).toMatchObject({ gridId: "f1", evidence: { silent: 5, of: 5 } });
  });

  it("a receiver outage with boats that a second station hears gives one event, also for boats at the rim of that one", () => {
    const out = (ms: number) => ms >= 20 * MINUTE && ms < 70 * MINUTE;
    const sea = scene({ ...both, minutes: 120 }, (ms, s) => {
      // the crew is heard by the northern station; the southern one gets a report of one of them now and then
      if (!out(ms)) sail(s, ms, CREW, 0, s.north);
      if (ms < 20 * MINUTE && ms % (3 * MINUTE) === 0) sail(s, ms, CREW.slice(0, 1), 0, s.south);
      for (const [k, mmsi] of CREW.slice(0, 3).entries())
        if (ms === 19.5 * MINUTE) s.hear(boat(mmsi, s, k * 0.3, (4 * ms) / 3_600_000, { heading: 1 }), s.south);
      sail(s, ms, OTHERS, 20, s.south);
      sail(s, ms, OTHERS.slice(0, 2), 20, s.north);
    });
    expect(told(sea)).toEqual(["receiver.link_outage raise", "receiver.link_outage clear"]);
    expect(sea.findings.at(-1)).toMatchObject({ subject: "device:harbour/ais-1", evidence: { silent: 5 } });
  });

  it("boats that sail out of another station's range while theirs is out have no outage of their own", () => {
    const southern = Array.from({ length: 7 }, (_, i) => 414_000_001 + i);
    const all = { ...both, formations: { ...both.formations, f3: southern }, minutes: 120 };
    const sea = scene(all, (ms, s) => {
      const out = ms >= 20 * MINUTE && ms < 70 * MINUTE;
      sail(s, ms, southern, -20, s.south);
      // the northern station covers all, the southern one the crew for the first half hour
      if (!out) sail(s, ms, CREW, 0, s.north);
      if (!out) sail(s, ms, OTHERS, 20, s.north);
      if (ms < 32 * MINUTE) sail(s, ms, CREW, 0, s.south);
    });
    expect(told(sea)).toEqual(["receiver.link_outage raise", "receiver.link_outage clear"]);
    expect(sea.findings.at(-1)?.evidence).toMatchObject({ receiver: "harbour/ais-1", silent: 9 });
  });

  it("a vessel that goes dark while another station's receiver is out gives its own event in its own time", () => {
    const sea = scene({ ...both, minutes: 120 }, (ms, s) => {
      if (ms < 10 * MINUTE || ms >= 80 * MINUTE) sail(s, ms, CREW, 0, s.north);
      sail(s, ms, OTHERS.slice(1), 20, s.south);
      if (ms < 20 * MINUTE) hear(s, OTHERS[0], 19.7, (4 * ms) / 3_600_000, {}, s.south);
    });
    expect(told(sea)).toEqual(["receiver.link_outage raise", "vessel.dark raise", "receiver.link_outage clear"]);
    const dark = sea.findings.find((f) => f.kind === "vessel.dark")!;
    expect(dark.subject).toBe(`mmsi:${OTHERS[0]}`);
    expect((dark.ts - START) / MINUTE).toBeGreaterThanOrEqual(49.5);
    expect((dark.ts - START) / MINUTE).toBeLessThan(51);
  });

  it("a boat that reports every eight minutes is behind the outage of its formation, not dark", () => {
    const others = [...OTHERS, 413_000_015, 413_000_016];
    const sea = scene({ ...both, formations: { f1: CREW, f2: others }, minutes: 120 }, (ms, s) => {
      if (ms < 30 * MINUTE || ms >= 90 * MINUTE) {
        sail(s, ms, CREW.slice(1), 0.3);
        if (ms % (8 * MINUTE) === 0) hear(s, CREW[0], 0, (4 * ms) / 3_600_000);
      }
      sail(s, ms, others, 20);
    });
    expect(told(sea)).toEqual(["formation.link_outage raise", "formation.link_outage clear"]);
    expect(sea.findings[0].evidence).toMatchObject({ silent: 4 });
    expect(sea.findings.at(-1)?.evidence).toMatchObject({ silent: 5, of: 5 });
  });

  it("a vessel really dark gives one event with its stages, on its formation's grid", () => {
    const sea = scene(
      { ...crew, minutes: 14 * 60 },
      (ms, s) => {
        sail(s, ms, CREW.slice(1), 0);
        if (ms < 10 * MINUTE || ms >= 13 * 60 * MINUTE) hear(s, CREW[0], -0.5, (4 * ms) / 3_600_000);
      },
      6,
    );
    const mine = sea.findings.filter((f) => f.subject === `mmsi:${CREW[0]}`);
    expect(mine.map((f) => [f.kind, f.phase, f.severity, f.evidence.stage])).toEqual([
      ["vessel.dark", "raise", 3, "dark"],
      ["vessel.dark", "update", 3, "gap"],
      ["vessel.dark", "update", 2, "suspected_disabling"],
      ["vessel.dark", "clear", 2, "suspected_disabling"],
    ]);
    expect(mine[0]).toMatchObject({ gridId: "f1" });
    expect(mine[0].evidence.silentMs).toBeGreaterThanOrEqual(30 * MINUTE);
    expect(mine[0].evidence.silentMs).toBeLessThan(31 * MINUTE);
    expect(mine[3].evidence).toMatchObject({ why: "heard", hours: 12.84, impliedKn: 4 });
    expect(sea.findings).toHaveLength(4);
  });

  it("who stays silent after an outage is dark half an hour later, alone", () => {
    const sea = scene({ ...crew, minutes: 150 }, (ms, s) => {
      if (ms < 10 * MINUTE) sail(s, ms, CREW, 0);
      else if (ms >= 60 * MINUTE) sail(s, ms, CREW.slice(0, 4), 0);
    });
    expect(told(sea)).toEqual(["receiver.link_outage raise", "receiver.link_outage clear", "vessel.dark raise"]);
    expect(sea.findings.at(-1)?.subject).toBe(`mmsi:${CREW[4]}`);
  });

  it("a vessel heard now and then only is a gap after six hours, not dark after half an hour", () => {
    const sea = scene(
      { ...crew, minutes: 16 * 60 },
      (ms, s) => {
        sail(s, ms, CREW.slice(1), 0);
        if (ms < 6 * 60 * MINUTE && ms % (20 * MINUTE) === 0) hear(s, CREW[0], -0.5, (4 * ms) / 3_600_000);
      },
      3,
    );
    expect(told(sea)).toEqual(["vessel.gap raise"]);
  });

  describe("history that arrives later", () => {
    // the boat is dark at 39.5 minutes; at 60 its station sends what it could not deliver: reports until minute `until`
    const backfilled = (until: number) =>
      scene(
        { ...crew, minutes: 120 },
        (ms, s) => {
          sail(s, ms, CREW.slice(1), 0.3);
          if (ms < 10 * MINUTE) hear(s, CREW[0], 0, (4 * ms) / 3_600_000);
          if (ms !== 60 * MINUTE) return;
          for (let t = 10 * MINUTE; t < until * MINUTE; t += MINUTE)
            s.hear({ ...boat(CREW[0], s, 0, (4 * t) / 3_600_000), ts: START + t }, s.north, true);
        },
        4,
      ).findings.filter((f) => f.subject === `mmsi:${CREW[0]}`);

    it("ends a silence that never was, for now", () => {
      const found = backfilled(50);
      expect(found.map((f) => [f.phase, (f.ts - START) / MINUTE])).toEqual([
        ["raise", 39.5],
        ["clear", 60],
        ["raise", 79],
      ]);
    });

    it("that ends long ago leaves the vessel dark, heard later than was known", () => {
      const found = backfilled(25);
      expect(found.map((f) => f.phase)).toEqual(["raise"]);
    });
  });

  it("a stop of the hub is nobody's silence", () => {
    const sea = scene({ ...crew, minutes: 10 }, (ms, s) => sail(s, ms, CREW, 0));
    sea.commit();
    sea.restart();
    sea.now += 5 * 3_600_000;
    for (let i = 0; i < 10; i++) {
      sea.tick(STEP);
      if (i === 5) sail(sea, 5 * 3_600_000, CREW, 0);
    }
    expect(sea.findings).toEqual([]);
  });
});
