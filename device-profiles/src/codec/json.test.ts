import { describe, expect, it } from "vitest";
import { loadText } from "../load.ts";
import { Quality, RecordBuffer } from "../reading.ts";
import { isRejection } from "../rejection.ts";
import { toReadings } from "../vector.ts";

const HEAD = `profile: v1
id: test/json@1.0.0
kind: sensor
title: {zh: 测试, en: Test}
transport: {uplink: telemetry}
`;

function decoder(body: string): (m: unknown) => unknown {
  const { profile, problems } = loadText(HEAD + body, "test");
  if (profile === null) throw new Error(problems.map((p) => p.message).join("\n"));
  const out = new RecordBuffer();
  return (m) => {
    const rejection = profile.compiled.decodeJson(m as Record<string, unknown>, out);
    if (isRejection(rejection)) return `${rejection.reason}: ${rejection.detail}`;
    const values = toReadings(profile.compiled, out).map((r) => [
      r.metric,
      r.quality === 0 ? r.value : [r.value, r.quality],
    ]);
    return { ...(out.ts === 0 ? {} : { ts: out.ts }), ...(Object.fromEntries(values) as object) };
  };
}

describe("canonical records", () => {
  const decode = decoder("metrics: {pressure: {range: [0, 2.5]}, cap_open: {}, status: {}}\n");

  it("takes known names, steps over others, starts anew each time", () => {
    expect(decode({ pressure: 0.28, cap_open: true, status: "ok", other: {} })).toEqual({
      pressure: 0.28,
      cap_open: true,
      status: "ok",
    });
    expect(decode({ cap_open: 0 })).toEqual({ cap_open: false });
  });

  it("flags what is out of range or not available", () => {
    expect(decode({ pressure: 2.6, cap_open: null })).toEqual({
      pressure: [2.6, Quality.out_of_range],
      cap_open: [null, Quality.invalid],
    });
  });

  it.each([
    [{ pressure: "0.28" }, "pressure"],
    [{ pressure: true }, "pressure"],
    [{ pressure: Number.NaN }, "pressure"],
    [{ pressure: Number.POSITIVE_INFINITY }, "pressure"],
    [{ pressure: {} }, "pressure"],
    [{ pressure: [1] }, "pressure"],
    [{ cap_open: 2 }, "cap_open"],
    [{ cap_open: "true" }, "cap_open"],
    [{ status: 5 }, "status"],
    [{ status: "x".repeat(300) }, "status"],
    [{ druck: 1 }, "druck"],
    [{}, "nothing"],
    [JSON.parse('{"__proto__": {"pressure": 1}}'), "__proto__"],
    [{ pressure: 0.2, status: 5 }, "status"],
  ])("refuses %j and names the key", (m, key) => {
    expect(decode(m)).toMatch(new RegExp(`^value_invalid: .*${key}`));
  });
});

describe("records by path", () => {
  const decode = decoder(`codec:
  json:
    fields:
      - {n: water_level, path: ["data.values[1].cm", level], unit: cm, invalid: [-1, "n/a"]}
      - {n: leak, path: state, map: {WET: true, DRY: false}}
      - {n: tamper, path: constructor}
      - {n: firmware, path: fw}
    time: {path: at, unit: iso}
`);

  it("finds nested values, converts, maps, and takes the record's time", () => {
    const at = "2025-11-22T02:00:00Z";
    expect(decode({ at, data: { values: [{}, { cm: 135 }] }, state: "WET", fw: "1.0" })).toEqual({
      ts: Date.parse(at),
      water_level: 1.35,
      leak: true,
      firmware: "1.0",
    });
    expect(decode({ level: 200 })).toEqual({ water_level: 2 });
  });

  it("knows sentinels of both kinds and words that are not in the map", () => {
    expect(decode({ level: -1, state: "DAMP" })).toEqual({
      water_level: [null, Quality.invalid],
      leak: [null, Quality.invalid],
    });
    expect(decode({ level: "n/a" })).toEqual({ water_level: [null, Quality.invalid] });
  });

  it("flags a time that is none", () => {
    expect(decode({ level: 100, at: "soon" })).toEqual({ water_level: [1, Quality.clock] });
    expect(decode({ level: 100, at: 5 })).toEqual({ water_level: [1, Quality.clock] });
  });

  it.each([
    [{ level: "deep" }],
    [{ level: true }],
    [{ data: { values: [{}, { cm: {} }] } }],
    [{ fw: 5 }],
    [{ nothing: 1 }],
  ])("refuses %j", (m) => expect(decode(m)).toMatch(/^value_invalid: /));

  it("never reaches what objects inherit", () => {
    expect(decode({ x: 1 })).toMatch(/^value_invalid: no known key/);
    expect(decode({ constructor: true })).toEqual({ tamper: true });
  });
});
