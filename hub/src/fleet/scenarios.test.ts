import { describe, expect, it } from "vitest";
import { area, boat, both, box, crew, hear, OTHERS, play, sail, scene, STEP, told } from "./scene.testing.ts";
import { CREW, MINUTE, type Sea, START } from "./sea.testing.ts";

const STRANGER = 477_000_001;

describe("formations", () => {
  it("a split gives one event and no stragglers, and ends when they are together again", () => {
    const sea = scene({ ...crew, minutes: 120 }, (ms, s) => {
      const away = ms < 10 * MINUTE ? 0 : ms < 60 * MINUTE ? Math.min(5, (ms - 10 * MINUTE) / (6 * MINUTE)) : Math.max(0, 5 - (ms - 60 * MINUTE) / (6 * MINUTE)); // prettier-ignore
      for (const [i, mmsi] of CREW.entries()) hear(s, mmsi, (i < 2 ? 0 : 0.4) + i * 0.1, i < 2 ? away : 0);
    });
    expect(told(sea)).toEqual(["formation.split raise", "formation.split clear"]);
    expect(sea.findings[0]).toMatchObject({ subject: "formation:f1", gridId: "f1", evidence: { fresh: 5 } });
    expect((sea.findings[0].evidence.parts as { boats: number }[]).map((p) => p.boats)).toEqual([3, 2]);
  });

  it("a grid may set its own distance", () => {
    const script = (_: number, s: Sea) => {
      for (const [i, mmsi] of CREW.entries()) hear(s, mmsi, i * 0.1, i === 0 ? 3 : 0);
    };
    expect(told(scene(crew, script, 3))).toEqual(["vessel.straggler raise"]);
    const wide = { ...crew, seaOf: { town: { thresholds: { straggler_nm: 5 } } } };
    expect(told(scene(wide, script, 3))).toEqual([]);
  });
});

describe("the grid of an event and the other one", () => {
  it("what is on a formation names the area that it happened in, what is on an area the formation", () => {
    const zone = area("zone", "no_go", box(4, 0, 1, 1));
    const areaAt = (lon: number) => (lon > 122.05 ? "东海渔场" : null);
    const sea = play({ ...crew, areas: [zone], areaAt, minutes: 25 }, (_, s) => {
      for (const [i, mmsi] of CREW.entries()) hear(s, mmsi, i === 0 ? 4 : i * 0.1, 0);
      hear(s, OTHERS[0], 0, 0.2, { type: 14, text: "MAYDAY" });
    });
    const raised = sea.findings.filter(({ phase }) => phase === "raise");
    expect(raised.map(({ kind, gridId, evidence }) => [kind, gridId, evidence.area, evidence.formation])).toEqual([
      ["vessel.no_go", "zone", "area zone", "f1"],
      ["vessel.sos", null, undefined, undefined],
      ["vessel.straggler", "f1", "东海渔场", undefined],
    ]);
  });
});

