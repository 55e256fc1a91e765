import { expect, it } from "vitest";
import type { VesselPositionRow } from "../store/batch.ts";
import { VesselMoves } from "./vessel-moves.ts";

const NOW = 1_000_000_000;
const row = (mmsi: number, ts: number, lon: number, plausible = true): VesselPositionRow => ({
  mmsi,
  ts,
  lon,
  lat: 30,
  sog: 5,
  cog: 90,
  heading: null,
  status: null,
  type: 1,
  gridId: null,
  deviceId: 1,
  plausible,
});

it("keeps the newest of each vessel and forgets it once it was told", () => {
  const moves = new VesselMoves();
  moves.take([row(1, NOW - 10, 122.1), row(2, NOW - 10, 122.2), row(1, NOW, 122.3)], NOW);
  expect(moves.drain()).toEqual([
    [1, 122.3, 30, 90, 5],
    [2, 122.2, 30, 90, 5],
  ]);
  expect(moves.drain()).toEqual([]);
});

it("is not moved by the past or by what cannot be", () => {
  const moves = new VesselMoves();
  moves.take([row(1, NOW, 122.1)], NOW);
  moves.drain();
  moves.take([row(1, NOW - 1, 121), row(1, NOW + 1, 121, false), row(3, NOW - 3_600_000, 121)], NOW);
  expect(moves.drain()).toEqual([]);
});

it("is not stopped by a clock that ran ahead", () => {
  const moves = new VesselMoves();
  moves.take([row(1, NOW + 3_600_000, 122.1)], NOW);
  moves.drain();
  moves.take([row(1, NOW + 1000, 122.2)], NOW + 1000);
  expect(moves.drain()).toHaveLength(1);
});
