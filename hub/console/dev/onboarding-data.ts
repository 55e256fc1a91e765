import type { ProfileList, QuarantineDetailInfo, QuarantineItem, ShadowInfo } from "../../src/api/onboarding-schema.ts";
import type { VersionInfo } from "../../src/api/redecode-schema.ts";
import type { World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TITLES: Record<string, readonly [kind: string, zh: string, en: string]> = {
  "generic/hydrant-nb": ["hydrant", "NB-IoT 智能消火栓", "NB-IoT hydrant monitor"],
  "generic/hydrant-tlv": ["hydrant", "TLV 智能消火栓", "TLV hydrant monitor"],
  "sl651/level-rain": ["flood_gauge", "SL 651 水位雨量站", "SL 651 level and rain station"],
  "generic/smoke-lora": ["smoke_detector", "LoRa 独立烟感", "LoRa smoke detector"],
  "onvif/camera": ["camera", "ONVIF 摄像头", "ONVIF camera"],
  "milesight/em500-swl": ["flood_gauge", "EM500-SWL 水位计", "EM500-SWL level sensor"],
  "protocol/gb26875-host": ["fire_host", "GB 26875.3 用户信息传输装置", "GB 26875.3 fire alarm panel"],
};

/** The devices that wait: hydrants of one delivery, two gauges, one that nothing fits, one that is registered, one set aside. */
export function quarantineOf(world: World, now: number): QuarantineItem[] {
  const edge = (i: number) => world.edges[i % world.edges.length]?.key ?? "";
  const row = (device: string, i: number, more: Partial<QuarantineItem> = {}): QuarantineItem => ({
    edge: edge(i),
    device,
    firstSeen: now - (i + 5) * 3 * HOUR,
    lastSeen: now - i * 3 * MINUTE,
    count: 4 + i * 7,
    lanes: ["raw"],
    registered: null,
    ignored: null,
    ...more,
  });
  return [
    ...Array.from({ length: 14 }, (_, i) => row(`hydrant-9${String(i + 1).padStart(2, "0")}`, i)),
    row("gauge-pier", 3, { lanes: ["backfill", "t"], count: 1284 }),
    row("gauge-dam", 4, { lanes: ["t"], count: 310 }),
    row("unknown-modem", 2, { count: 2 }),
    row("hydrant-0007", 5, { registered: "caiyuan/hydrant-0007" }),
    row("test-bench", 6, { ignored: { by: "operator", at: now - 30 * HOUR } }),
  ];
}

export function profileOf(model: string, version: string): ProfileList["items"][number] {
  const [kind = "", titleZh = model, titleEn = model] = TITLES[model] ?? [];
  return {
    id: `${model}@${version}`,
    kind,
    titleZh,
    titleEn,
    file: `profiles/${model}.yaml`,
    devices: 0,
    newest: true,
    promoted: true,
  };
}

type Suggestion = QuarantineDetailInfo["suggestions"][number];
function fits(
  id: string,
  shares: readonly [number, number, number, number, number],
  readings: Suggestion["readings"],
  problem: Suggestion["problem"] = null,
): Suggestion {
  const [model = "", version = ""] = id.split("@");
  const { kind, titleZh, titleEn } = profileOf(model, version);
  const [score, decoded, certainty, inRange, coverage] = shares;
  return { profile: id, kind, titleZh, titleEn, score, decoded, certainty, inRange, coverage, problem, readings };
}
const reading = (metric: string, value: number | boolean, unit: string, quality = 0) => ({
  metric,
  value,
  unit,
  quality,
});

/** What the hub would say of one that waits. */
export function detailOf(item: QuarantineItem): QuarantineDetailInfo {
  const gauge = item.device.startsWith("gauge");
  const none = item.device === "unknown-modem";
  const text = JSON.stringify({
    v: 1,
    b: 4,
    q: 812,
    r: [{ ts: item.lastSeen, m: { water_level: 2.91, rain: 0.4, battery: 12.3 } }],
  });
  const hex = "68010118000a00b425112210000039" + "6b";
  return {
    ...item,
    samples: Array.from({ length: Math.min(8, item.count) }, (_, i) => {
      const preview = none ? "c0ffee00".repeat(9) : gauge ? text : hex;
      return {
        id: 5000 - i,
        rx: item.lastSeen - i * 11 * MINUTE,
        lane: item.lanes.at(-1) ?? "raw",
        bytes: gauge ? preview.length : preview.length / 2,
        preview,
      };
    }),
    suggestions: none
      ? []
      : gauge
        ? [
            fits(
              "sl651/level-rain@1.1.0",
              [0.83, 1, 0.8, 1, 0.75],
              [reading("water_level", 2.91, "m"), reading("rain", 0.4, "mm"), reading("battery", 12.3, "V")],
            ),
          ]
        : [
            fits(
              "generic/hydrant-nb@1.2.0",
              [0.94, 0.95, 1, 1, 1],
              [
                reading("pressure", 0.28, "MPa"),
                reading("tilt", 1, "deg"),
                reading("cap_open", false, "1"),
                reading("battery", 3.6, "V", 16),
              ],
              { reason: "frame_check", detail: "computed 6b39, found 6b38" },
            ),
            fits("generic/hydrant-tlv@1.0.0", [0.31, 0.6, 0.12, 0.4, 0.5], [reading("pressure", 25.7, "MPa", 1)]),
          ],
  };
}

export function versionsOf(text: string, now: number, world: World): VersionInfo[] {
  const of = (version: string, more: Partial<VersionInfo>): VersionInfo => ({
    version,
    state: "file",
    devices: 0,
    hash: "51d0c7b2",
    addedAt: now - 30 * HOUR,
    addedBy: "admin",
    origin: "api",
    text: text.replace("@1.2.0", `@${version}`),
    ...more,
  });
  return [
    of("1.3.0", { state: "shadow" }),
    of("1.2.0", {
      state: "promoted",
      devices: world.devices.filter((d) => d.kind === "hydrant").length,
      hash: "8ac31f09",
      addedAt: now - 900 * HOUR,
      addedBy: "",
      origin: "profiles/generic/hydrant-nb.yaml",
    }),
    of("1.1.0", { state: "retired", hash: "03be77d4", addedAt: now - 4000 * HOUR }),
  ];
}

export function shadowOf(world: World, now: number): ShadowInfo {
  const hydrants = world.devices.filter((d) => d.kind === "hydrant");
  const device = (i: number) => hydrants[i]?.uid ?? "";
  const metric = (
    name: string,
    equal: number,
    changed: number,
    lost: number,
    gained: number,
    from: number,
    to: number,
  ) => ({
    metric: name,
    equal,
    changed,
    lost,
    gained,
    examples:
      changed + lost + gained === 0
        ? []
        : [0, 1, 2].map((i) => ({ device: device(i), ts: now - i * HOUR, from: from + i / 100, to: to + i / 50 })),
  });
  return {
    frames: 1000,
    records: 0,
    past: 0,
    metrics: [
      metric("battery", 988, 0, 0, 0, 0, 0),
      metric("pressure", 12, 976, 0, 0, 0.14, 0.28),
      metric("tilt", 988, 0, 0, 0, 0, 0),
    ],
    newlyRefused: {
      count: 3,
      examples: [{ device: device(4), ts: now - 3 * HOUR, reason: "frame_check", detail: "computed 6b39, found 6b38" }],
    },
    newlyAccepted: { count: 0, examples: [] },
    bothRefused: 9,
    alarms: [
      {
        kind: "hydrant.low_pressure",
        from: 4,
        to: 1,
        lost: 3,
        gained: 0,
        examples: [{ device: device(2), ts: now - HOUR, what: "lost" }],
      },
    ],
  };
}
