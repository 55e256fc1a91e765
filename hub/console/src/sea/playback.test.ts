import { describe, expect, it } from "vitest";
import type { TrackRow } from "../api.ts";
import { gapMs, momentAt, silencesOf } from "./playback.ts";

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
    expect(silencesOf(ROWS)).toEqual([{ kind: "dark", from: 4 * MINUTE, to: 65 * MINUTE, index: 5 }]);
    expect(silencesOf([])).toEqual([]);
  });

  it("tells a vessel that vanished at sea from a set that was off in port, and a silence that lasts", () => {
    const moored = ROWS.map(([ts]): TrackRow => [ts, 122, 30, 0, null]);
    expect(silencesOf(moored).map(({ kind }) => kind)).toEqual(["gap"]);
    expect(silencesOf(ROWS.slice(0, 4), 40 * MINUTE)).toEqual([
      { kind: "dark", from: 3 * MINUTE, to: 40 * MINUTE, index: 4 },
    ]);
    expect(silencesOf(ROWS.slice(0, 4), 5 * MINUTE)).toEqual([]);
  });

  it("stands between two reports, says where that is a guess, and stays at the ends", () => {
    expect(momentAt(ROWS, 1.5 * MINUTE)).toMatchObject({ lat: 30, sog: 1, inGap: false });
    expect(momentAt(ROWS, 1.5 * MINUTE)!.lon).toBeCloseTo(122.015, 6);
    expect(momentAt(ROWS, 30 * MINUTE)).toMatchObject({ inGap: true });
    expect(momentAt(ROWS, -MINUTE)).toMatchObject({ lon: 122, inGap: false });
    expect(momentAt(ROWS, 70 * MINUTE)).toMatchObject({ lon: 122.09, inGap: false });
    expect(momentAt(ROWS, 999 * MINUTE)).toMatchObject({ lon: 122.09, inGap: true });
    expect(momentAt([], 0)).toBeNull();
  });
});
