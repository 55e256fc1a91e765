import { describe, expect, it } from "vitest";
import type { SeaArea } from "./membership.ts";
import { area, boat, box, type SceneOptions, STEP, told, waters } from "./scene.testing.ts";
import { CREW, MINUTE, Sea } from "./sea.testing.ts";

const crew = { formations: { f1: CREW }, minutes: 0 };
const zone = area("zone", "no_go", box(0, 0, 1, 1));

function sea(options: Partial<SceneOptions>): Sea {
  const made = new Sea({ saveTrackMs: 0 });
  made.members = waters({ ...crew, ...options });
  made.restart();
  return made;
}

/** The crew reports from around one place and time passes. */
function lie(s: Sea, minutes: number, east = 0): void {
  for (let i = 0; i * STEP < minutes * MINUTE; i++) {
    for (const [k, mmsi] of CREW.entries()) s.hear(boat(mmsi, s, east + k * 0.05, 0, { sog: 0 }));
    s.tick(STEP);
  }
}

const swap = (s: Sea, options: Partial<SceneOptions>, restart: boolean) => {
  s.members = waters({ ...crew, ...options });
  if (restart) {
    s.commit();
    s.restart();
  } else s.fleet.setWaters(s.members);
};
const whys = (s: Sea) =>
  s.findings.filter((f) => f.phase === "clear").map((f) => `${f.kind} ${String(f.evidence.why)}`);

describe.each([
  { how: "while the hub runs", restart: false },
  { how: "between two starts", restart: true },
])("other grids $how", ({ restart }) => {
  it("end the findings of an area that went away, with the reason", () => {
    const s = sea({ areas: [zone] });
    lie(s, 2);
    expect(told(s)).toEqual(CREW.map(() => "vessel.no_go raise"));
    swap(s, { areas: [] }, restart);
    s.tick(STEP);
    expect(whys(s)).toEqual(CREW.map(() => "vessel.no_go area_removed"));
    lie(s, 5);
    expect(s.findings).toHaveLength(2 * CREW.length);
  });

  it("also when a report comes before the next tick", () => {
    const s = sea({ areas: [zone] });
    lie(s, 2);
    swap(s, { areas: [] }, restart);
    s.hear(boat(CREW[0], s, 0, 0, { sog: 0 }));
    lie(s, 2);
    expect(whys(s)).toEqual(CREW.map(() => "vessel.no_go area_removed"));
  });

  it("leave open what stays, and its timers", () => {
    const s = sea({ areas: [zone, area("other", "no_go", box(9, 9, 1, 1))] });
    lie(s, 2);
    // a straggler has been away for eight of his ten minutes when the areas change
    for (let i = 0; i < 16; i++) {
      for (const [k, mmsi] of CREW.entries())
        s.hear(boat(mmsi, s, k === 0 ? 4 : k * 0.05, 0, { sog: k === 0 ? 5 : 0 }));
      s.tick(STEP);
    }
    const before = s.findings.length;
    swap(s, { areas: [zone] }, restart);
    for (let i = 0; i < 8; i++) {
      for (const [k, mmsi] of CREW.entries())
        s.hear(boat(mmsi, s, k === 0 ? 4 : k * 0.05, 0, { sog: k === 0 ? 5 : 0 }));
      s.tick(STEP);
    }
    expect(s.findings.slice(before).map((f) => `${f.kind} ${f.phase}`)).toEqual(["vessel.straggler raise"]);
    expect(s.findings.at(-1)?.evidence.heldMs).toBeLessThan(10 * MINUTE + 2 * STEP);
  });

  it("with another rule for an area end the old finding and begin the new one", () => {
    const s = sea({ areas: [zone] });
    lie(s, 2);
    swap(s, { areas: [{ ...zone, rule: "aquaculture" }] }, restart);
    lie(s, 2);
    expect(told(s).slice(CREW.length).toSorted()).toEqual([
      ...CREW.map(() => "vessel.aquaculture raise"),
      ...CREW.map(() => "vessel.no_go clear"),
    ]);
    expect(whys(s)).toEqual(CREW.map(() => "vessel.no_go rule_changed"));
  });

  it("without a harbour end the reported stay in it", () => {
    const quay = area("quay", "harbour", box(0, 0, 1, 1), { report_visits: true });
    const s = sea({ areas: [quay] });
    lie(s, 2);
    swap(s, { areas: [] }, restart);
    lie(s, 2);
    expect(told(s)).toEqual([
      ...CREW.map(() => "vessel.port_visit raise"),
      ...CREW.map(() => "vessel.port_visit clear"),
    ]);
    expect(whys(s)).toEqual(CREW.map(() => "vessel.port_visit area_removed"));
    expect(s.fleet.portVisits(CREW[0])[0].leftAt).not.toBeNull();
  });

  it("without a formation end what it was told of", () => {
    const s = sea({});
    const parts = (minutes: number) => {
      for (let i = 0; i * STEP < minutes * MINUTE; i++) {
        for (const [k, mmsi] of CREW.entries()) s.hear(boat(mmsi, s, k < 2 ? 6 : k * 0.05, 0, { sog: 0.5 }));
        s.tick(STEP);
      }
    };
    parts(12);
    expect(told(s)).toEqual(["formation.split raise"]);
    swap(s, { formations: { f2: CREW.slice(0, 3) } }, restart);
    parts(1);
    expect(whys(s)).toEqual(["formation.split formation_removed"]);
  });
});

describe("an area that is drawn while the fleet is at sea", () => {
  const run = (areas: readonly SeaArea[], next: readonly SeaArea[], quietMs: number) => {
    const s = sea({ areas });
    lie(s, 2);
    s.tick(quietMs);
    swap(s, { areas: next }, false);
    const before = s.findings.length;
    s.tick(STEP);
    return s.findings.slice(before).map((f) => `${f.kind} ${f.phase}`);
  };

  it("is broken by those that lie in it, without a further report", () => {
    expect(run([], [zone], MINUTE)).toEqual(CREW.map(() => "vessel.no_go raise"));
  });

  it("is not broken by those that have not been heard for long", () => {
    expect(run([], [zone], 20 * MINUTE)).toEqual([]);
  });

  it("is left by those that it no longer covers", () => {
    expect(run([zone], [{ ...zone, polygons: [box(9, 0, 1, 1)] }], MINUTE)).toEqual(
      CREW.map(() => "vessel.no_go clear"),
    );
  });

  it("says nothing new of those that it still covers", () => {
    expect(run([zone], [{ ...zone, polygons: [box(0, 0, 2, 2)] }], MINUTE)).toEqual([]);
  });
});
