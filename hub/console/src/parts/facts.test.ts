import { describe, expect, it } from "vitest";
import type { Lang } from "../words/words.ts";
import { factsOf } from "./facts.ts";

const read = (evidence: Record<string, unknown>, lang: Lang = "zh") =>
  factsOf(evidence, lang).map(({ label, lines }) => [label, ...lines]);
const SINCE = Date.UTC(2026, 10, 22, 3, 0, 0);

describe("facts of the evidence", () => {
  it("tells a rule's steps as sentences instead of its bare numbers", () => {
    const rule = {
      metric: "pressure",
      value: 0.08,
      limit: 0.14,
      unit: "MPa",
      since: SINCE,
      heldMs: 90_000,
      trace: [
        { step: "compare", metric: "pressure", fn: "value", op: "<", limit: 0.14, value: 0.08, unit: "MPa" },
        { step: "repeat", m: 2, n: 3, hits: 3 },
        { step: "for", ms: 600_000 },
        { step: "escalate", to: 2, after: 1_800_000 },
      ],
    };
    expect(read(rule)).toEqual([
      [
        "判定依据",
        "压力 < 0.14 MPa(实测 0.08 MPa)",
        "最近 3 次上报中 3 次符合(至少 2 次)",
        "持续 10 分钟以上",
        "持续 30 分钟后升为二级(橙)",
      ],
      ["起始", "2026-11-22 11:00:00"],
      ["已持续", "1 分钟"],
    ]);
  });

  it("names the cameras that saw it, and leaves out what pictures and clips show", () => {
    const place = { area: [0.1, 0.2, 0.3, 0.4], clip: { from: SINCE, to: SINCE + 30_000 } };
    expect(read({ camera: "x/c1", cameras: ["x/c1"], ...place })).toEqual([["摄像机", "x/c1"]]);
    expect(read({ cameras: ["x/c1", "x/c2"], area: "north" })).toEqual([
      ["看到的摄像机", "x/c1, x/c2"],
      ["海上区域", "north"],
    ]);
  });

  it("says yes and no of a metric that is true or false", () => {
    const trace = [{ step: "compare", metric: "cap_open", fn: "value", op: "==", limit: 1, value: 1, unit: "1" }];
    expect(read({ metric: "cap_open", value: 1, limit: 1, unit: "1", trace }, "en")).toEqual([
      ["Decided by", "Cap open: yes"],
    ]);
    expect(read({ metric: "cap_open", value: 1, limit: 1, unit: "1" }, "zh")).toEqual([["实测值", "是"]]);
  });

  it("reads value and limit without a trace", () => {
    expect(read({ metric: "tilt", value: 62, limit: 20, op: ">=", unit: "deg" })).toEqual([
      ["实测(阈值)", "62° (≥ 20)"],
    ]);
    expect(read({ state: "offline", reason: "source_auth", lastSeen: null, limit: 7_200_000, unit: "ms" })).toEqual([
      ["应到间隔", "2 小时"],
      ["状态", "离线"],
      ["原因", "采集异常:设备拒绝凭据"],
    ]);
  });

  it("tells what a camera saw, for how long and where", () => {
    const vision = {
      frames: [],
      model: "general-coco@1.0.0",
      dwellMs: 110_610,
      located: "camera",
      trace: {
        recipe: "stall",
        votes: "5 of 5",
        dwellNeededMs: 180_000,
        zone: "0.03,0.35 0.97,0.35 0.97,1 0.03,1",
        hours: "always",
        roles: [
          { role: "vendor", label: "person", score: 0.5581, stayMs: 110_610 },
          { role: "goods", label: "potted plant", score: 0.3, stayMs: 0 },
        ],
      },
    };
    expect(read(vision)).toEqual([
      ["识别对象", "人员 0.56 · 停留 1 分钟", "盆栽 0.30"],
      ["画面确认", "5 帧中 5 帧"],
      ["需停留", "3 分钟"],
      ["识别区域", "画面内划定区域(4 个顶点)"],
      ["识别时段", "全天"],
      ["识别模型", "general-coco@1.0.0"],
      ["停留", "1 分钟"],
      ["位置来源", "摄像头所在位置"],
    ]);
  });

  it("gives a vessel's distances, speed and neighbours their units", () => {
    const straggler = { mmsi: 412384018, distanceNm: 3.2, thresholdNm: 2, spreadNm: 0.31, sog: 5.21, cog: 83.4 };
    expect(read({ ...straggler, centre: [122.5, 30.25] }, "en")).toEqual([
      ["MMSI", "412384018"],
      ["From the centre", "3.20 NM"],
      ["Limit", "2.00 NM"],
      ["Spread", "0.31 NM"],
      ["Speed", "5.21 kn"],
      ["Course", "083°"],
      ["Centre", "30.2500° N, 122.5000° E"],
    ]);
    const nearby = [
      { mmsi: 1, name: "浙嵊渔1", distanceNm: 0.4 },
      { mmsi: 412000002, name: null, distanceNm: 1.25 },
    ];
    expect(read({ why: "beacon", nearby })).toEqual([
      ["依据", "示位标报警"],
      ["附近船只", "浙嵊渔1 · 0.40 NM", "412000002 · 1.25 NM"],
    ]);
  });

  it("shows what it does not know as it is, cut short", () => {
    const [fact] = factsOf({ other: { long: "x".repeat(300) } }, "zh");
    expect(fact?.label).toBe("other");
    expect(fact?.lines[0]).toHaveLength(121);
  });
});

it("tells where a place comes from: the version of the calibration, its error, or why there is none", () => {
  const lines = (evidence: Record<string, unknown>) =>
    factsOf(evidence, "en").map(({ label, lines: [line] }) => `${label}: ${line}`);
  expect(lines({ located: "calibration", errorM: 7, calibration: { version: 3, preset: "gate" } })).toEqual([
    "Position from: the camera's calibration",
    "Error of the place: 7 m",
    "Calibration used: Version 3 · gate",
  ]);
  expect(lines({ located: "bearing", bearing: 27.5, unlocated: "horizon" })).toEqual([
    "Position from: direction only",
    "Bearing: 27.5 °",
    "Not placed because: it is at or above the horizon",
  ]);
});

it("tells at which registered device something stands, by what that is known, and how many were counted", () => {
  const said = (evidence: Record<string, unknown>) => factsOf(evidence, "en").map(({ lines }) => lines[0]);
  const near = { kind: "hydrant", device: "east/h1", title: "Hydrant 1", metres: 1.2, errorM: 0.8 };
  expect(said({ beside: { ...near, by: "place" } })).toEqual(["Hydrant 1 (east/h1), 1.2 m away (error 0.8 m)"]);
  expect(said({ beside: { ...near, title: "", metres: 2, errorM: 9, by: "zone", why: "uncertain" } })).toEqual([
    "in the drawn zone, nearest east/h1 at 2 m: its place is too uncertain",
  ]);
  expect(said({ beside: { kind: "hydrant", device: null, by: "zone", why: "not_calibrated" } })).toEqual([
    "in the drawn zone: the camera is not calibrated",
  ]);
  const counted = { seen: 12, most: 14, need: 10, keep: 8 };
  expect(said({ counted })).toEqual(["12, at most 14; from 10 on, ends below 8"]);
});