describe("identity", () => {
  it("a GPS jump raises nothing", () => {
    const sea = scene(crew, (ms, s) => {
      for (const [i, mmsi] of CREW.entries())
        hear(s, mmsi, i === 0 && ms >= 20 * MINUTE && ms < 24 * MINUTE ? 8 : i * 0.3, (4 * ms) / 3_600_000);
    });
    expect(told(sea)).toEqual([]);
  });

  it("a cloned MMSI is one clash after ten minutes, and its end", () => {
    const sea = scene({ ...crew, minutes: 90 }, (ms, s) => {
      sail(s, ms, CREW, 0);
      if (ms >= 10 * MINUTE && ms < 50 * MINUTE && ms % (2 * STEP) === 0) hear(s, CREW[0], 40, (8 * ms) / 3_600_000);
    });
    expect(told(sea)).toEqual(["vessel.mmsi_clash raise", "vessel.mmsi_clash clear"]);
    expect((sea.findings[0].ts - START) / MINUTE).toBeGreaterThanOrEqual(20);
    expect((sea.findings[0].ts - START) / MINUTE).toBeLessThan(22);
    expect(sea.findings[0].evidence.sideBySideMs).toBeGreaterThanOrEqual(10 * MINUTE);
    expect(sea.findings[0].evidence.distanceNm).toBeGreaterThan(35);
  });

  it("a clone far off makes no straggler of the boat, before, in or after the clash", () => {
    // the boat reports every three minutes, its clone every half a minute: the clone is no better known for that
    const sea = scene({ ...crew, minutes: 90 }, (ms, s) => {
      sail(s, ms, CREW.slice(1), 0.3);
      if (ms % (3 * MINUTE) === 0) hear(s, CREW[0], 0, (4 * ms) / 3_600_000);
      if (ms >= 15 * MINUTE && ms < 60 * MINUTE) hear(s, CREW[0], 40, (8 * ms) / 3_600_000);
    });
    expect(told(sea)).toEqual(["vessel.mmsi_clash raise", "vessel.mmsi_clash clear"]);
  });

  it("a net buoy is flagged and in nobody's way", () => {
    const sea = scene(
      { ...crew, minutes: 60, areas: [area("z", "no_go", box(5, 5, 1, 1))] },
      (ms, s) => {
        sail(s, ms, CREW, 0);
        hear(s, 100_900_001, 5, 4.9 + ms / 36_000_000, { sog: 1.1, cog: 10 });
      },
      3,
    );
    expect(told(sea)).toEqual([]);
    expect([...sea.fleet.vessels(sea.now)].find((v) => v.mmsi === 100_900_001)?.flags).toEqual([
      "no_country",
      "net_buoy",
    ]);
  });
});

