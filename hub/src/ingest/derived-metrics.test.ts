import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { loadText } from "@gridhub/device-profiles/load.ts";
import { Quality, RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import { describe, expect, it } from "vitest";
import type { Device } from "../device.ts";
import type { FoldStateRow } from "../store/batch.ts";
import { DerivedMetrics } from "./derived-metrics.ts";

const MINUTE = 60_000;
const T0 = Date.UTC(2025, 10, 22, 8);

const { profile: loaded, problems } = loadText(
  `profile: v1
id: acme/meter@1.0.0
kind: hydrant
title: {zh: 水表, en: Meter}
transport: {uplink: telemetry, expect_every: 10m}
metrics:
  volume: {}
  pressure: {}
  temperature: {}
  used: {unit: L, title: {zh: 用水量, en: Used}}
  head: {unit: m, title: {zh: 水头, en: Head}}
  weighted: {unit: MPa, title: {zh: 修正压力, en: Corrected pressure}}
derived:
  flow: {rate: volume, window: 10m, counter: true}
  used: {difference: volume, rollover: 1000, max_gap: 30m}
  head: {formula: "pressure * 101.97"}
  weighted: {formula: "temperature < 10 ? pressure - 0.01 : pressure", max_age: 20m}
`,
  "meter.yaml",
);
const profile = loaded?.compiled as CompiledProfile;

function device(): Device {
  const edge = { id: 1, key: "town/e", site: "town", name: "e", title: "" };
  const place = { lon: null, lat: null, gridId: null };
  const series = new Int32Array(profile.metrics.length);
  return { id: 1, uid: "town/d", site: "town", name: "d", edge, title: "", profile, ...place, attributes: {}, series };
}

class Scene {
  readonly rows = new Map<string, FoldStateRow>();
  readonly device = device();
  derived = new DerivedMetrics();

  /** @returns what was computed: name -> [value, quality without the derived flag] */
  read(minute: number, values: Record<string, number>, late = false): Record<string, [number, number]> {
    const record = new RecordBuffer();
    for (const [name, value] of Object.entries(values))
      record.push(profile.metricIndex.get(name) ?? -1, value, Number.isNaN(value) ? Quality.invalid : late ? Quality.late : 0); // prettier-ignore
    const { n } = record;
    this.derived.apply(this.device, T0 + minute * MINUTE, record, late);
    const found: Record<string, [number, number]> = {};
    for (let i = n; i < record.n; i++) {
      expect(record.quality[i] & Quality.derived).toBe(Quality.derived);
      found[profile.metrics[record.metric[i]].name] = [record.num[i], record.quality[i] & ~Quality.derived];
    }
    return found;
  }

  restart(): void {
    const out: FoldStateRow[] = [];
    this.derived.drain(out);
    for (const row of out) this.rows.set(row.key, { ...row, state: JSON.parse(JSON.stringify(row.state)) as unknown });
    this.derived = new DerivedMetrics();
    this.derived.load([...this.rows.values()], [this.device]);
  }
}

it("the profile has no problems", () => {
  expect(problems.filter((p) => p.level === "error")).toEqual([]);
});

describe("a difference", () => {
  it("of a counter, in the unit asked for; over a restart each increment counts once", () => {
    const s = new Scene();
    expect(s.read(0, { volume: 10 }).used).toBeUndefined();
    expect(s.read(10, { volume: 10.25 }).used).toEqual([250, 0]);
    s.restart();
    expect(s.read(20, { volume: 10.75 }).used).toEqual([500, 0]);
  });

  it("rolls over, and knows a reset from it; both are flagged as a jump", () => {
    const s = new Scene();
    s.read(0, { volume: 999.5 });
    expect(s.read(10, { volume: 0.5 }).used).toEqual([1000, Quality.jump]);
    s.read(20, { volume: 400 });
    expect(s.read(30, { volume: 2 }).used).toEqual([2000, Quality.jump]);
  });

  it("a record out of order gives none, and the sum stays right", () => {
    const s = new Scene();
    s.read(0, { volume: 1 });
    const first = s.read(10, { volume: 3 }).used[0];
    expect(s.read(5, { volume: 2 }).used).toBeUndefined();
    expect(s.read(10, { volume: 3 }).used).toBeUndefined(); // a duplicate
    expect(first + s.read(15, { volume: 4 }).used[0]).toBe(3000);
  });

  it("over a gap there is none live; a backfill begins where the gap began, nothing counts twice", () => {
    const s = new Scene();
    s.read(0, { volume: 1 });
    s.read(10, { volume: 2 });
    expect(s.read(100, { volume: 12 }).used).toBeUndefined();
    s.restart();
    expect(s.read(110, { volume: 13 }).used).toEqual([1000, 0]);
    expect(s.read(30, { volume: 4 }, true).used).toEqual([2000, Quality.late]);
    s.restart();
    expect(s.read(50, { volume: 9 }, true).used).toEqual([5000, Quality.late]);
    expect(s.read(120, { volume: 14 }).used).toEqual([1000, 0]); // the live one did not notice
  });
});

describe("a rate", () => {
  it("in the unit of the metric, through the reset of a counter, over a restart", () => {
    const s = new Scene();
    for (const [minute, volume] of [[0, 100], [5, 100.6], [10, 101.2]]) s.read(minute, { volume }); // prettier-ignore
    s.restart();
    const { flow } = s.read(15, { volume: 101.8 });
    expect(flow[0]).toBeCloseTo(2, 9); // 0.6 m3 in 300 s
    const reset = s.read(20, { volume: 0.6 }).flow;
    expect(reset[0]).toBeCloseTo(2, 9);
    expect(reset[1]).toBe(Quality.jump);
  });
});

describe("a formula", () => {
  it("over the record; a source that is not available makes it not available", () => {
    const s = new Scene();
    expect(s.read(0, { pressure: 0.5 }).head[0]).toBeCloseTo(50.985, 9);
    expect(s.read(1, { pressure: Number.NaN }).head).toEqual([Number.NaN, Quality.invalid]);
  });

  it("with the last known value of another record, no older than allowed and never from the future", () => {
    const s = new Scene();
    expect(s.read(0, { pressure: 0.5 }).weighted).toBeUndefined();
    s.read(1, { temperature: 5 });
    s.restart();
    expect(s.read(21, { pressure: 0.5 }).weighted).toEqual([0.49, 0]);
    expect(s.read(22, { pressure: 0.5 }).weighted).toBeUndefined();
    expect(s.read(0, { pressure: 0.4 }).weighted).toBeUndefined();
    expect(s.read(23, { pressure: 0.5, temperature: 20 }).weighted).toEqual([0.5, 0]);
  });
});

it("what the device says itself is not computed", () => {
  expect(new Scene().read(0, { pressure: 0.5, head: 7 })).toEqual({});
});
