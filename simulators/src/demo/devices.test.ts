import { loadProfiles } from "@gridhub/device-profiles/load.ts";
import { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRandom } from "../random.ts";
import { hydrantFrame } from "../hydrant.ts";
import { buildWorld } from "../world.ts";
import { attributesOf, demoTide, FieldDevice, type Report } from "./devices.ts";
import { planDevices, type DeviceKind, type Placement } from "./plan.ts";

const { profiles } = loadProfiles([join(import.meta.dirname, "../../../device-profiles/profiles")]);
const plan = planDevices(buildWorld(), true);
const placed = (kind: DeviceKind): Placement => plan.devices.filter((d) => d.kind === kind)[0];
const START = Date.UTC(2025, 10, 22, 4, 34, 56);

/** What the hub makes of a report: metric -> value. */
function decode(report: Report, kind: DeviceKind): Map<string, number> {
  const profile = profiles.get(placed(kind).profile);
  if (profile === undefined) throw new Error(`no profile for ${kind}`);
  const out = new RecordBuffer();
  const rejection =
    "frame" in report ? profile.decodeFrame(report.frame, 0, out) : profile.decodeJson(report.values, out);
  expect(rejection).toBeNull();
  return new Map(Array.from({ length: out.n }, (_, i) => [profile.metrics[out.metric[i]].name, out.num[i]]));
}

describe("the demo's devices against their profiles", () => {
  it("have a loaded profile of their kind", () => {
    for (const { uid, kind, profile } of plan.devices) expect(profiles.get(profile)?.kind, uid).toBe(kind);
  });

  it("hydrant frames decode to what was measured", () => {
    const random = createRandom("frames");
    for (let i = 0; i < 200; i++) {
      const sample = {
        ts: START + i * 3_600_000,
        pressure: random.between(0, 2.4),
        tilt: random.between(-90, 90),
        capOpen: random.chance(0.5),
        battery: random.between(2.8, 3.7),
      };
      const values = decode({ ts: sample.ts, frame: hydrantFrame(sample) }, "hydrant");
      expect(values.get("pressure")).toBeCloseTo(sample.pressure, 2);
      expect(values.get("tilt")).toBeCloseTo(sample.tilt, 0);
      expect(values.get("cap_open")).toBe(sample.capOpen ? 1 : 0);
      expect(values.get("battery")).toBeCloseTo(sample.battery, 1);
    }
  });

  it("gauge reports decode to level, rain and battery", () => {
    const reports: Report[] = [];
    const device = new FieldDevice(placed("flood_gauge"), demoTide("x"), {}, (report) => reports.push(report));
    device.tick(START);
    const values = decode(reports[0], "flood_gauge");
    expect([...values.keys()].sort()).toEqual(["battery", "rain", "water_level"]);
    expect(values.get("water_level")).toBeCloseTo(device.gauge?.sample(START).level ?? 0, 1);
  });

  it("alarm limits come from attributes that the profile knows", () => {
    for (const kind of ["hydrant", "flood_gauge"] as const) {
      const known = new Set(
        (profiles.get(placed(kind).profile)?.alarms ?? []).flatMap((alarm) =>
          alarm.when.flatMap(({ limit }) => (typeof limit === "number" ? [] : [limit.attribute])),
        ),
      );
      const given = Object.keys(attributesOf(placed(kind))).filter((name) => name !== "datum");
      for (const name of given) expect(known, kind).toContain(name);
    }
  });

  it("calm devices stay clear of every limit, and a silent one says nothing", () => {
    const reports: Report[] = [];
    const hydrant = new FieldDevice(placed("hydrant"), demoTide("x"), {}, (report) => reports.push(report));
    for (let i = 0; i < 1000; i++) hydrant.tick(START + i * 2000);
    expect(reports.length).toBe(1000);
    for (const report of reports) {
      const values = decode(report, "hydrant");
      expect(values.get("pressure")).toBeGreaterThan(0.14);
      expect(values.get("tilt")).toBeLessThan(20);
    }
    hydrant.silent = true;
    hydrant.tick(START);
    expect(reports.length).toBe(1000);
  });
});