describe("areas", () => {
  it("crossing a thin no-go strip between two fixes counts once", () => {
    const strip = area("strip", "no_go", box(0, 1.03, 4, 0.02));
    const sea = scene({ ...crew, areas: [strip] }, (ms, s) => {
      hear(s, CREW[0], 0, (8 * ms) / 3_600_000, { sog: 8 });
    });
    expect(told(sea)).toEqual(["vessel.no_go raise", "vessel.no_go clear"]);
    expect(sea.findings[0]).toMatchObject({
      gridId: "strip",
      subject: `mmsi:${CREW[0]}`,
      evidence: { crossed: true, formation: "f1", area: "area strip" },
    });
  });

  it("a no-go zone is entered by the first fix and left 100 m outside", () => {
    const zone = area("zone", "no_go", box(0, 1, 1, 1));
    const sea = scene({ ...crew, areas: [zone] }, (ms, s) => hear(s, CREW[0], 0, (4 * ms) / 3_600_000));
    expect(told(sea)).toEqual(["vessel.no_go raise", "vessel.no_go clear"]);
    const [raise, clear] = sea.findings;
    expect((raise.ts - sea.findings[0].ts) / STEP).toBe(0);
    // 0.5 NM at 4 kn: 7.5 min; out at 1.5 NM: 22.5 min, and 100 m are 49 s
    expect((clear.ts - raise.ts) / MINUTE).toBeGreaterThanOrEqual(15);
    expect((clear.ts - raise.ts) / MINUTE).toBeLessThan(16.6);
  });

  it("a closed season asks for gear, dates and fishing speed", () => {
    const season = (sea: object) => area("ground", "closed_season", box(0, 0, 3, 3), sea);
    // the tests begin on 22 November
    const run = (sea: object, gear: string, sog = 3) =>
      told(
        scene(
          { ...crew, minutes: 10, areas: [season(sea)], gear: { [CREW[0]]: gear } },
          (_, s) => {
            hear(s, CREW[0], 0, 0.2, { sog });
          },
          2,
        ),
      );
    const rule = { gear: ["trawl"], dates: [{ from: "11-01", to: "12-31" }], transit_kn: 6 };
    expect(run(rule, "trawl")).toEqual(["vessel.closed_season raise"]);
    expect(run(rule, "gillnet")).toEqual([]);
    expect(run(rule, "trawl", 9)).toEqual([]);
    expect(run({ ...rule, dates: [{ from: "05-01", to: "09-16" }] }, "trawl")).toEqual([]);
    expect(run({ ...rule, allow: ["town"] }, "trawl")).toEqual([]);
  });

  it("a schedule begins and ends the finding of a vessel that lies still", () => {
    // START is 10:00 in Shanghai
    const zone = area("zone", "no_go", box(0, 0, 1, 1), { hours: [{ from: "10:10", to: "10:30" }] });
    const sea = scene({ ...crew, areas: [zone] }, (_, s) => hear(s, CREW[0], 0, 0, { sog: 0 }));
    expect(told(sea)).toEqual(["vessel.no_go raise", "vessel.no_go clear"]);
    expect((sea.findings[1].ts - sea.findings[0].ts) / MINUTE).toBe(20);
  });

  it("a speed limit is broken by two fixes above it, and kept again by two below 95 %", () => {
    const lane = area("lane", "speed_limit", box(0, 3, 4, 4), { limit_kn: 6 });
    const speeds = [5, 7, 5, 6.1, 6.2, 9, 5.9, 5.9, 5.5, 6.5, 5.5, 5.6, 5.6, 5.6];
    const sea = scene({ ...crew, areas: [lane], minutes: 20 }, (ms, s) => {
      const i = Math.floor(ms / STEP);
      hear(s, CREW[0], 0, 1.5 + i * 0.03, { sog: speeds[i] ?? 5 });
      // outside, as fast as it likes
      hear(s, CREW[1], 9, i * 0.08, { sog: 9 });
    });
    expect(told(sea)).toEqual(["vessel.speeding raise", "vessel.speeding clear"]);
    const [raise, clear] = sea.findings;
    expect(raise).toMatchObject({ gridId: "lane", evidence: { limitKn: 6, sog: 6.2, formation: "f1" } });
    expect(clear.evidence).toMatchObject({ why: "slower", sog: 5.6 });
    // from the fifth fix to the twelfth
    expect(clear.ts - raise.ts).toBe(7 * STEP);
  });

  it("a boat that leaves a speed limit fast no longer breaks it", () => {
    const lane = area("lane", "speed_limit", box(0, 1, 4, 1), { limit_kn: 6 });
    const sea = scene({ ...crew, areas: [lane], minutes: 30 }, (ms, s) =>
      hear(s, CREW[0], 0, (9 * ms) / 3_600_000, { sog: 9 }),
    );
    expect(told(sea)).toEqual(["vessel.speeding raise", "vessel.speeding clear"]);
    expect(sea.findings[1].evidence.why).toBe("left");
  });

  it("aquaculture is a matter of hours and of who may enter", () => {
    // START is 10:00 in Shanghai
    const farm = area("farm", "aquaculture", box(0, 0, 1, 1), {
      hours: [{ from: "10:20", to: "10:40" }],
      allow: ["f2"],
    });
    const sea = scene({ ...both, areas: [farm] }, (_, s) => {
      hear(s, CREW[0], 0, 0, { sog: 0.5 });
      hear(s, OTHERS[0], 0.2, 0, { sog: 0.5 });
    });
    expect(told(sea)).toEqual(["vessel.aquaculture raise", "vessel.aquaculture clear"]);
    expect(sea.findings.every((f) => f.subject === `mmsi:${CREW[0]}`)).toBe(true);
    expect((sea.findings[1].ts - sea.findings[0].ts) / MINUTE).toBe(20);
    expect(sea.findings[1].evidence.why).toBe("out_of_force");
  });

  it("a boat that fishes outside its working area is told of until it is back", () => {
    const ground = area("ground", "working_area", box(0, 0, 2, 2), { formations: ["f1"], transit_kn: 6 });
    const sea = scene({ ...crew, areas: [ground] }, (ms, s) => {
      hear(s, CREW[0], 0, ms < 30 * MINUTE ? (4 * ms) / 3_600_000 : 4 - (4 * ms) / 3_600_000);
    });
    expect(told(sea)).toEqual(["vessel.out_of_area raise", "vessel.out_of_area clear"]);
    expect(sea.findings[0]).toMatchObject({ gridId: "ground", evidence: { formation: "f1" } });
  });

  it("port visits: by polygon and by point, with stop and start, and no finding unless the harbour asks", () => {
    const quay = area("quay", "harbour", box(0, 1, 1, 1));
    const point = { ...area("bay", "harbour", box(0, 0, 1, 1), { ports: [[122, 30.2]] }), polygons: [] };
    const way = (ms: number) => (ms < 20 * MINUTE ? ms / (20 * MINUTE) : ms < 40 * MINUTE ? 1 : 1 + (ms - 40 * MINUTE) / (4 * MINUTE)); // prettier-ignore
    const sea = scene(
      { ...crew, minutes: 120, areas: [quay, point] },
      (ms, s) => {
        const lies = ms >= 20 * MINUTE && ms < 40 * MINUTE;
        hear(s, CREW[0], 0, Math.min(way(ms), 16), { sog: lies ? 0.1 : 10 });
      },
      4,
    );
    expect(told(sea)).toEqual([]);
    const visits = sea.fleet.portVisits(CREW[0]);
    expect(visits.map((v) => v.gridId)).toEqual(["quay", "bay"]);
    expect(visits[0].stoppedAt).not.toBeNull();
    expect(visits[0].resumedAt! - visits[0].stoppedAt!).toBe(20 * MINUTE);
    expect(visits.every((v) => v.leftAt !== null)).toBe(true);
  });
});

