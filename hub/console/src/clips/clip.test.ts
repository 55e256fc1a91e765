import { describe, expect, it } from "vitest";
import { askAgainMs, canFetch, evidenceAt, mayHaveClips, stateWord } from "./clip-states.ts";
import { shareAt, stayMs, tenths, unseenMs } from "./clip-time.ts";

describe("the state of a clip", () => {
  it.each([
    ["at_edge", "", true],
    ["unknown", "", true],
    ["wanted", "", false],
    ["coming", "", false],
    ["here", "", false],
    ["gone", "", false],
    ["off", "", false],
    ["failed", "busy", true],
    ["failed", "stalled", true],
    ["failed", "none", false],
    ["failed", "too_large", false],
  ] as const)("%s %s may be fetched: %s", (state, reason, may) => {
    expect(canFetch({ state, reason })).toBe(may);
  });

  it("says that it waits for an edge that is away", () => {
    expect(stateWord({ state: "wanted", edgeOnline: true })).toBe("clip.state.wanted");
    expect(stateWord({ state: "wanted", edgeOnline: false })).toBe("clip.state.waits");
    expect(stateWord({ state: "at_edge", edgeOnline: false })).toBe("clip.state.away");
    expect(stateWord({ state: "here", edgeOnline: false })).toBe("clip.state.here");
  });

  it("is asked for again as often as it may change", () => {
    expect(askAgainMs([])).toBeNull();
    expect(askAgainMs([{ state: "here" }, { state: "failed" }, { state: "gone" }, { state: "off" }])).toBeNull();
    expect(askAgainMs([{ state: "here" }, { state: "wanted" }])).toBe(3000);
    expect(askAgainMs([{ state: "wanted" }, { state: "coming" }])).toBe(1000);
    expect(askAgainMs([{ state: "at_edge" }])).toBe(20_000);
  });

  it("belongs to what cameras saw", () => {
    expect(mayHaveClips({ source: "vision:fire" }, {})).toBe(true);
    expect(mayHaveClips({ source: "health" }, {})).toBe(false);
    expect(mayHaveClips({ source: "rule:x" }, { clip: { from: 1, to: 2 } })).toBe(true);
    expect(mayHaveClips({ source: "rule:x" }, { clip: null })).toBe(false);
  });
});

it("draws boxes over the very picture that they were found in, and over no other", () => {
  const boxes = [{ label: "fire", score: 0.8, box: [1, 2, 3, 4] as const }];
  const frames = [
    { hash: "a", w: 10, h: 10, ts: 1000, boxes },
    { hash: "b", w: 10, h: 10, ts: 2000, boxes: [] },
  ];
  const at = (camera: string, ts: number) => evidenceAt({ camera: "x/c1" }, frames, camera, ts)?.hash ?? null;
  expect([at("x/c1", 1000), at("x/c1", 1001), at("x/c1", 2000), at("x/c2", 1000)]).toEqual(["a", null, null, null]);
});

describe("the time of a clip", () => {
  const times = [0, 500, 1000, 21_000];

  it("runs as it ran, but waits for no long pause", () => {
    expect(stayMs(times, 0, 1, false)).toBe(500);
    expect(stayMs(times, 0, 4, false)).toBe(125);
    expect(stayMs(times, 2, 1, false)).toBe(800);
    expect(stayMs([0, 1], 0, 4, false)).toBe(40);
    expect(times.map((_, i) => unseenMs(times, i))).toEqual([0, 0, 0, 20_000]);
  });

  it("is a picture a second at most for who wants less motion", () => {
    expect(stayMs(times, 0, 4, true)).toBe(1000);
  });

  it("has a place on the slider", () => {
    expect(shareAt(times, 0)).toBe(0);
    expect(shareAt(times, 21_000)).toBe(1);
    expect(shareAt(times, 750)).toBeCloseTo(0.5);
    expect(shareAt(times, 11_000)).toBeCloseTo(5 / 6);
    expect([shareAt(times, -1), shareAt(times, 21_001), shareAt([5], 5)]).toEqual([null, null, null]);
    expect([tenths(1_234), tenths(1_999), tenths(3000)]).toEqual([".2", ".9", ".0"]);
  });
});
