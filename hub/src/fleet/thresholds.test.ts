import { describe, expect, it } from "vitest";
import { readSea } from "../sea.ts";
import { GRID_THRESHOLDS, HUB_THRESHOLDS, type ThresholdName } from "../sea-thresholds.ts";
import { type FleetOptions, fleetOptions } from "./options.ts";
import { area, boat, box, hear, play, type SceneOptions, type Script, told } from "./scene.testing.ts";
import { at, CREW, MINUTE, Sea } from "./sea.testing.ts";

const OTHERS = Array.from({ length: 12 }, (_, i) => 413_000_011 + i);
const STRANGER = 477_000_001;
const crew = (s: Sea, from = 0) => {
  for (const [i, mmsi] of CREW.entries()) if (i >= from) hear(s, mmsi, i * 0.1, 0, { sog: 0.6 });
};

/** What a grid may change is shown on: the scene, and what it tells by the defaults. */
interface Shown {
  readonly options?: Partial<SceneOptions>;
  readonly script: Script;
  readonly told: readonly string[];
}

const straggler: Shown = {
  options: { minutes: 25 },
  script: (_, s) => {
    crew(s, 1);
    hear(s, CREW[0], 3, 0);
  },
  told: ["vessel.straggler raise"],
};
const returning: Shown = {
  options: { minutes: 90 },
  script: (ms, s) => {
    crew(s, 1);
    hear(s, CREW[0], ms < 30 * MINUTE ? 3 : Math.max(2.1, 3 - (ms - 30 * MINUTE) / (20 * MINUTE)), 0);
  },
  told: ["vessel.straggler raise"],
};
const split: Shown = {
  options: { minutes: 25 },
  script: (_, s) => {
    for (const [i, mmsi] of CREW.entries()) hear(s, mmsi, i < 2 ? 3.5 : 0.1 * i, 0);
  },
  told: ["formation.split raise"],
};
const silent: Shown = {
  options: { minutes: 800 },
  script: (ms, s) => crew(s, ms < 5 * MINUTE ? 0 : 1),
  told: ["vessel.dark raise", "vessel.dark gap", "vessel.dark suspected_disabling"],
};
const link: Shown = {
  options: { formations: { f1: CREW, f2: OTHERS }, minutes: 60 },
  script: (ms, s) => {
    for (const [i, mmsi] of OTHERS.entries()) hear(s, mmsi, 20 + i * 0.2, 0, { sog: 0.6 });
    for (const [i, mmsi] of CREW.entries())
      if (i < 2 || ms < (5 + 2 * i) * MINUTE) hear(s, mmsi, i * 0.1, 0, { sog: 0.6 });
  },
  told: ["formation.link_outage raise"],
};
const approach: Shown = {
  script: (ms, s) => {
    crew(s);
    hear(s, STRANGER, 8 - (10 * ms) / 3_600_000, 0.1, { sog: 10, cog: 270, name: "EVER" });
  },
  options: { formations: { f1: CREW.slice(0, 1) }, minutes: 48 },
  told: ["vessel.approach raise"],
};
const drift: Shown = {
  options: { minutes: 30 },
  script: (ms, s) => void hear(s, CREW[0], 0, (2 * ms) / 3_600_000, { sog: 2, heading: 80, status: 0 }),
  told: ["vessel.drift raise"],
};
const anchor: Shown = {
  options: { minutes: 30 },
  script: (ms, s) => {
    const away = ms < 10 * MINUTE ? 0 : Math.min(0.4, ((ms - 10 * MINUTE) / MINUTE) * 0.03);
    hear(s, CREW[0], 0, -away, { sog: 0.4, status: 1 });
  },
  told: ["vessel.anchor_drag raise"],
};
const encounter: Shown = {
  options: { minutes: 150 },
  script: (_, s) => {
    hear(s, CREW[0], 0, 0, { sog: 0.6 });
    hear(s, STRANGER, 0.2, 0, { sog: 0.6, name: "EVER" });
  },
  told: ["vessel.encounter raise"],
};
// one fix sixty metres inside, then out again
const touching: Shown = {
  options: { areas: [area("a", "aquaculture", box(0, 1, 2, 1))], minutes: 8 },
  script: (ms, s) => void hear(s, CREW[0], 0, ms === 3 * MINUTE ? 0.53 : 0.4),
  told: [],
};
const leaping: Shown = {
  options: { areas: [area("a", "no_go", box(0, 1, 2, 0.02))], minutes: 25 },
  script: (ms, s) => void (ms % (10 * MINUTE) === 0 && hear(s, CREW[0], 0, (8 * ms) / 3_600_000)),
  told: ["vessel.no_go raise", "vessel.no_go clear"],
};
// nearest at 1.2 NM (2.2 km), then 1.9 NM (3.5 km); stops at 0.15 kn and goes on at 0.4
const harbour: Shown = {
  options: {
    areas: [{ ...area("a", "harbour", box(9, 9, 1, 1), { ports: [[122, 30]] }), polygons: [] }],
    minutes: 80,
  },
  script: (ms, s) => {
    const [east, sog] = ms < 20 * MINUTE ? [1.2, 0.15] : ms < 40 * MINUTE ? [1.2, 0.4] : [1.9, 0.4];
    hear(s, CREW[0], east, 0, { sog });
  },
  told: ["visit stopped"],
};

