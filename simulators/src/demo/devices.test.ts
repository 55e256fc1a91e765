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

const REPORTING = [...new Set(plan.devices.map((d) => d.profile))].filter((p) => !/camera|ais/.test(p));

/** What the hub makes of a report: metric -> value. */
function decode(report: Report, id: string): Map<string, number> {
  const profile = profiles.get(id);
  if (profile === undefined) throw new Error(`no profile ${id}`);
  const out = new RecordBuffer();
  const rejection =
    "frame" in report
      ? profile.decodeFrame(report.frame, report.port ?? 0, out)
      : profile.decodeJson(report.values, out);
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
      const values = decode({ ts: sample.ts, frame: hydrantFrame(sample) }, "generic/hydrant-nb");
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
    const values = decode(reports[0], "generic/flood-gauge-json");
    expect([...values.keys()].sort()).toEqual(["battery", "rain", "water_level"]);
    expect(values.get("water_level")).toBeCloseTo(device.gauge?.sample(START).level ?? 0, 1);
  });

  it("alarm limits come from attributes that the profile knows", () => {
    for (const id of REPORTING) {
      const known = new Set(
        (profiles.get(id)?.alarms ?? []).flatMap((alarm) =>
          alarm.when.flatMap(({ limit }) => (typeof limit === "number" ? [] : [limit.attribute])),
        ),
      );
      const [device] = plan.devices.filter((d) => d.profile === id);
      for (const name of Object.keys(attributesOf(device)).filter((n) => n !== "datum"))
        expect(known, id).toContain(name);
    }
  });

  it.each(REPORTING)("a calm %s stays clear of every limit and of every silence", (id) => {
    const [placement] = plan.devices.filter((d) => d.profile === id);
    const profile = profiles.get(id);
    const reports: Report[] = [];
    const device = new FieldDevice(placement, demoTide("x"), {}, (report) => reports.push(report));
    for (let i = 0; i < 500; i++) device.tick(START + i * placement.everyMs);
    expect(reports.length).toBe(500);
    const attributes = attributesOf(placement);
    for (const report of reports) {
      const values = decode(report, id);
      for (const { when, title } of (profile?.alarms ?? []).map((a) => ({ when: a.when, title: a.name }))) {
        if (when.length === 0 || when.some((c) => c.fn === "rate")) continue;
        const met = when.every(({ metric, op, limit, offset }) => {
          const value = values.get(profile?.metrics[metric].name ?? "") ?? Number.NaN;
          const own = typeof limit === "number" ? limit : Number(attributes[limit.attribute] ?? limit.default);
          const bound = own + offset;
          return op === "<" ? value < bound : op === ">" ? value > bound : op === "==" ? value === bound : false;
        });
        expect(met, `${id} ${title} ${JSON.stringify([...values])}`).toBe(false);
      }
    }
    // One lost report must not make it late.
    const patience = ((profile?.expectEveryMs ?? Infinity) * (profile?.grace ?? 1)) / 40;
    expect(2 * placement.everyMs).toBeLessThan(patience);
    device.silent = true;
    device.tick(START);
    expect(reports.length).toBe(500);
  });

  it("report at once what changed, several times, and otherwise when it is time", () => {
    const [placement] = plan.devices.filter((d) => d.gateway !== null && d.profile === "generic/hydrant-nb");
    const reports: Report[] = [];
    const device = new FieldDevice(placement, demoTide("x"), {}, (report) => reports.push(report));
    for (let s = 0; s < 100; s++) device.poll(START + s * 1000);
    expect(reports.length).toBe(1);
    if (device.hydrant !== null) device.hydrant.lean = 70;
    for (let s = 100; s < 200; s++) device.poll(START + s * 1000);
    expect(reports.length).toBe(5);
    expect(decode(reports[4], placement.profile).get("tilt")).toBeGreaterThan(60);
    for (let s = 200; s < 800; s++) device.poll(START + s * 1000);
    expect(reports.length).toBe(6);
  });
});
