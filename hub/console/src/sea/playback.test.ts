import { describe, expect, it } from "vitest";
import type { TrackRow } from "../api.ts";
import { gapMs, gapsOf, momentAt } from "./playback.ts";

const MINUTE = 60_000;
/** reports each minute, with an hour of silence after the fifth */
const ROWS = Array.from({ length: 10 }, (_, i): TrackRow => [
  (i + (i > 4 ? 60 : 0)) * MINUTE,
  122 + i / 100,
  30,
  i,
  90,
]);

describe("playback of a track", () => {
  it("finds gaps by the vessel's own pace, never below ten minutes", () => {
    expect(gapMs(ROWS)).toBe(10 * MINUTE);
    expect(gapMs(ROWS.map(([ts, ...rest]): TrackRow => [ts * 10, ...rest]))).toBe(30 * MINUTE);
    expect(gapsOf(ROWS)).toEqual({ count: 1, longestMs: 61 * MINUTE });
    expect(gapsOf([])).toEqual({ count: 0, longestMs: 0 });
  });

  it("stands between two reports, says where that is a guess, and stays at the ends", () => {
    expect(momentAt(ROWS, 1.5 * MINUTE)).toMatchObject({ lat: 30, sog: 1, inGap: false });
    expect(momentAt(ROWS, 1.5 * MINUTE)!.lon).toBeCloseTo(122.015, 6);
    expect(momentAt(ROWS, 30 * MINUTE)).toMatchObject({ inGap: true });
    expect(momentAt(ROWS, -MINUTE)).toMatchObject({ lon: 122, inGap: false });
    expect(momentAt(ROWS, 999 * MINUTE)).toMatchObject({ lon: 122.09, inGap: false });
    expect(momentAt([], 0)).toBeNull();
  });
});