// the stranger passes at 0.8 NM
const passing: Shown = {
  ...approach,
  script: (ms, s) => {
    crew(s);
    hear(s, STRANGER, 8 - (10 * ms) / 3_600_000, 0.8, { sog: 10, cog: 270, name: "EVER" });
  },
  told: [],
};
// side by side at 4 kn
const sailing: Shown = {
  options: { minutes: 150 },
  script: (ms, s) => {
    for (const [mmsi, east] of [[CREW[0], 0], [STRANGER, 0.2]]) hear(s, mmsi, east, (4 * ms) / 3_600_000, { name: "EVER" }); // prettier-ignore
  },
  told: [],
};
// nearly ten kilometres to the east of a port
const faraway: Shown = {
  options: {
    areas: [{ ...area("a", "harbour", box(9, 9, 1, 1), { ports: [[122.099, 30]] }), polygons: [] }],
    minutes: 5,
  },
  script: (_, s) => void hear(s, CREW[0], 10.44, 0, { sog: 0.4 }),
  told: [],
};
/** thresholds that widen what the hub looks for */
const WIDER: readonly (readonly [ThresholdName, number, Shown, readonly string[]])[] = [
  ["approach_nm", 1, passing, ["vessel.approach raise"]],
  ["encounter_kn", 5, sailing, ["vessel.encounter raise"]],
  ["port_enter_m", 10_000, faraway, ["visit"]],
];

const CASES: Readonly<Record<ThresholdName, readonly [value: number, on: Shown, told: readonly string[]]>> = {
  straggler_nm: [5, straggler, []],
  straggler_spreads: [40, straggler, []],
  straggler_min: [30, straggler, []],
  straggler_clear: [1, returning, ["vessel.straggler raise", "vessel.straggler clear"]],
  min_fresh: [6, straggler, []],
  split_nm: [5, split, ["vessel.straggler raise", "vessel.straggler raise"]],
  split_min: [30, split, []],
  dark_min: [900, silent, []],
  gap_min: [740, silent, ["vessel.dark raise", "vessel.dark suspected_disabling"]],
  disabling_min: [799, silent, ["vessel.dark raise", "vessel.dark gap"]],
  outage_share: [0.9, link, ["vessel.dark raise", "vessel.dark raise", "vessel.dark raise"]],
  outage_vessels: [4, link, ["vessel.dark raise", "vessel.dark raise", "vessel.dark raise"]],
  outage_span_min: [1, link, ["vessel.dark raise", "vessel.dark raise", "vessel.dark raise"]],
  approach_nm: [0, approach, []],
  drift_degrees: [100, drift, []],
  drift_min_kn: [3, drift, []],
  drift_max_kn: [1.5, drift, []],
  drift_min: [60, drift, []],
  swing_m: [1000, anchor, []],
  anchor_margin_m: [1000, anchor, []],
  anchor_s: [7200, anchor, []],
  encounter_m: [100, encounter, []],
  encounter_min: [300, encounter, []],
  encounter_kn: [0.1, encounter, []],
  area_margin_m: [20, touching, ["vessel.aquaculture raise", "vessel.aquaculture clear"]],
  area_fixes: [1, touching, ["vessel.aquaculture raise", "vessel.aquaculture clear"]],
  cross_gap_min: [5, leaping, []],
  port_enter_m: [1000, harbour, []],
  port_exit_m: [3100, harbour, ["visit stopped left"]],
  port_stop_kn: [0.1, harbour, ["visit"]],
  port_resume_kn: [0.3, harbour, ["visit stopped resumed"]],
};

function tells(
  { options, script }: Shown,
  thresholds: Record<string, number>,
  fleet: Partial<FleetOptions> = {},
): string[] {
  const seaOf = { town: { thresholds } };
  const sea = play({ formations: { f1: CREW }, minutes: 60, ...options, seaOf, fleet }, script);
  const visits = sea.fleet
    .portVisits(CREW[0])
    .map(({ stoppedAt, resumedAt, leftAt }) =>
      ["visit", stoppedAt && "stopped", resumedAt && "resumed", leftAt && "left"].filter(Boolean).join(" "),
    );
  const stages = sea.findings.map((f) => (f.phase === "update" ? `${f.kind} ${String(f.evidence.stage)}` : told({ findings: [f] } as unknown as Sea)[0])); // prettier-ignore
  return [...visits, ...stages.filter((line) => !line.endsWith("undefined"))];
}

