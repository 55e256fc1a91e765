import type { VesselPositionRow } from "../store/batch.ts";

/** [mmsi, lon, lat, cog, sog]: degrees WGS84, degrees, knots */
export type Move = [number, number, number, number | null, number | null];

/** Older positions are history: they do not move a vessel on the map, ms. */
const LIVE_MS = 600_000;
const MAX_VESSELS = 200_000;

/** The newest plausible position of each vessel that moved since the last drain; a position from before the shown one is no move. */
export class VesselMoves {
  readonly #newest = new Map<number, number>();
  #moved = new Map<number, Move>();

  take(rows: readonly VesselPositionRow[], now: number): void {
    for (const { mmsi, ts, lon, lat, cog, sog, plausible } of rows) {
      if (!plausible || now - ts > LIVE_MS || ts < (this.#newest.get(mmsi) ?? -Infinity)) continue;
      if (this.#newest.size >= MAX_VESSELS) this.#newest.clear();
      // a clock that runs ahead must not hide what comes after
      this.#newest.set(mmsi, Math.min(ts, now));
      this.#moved.set(mmsi, [mmsi, round(lon), round(lat), cog, sog]);
    }
  }

  drain(): Move[] {
    const moves = [...this.#moved.values()];
    this.#moved = new Map();
    return moves;
  }
}

/** 1e-5 degrees, about a metre: finer than AIS is right */
function round(degrees: number): number {
  return Math.round(degrees * 1e5) / 1e5;
}