describe("close approach", () => {
  const trawl = (s: Sea, ms: number) => {
    for (const [i, mmsi] of CREW.entries()) hear(s, mmsi, i * 0.1, (3 * ms) / 3_600_000, { sog: 3 });
  };

  it("pairs trawling in one formation raise nothing while a stranger does, once", () => {
    const sea = scene(crew, (ms, s) => {
      trawl(s, ms);
      // comes from the east at 10 knots and meets the outermost boat after half an hour
      hear(s, STRANGER, 0.4 + 5 - (10 * ms) / 3_600_000, 1.5, { sog: 10, cog: 270, name: "EVER" });
    });
    const raised = sea.findings.filter((f) => f.phase === "raise");
    expect(new Set(raised.map((f) => f.kind))).toEqual(new Set(["vessel.approach"]));
    expect(new Set(raised.map((f) => f.subject)).size).toBe(raised.length);
    for (const f of raised) {
      expect(f.subject).toContain(String(STRANGER));
      expect(f.gridId).toBe("f1");
      expect(f.evidence.cpaNm).toBeLessThanOrEqual(0.3);
      expect(f.evidence.inMinutes).toBeLessThanOrEqual(10);
    }
    expect(sea.findings.filter((f) => f.phase === "clear")).toHaveLength(raised.length);
  });

  it("a boat that turns points at everybody once, and is on collision course with nobody", () => {
    // class A: a report every ten seconds; half a degree a second, ten knots, a mile and a half from boats that lie to their nets
    const sea = scene({ ...both, minutes: 30 }, (ms, s) => {
      for (const [i, mmsi] of OTHERS.entries()) hear(s, mmsi, 1.6 + i * 0.05, 0, { sog: 0.6, cog: 200 });
      for (let k = 0; k < 3; k++) {
        const turn = (((ms + k * 10_000) / 1000) * 0.5) % 360;
        const a = (turn * Math.PI) / 180;
        const at = { ...boat(CREW[0], s, 0.32 * Math.sin(a), 0.32 * Math.cos(a), { sog: 10, cog: (turn + 90) % 360 }) };
        s.hear({ ...at, ts: s.now - 20_000 + k * 10_000 });
      }
    });
    expect(told(sea)).toEqual([]);
  });

  it("a steady collision course is told of with nine minutes left", () => {
    const sea = scene({ ...both, minutes: 30 }, (ms, s) => {
      hear(s, OTHERS[0], 0, 3, { sog: 0.6, cog: 200 });
      hear(s, CREW[0], 0, -2 + (10 * ms) / 3_600_000, { sog: 10, cog: 0 });
    });
    expect(told(sea)[0]).toBe("vessel.approach raise");
    expect(sea.findings[0].evidence.inMinutes).toBeGreaterThan(8.5);
    expect(sea.findings[0].evidence.inMinutes).toBeLessThan(9.6);
  });

  it("is held until they are twice the distance apart", () => {
    const sea = scene(both, (ms, s) => {
      hear(s, CREW[0], 0, (5 * ms) / 3_600_000, { sog: 5, cog: 0 });
      hear(s, OTHERS[0], 0.1, 4 - (5 * ms) / 3_600_000, { sog: 5, cog: 180 });
    });
    expect(told(sea)).toEqual(["vessel.approach raise", "vessel.approach clear"]);
    expect(sea.findings.at(-1)?.evidence.distanceNm).toBeGreaterThan(0.6);
    expect(sea.findings.at(-1)?.evidence.distanceNm).toBeLessThan(0.9);
  });
});