// six miles at 60 knots, through a zone
const racing: Shown = {
  options: { areas: [area("a", "no_go", box(0, 4, 2, 1))], minutes: 8 },
  script: (ms, s) => void hear(s, CREW[0], 0, (60 * ms) / 3_600_000),
  told: [],
};
const cloned: Shown = {
  options: { minutes: 20 },
  script: (_, s) => {
    hear(s, CREW[0], 0, 0);
    hear(s, CREW[0], 40, 0);
  },
  told: ["vessel.mmsi_clash raise"],
};
const mayday: Shown = {
  options: { minutes: 40 },
  script: (ms, s) => {
    if (ms === 0) s.hear(boat(CREW[0], s, 0, 0, { type: 14, text: "MAYDAY" }));
    hear(s, CREW[0], 0, 0);
  },
  told: ["vessel.sos raise", "vessel.sos clear"],
};
// on this course for four minutes
const meeting: Shown = { ...approach, options: { ...approach.options, minutes: 42 } };

type Told = (options: Partial<FleetOptions>) => readonly unknown[];
const ofScene =
  (shown: Shown): Told =>
  (options) =>
    tells(shown, {}, options);
/** what is said of a vessel that was heard once, so long ago */
const heardBefore =
  (ms: number, status: number | null): Told =>
  (options) => {
    const sea = new Sea(options);
    sea.hear(at(CREW[0], sea.now, 0, { status }));
    return [sea.fleet.vessel(CREW[0], sea.now + ms)?.freshness];
  };
const heardTwice: Told = (options) => {
  const sea = new Sea(options);
  const p = at(CREW[0], sea.now, 0, { sog: 7 });
  return [sea.hear(p, sea.north), sea.hear({ ...p, ts: p.ts + 10_000 }, sea.south)];
};
const dark = ["vessel.dark raise", "vessel.dark raise", "vessel.dark raise"];

const HUB_CASES: Readonly<
  Record<keyof typeof HUB_THRESHOLDS, readonly [number, Told, readonly unknown[], readonly unknown[]]>
> = {
  late_s: [300, heardBefore(70_000, null), ["late"], ["fresh"]],
  stale_min: [20, heardBefore(9 * MINUTE, null), ["lost"], ["late"]],
  lost_moored_min: [60, heardBefore(19 * MINUTE, 5), ["lost"], ["stale"]],
  duplicate_s: [20, heardTwice, [true, true], [true, false]],
  max_speed_kn: [60, ofScene(racing), [], ["vessel.no_go raise", "vessel.no_go clear"]],
  clash_min: [60, ofScene(cloned), cloned.told, []],
  outage_wait_min: [200, ofScene(link), link.told, dark],
  approach_min: [1, ofScene(meeting), meeting.told, []],
  approach_kn: [8, ofScene(meeting), meeting.told, []],
  approach_s: [600, ofScene(meeting), meeting.told, []],
  approach_patience: [0.9, ofScene(meeting), meeting.told, []],
  sos_quiet_min: [60, ofScene(mayday), mayday.told, ["vessel.sos raise"]],
};

describe("every threshold of the hub alone", () => {
  it.each(Object.entries(HUB_CASES))("%s", (name, [value, tell, byDefault, changed]) => {
    expect(tell({})).toEqual(byDefault);
    expect(tell(fleetOptions({ [name]: value }))).toEqual(changed);
  });
});

describe("every threshold that a grid may set", () => {
  it.each(Object.entries(CASES))("%s", (name, [value, shown, changed]) => {
    expect(readSea({ thresholds: { [name]: value } })).toHaveProperty("sea");
    expect(tells(shown, {})).toEqual(shown.told);
    expect(tells(shown, { [name]: value })).toEqual(changed);
  });

  it.each(WIDER)("%s above the hub's own", (name, value, shown, changed) => {
    expect(tells(shown, {})).toEqual(shown.told);
    expect(tells(shown, { [name]: value })).toEqual(changed);
  });

  it("is within its bounds, and known", () => {
    for (const [name, { min, max }] of Object.entries(GRID_THRESHOLDS))
      for (const value of [min - 0.01, max + 0.01, Number.NaN, "1"])
        expect(readSea({ thresholds: { [name]: value } }), `${name} ${value}`).toHaveProperty("problems");
    expect(readSea({ thresholds: { stragler_nm: 2 } })).toMatchObject({
      problems: [{ field: "sea.thresholds", expected: "unknown field stragler_nm" }],
    });
  });

  it("a speed limit comes with its rule, and only with it", () => {
    expect(readSea({ rule: "speed_limit", limit_kn: 6 })).toHaveProperty("sea");
    expect(readSea({ rule: "speed_limit" })).toMatchObject({ problems: [{ field: "sea.limit_kn" }] });
    expect(readSea({ rule: "no_go", limit_kn: 6 })).toMatchObject({ problems: [{ field: "sea.limit_kn" }] });
  });
});