describe("drift, anchor, encounter", () => {
  it("a vessel adrift across its heading is told of after a quarter of an hour", () => {
    const sea = scene(crew, (ms, s) => {
      const adrift = ms >= 10 * MINUTE && ms < 40 * MINUTE;
      hear(s, CREW[0], 0, (2 * ms) / 3_600_000, { sog: 2, cog: 0, heading: adrift ? 80 : 5, status: 0 });
    });
    expect(told(sea)).toEqual(["vessel.drift raise", "vessel.drift clear"]);
    expect(sea.findings[0].evidence).toMatchObject({ degrees: 80, limitDegrees: 45, heldMs: 15 * MINUTE });
  });

  it("a vessel swinging at anchor is quiet; one that leaves its circle for a minute drags", () => {
    const sea = scene(crew, (ms, s) => {
      const turn = (ms / (20 * MINUTE)) * 2 * Math.PI;
      const away = ms < 30 * MINUTE ? 0 : Math.min(0.4, ((ms - 30 * MINUTE) / MINUTE) * 0.03);
      hear(s, CREW[0], 0.05 * Math.cos(turn), 0.05 * Math.sin(turn) - away, { sog: 0.4, status: 1 });
    });
    expect(told(sea)).toEqual(["vessel.anchor_drag raise"]);
    expect(sea.findings[0].evidence.distanceM).toBeGreaterThan(200);
    expect(sea.findings[0].evidence).toMatchObject({ swingM: 150, marginM: 50 });
  });

  it("two hours side by side with a stranger is an encounter, with a boat of the formation it is none", () => {
    const sea = scene(
      { ...crew, minutes: 180 },
      (ms, s) => {
        for (const [i, mmsi] of CREW.slice(0, 3).entries()) hear(s, mmsi, i * 0.2, 0, { sog: 0.6 });
        if (ms >= 10 * MINUTE && ms < 160 * MINUTE) hear(s, STRANGER, -0.15, 0, { sog: 0.5, name: "EVER" });
      },
      4,
    );
    expect(told(sea)).toEqual(["vessel.encounter raise", "vessel.encounter clear"]);
    expect(sea.findings[0].evidence.distanceM).toBeGreaterThan(200);
    expect(sea.findings[0]).toMatchObject({ subject: `mmsi:${CREW[0]}+${STRANGER}`, gridId: "f1" });
  });
});

describe("distress", () => {
  it("a SART burst within one second gives one event, its test a drill", () => {
    const sea = scene({ ...crew, minutes: 50 }, (ms, s) => {
      sail(s, ms, CREW, 0);
      if (ms === 5 * MINUTE)
        for (let i = 0; i < 8; i++) s.hear({ ...boat(970_012_345, s, 1, 1), type: 1, status: 14, ts: s.now + i * 125 });
      if (ms === 6 * MINUTE)
        s.hear({ ...boat(970_099_999, s, 3, 1), type: 14, lon: null, lat: null, text: "SART TEST" });
    });
    expect(told(sea)).toEqual([
      "vessel.sos raise",
      "vessel.sos_drill raise",
      "vessel.sos clear",
      "vessel.sos_drill clear",
    ]);
    expect(sea.findings[0]).toMatchObject({ severity: 1 });
    expect(sea.findings.find((f) => f.kind === "vessel.sos_drill")).toMatchObject({ severity: 4 });
  });
});
