import type { Random } from "../random.ts";

/** Metres east and north of a reference point. */
export interface Offset {
  readonly east: number;
  readonly north: number;
}

/** Where a thing is at a moment: a pure function of time, so that any instant can be asked for in any order. ms UTC. */
export type Track = (ms: number) => Offset;

export const KNOT = 0.514_444; // m/s
export const NAUTICAL_MILE = 1852; // m

/** Two straight legs and two half circles, as trawlers tow and carriers shuttle. The speed is constant. */
export function racetrack(leg: number, radius: number, heading: number, knots: number, phase: number): Track {
  const turn = Math.PI * radius;
  const lap = 2 * (leg + turn);
  const rad = (heading * Math.PI) / 180;
  const [sin, cos] = [Math.sin(rad), Math.cos(rad)];
  return (ms) => {
    let s = ((knots * KNOT * ms) / 1000 + phase * lap) % lap;
    let along: number;
    let across: number;
    if (s < leg) [along, across] = [s - leg / 2, -radius];
    else if ((s -= leg) < turn) {
      const a = s / radius;
      [along, across] = [leg / 2 + radius * Math.sin(a), -radius * Math.cos(a)];
    } else if ((s -= turn) < leg) [along, across] = [leg / 2 - s, radius];
    else {
      const a = (s - leg) / radius;
      [along, across] = [-leg / 2 - radius * Math.sin(a), radius * Math.cos(a)];
    }
    return { east: along * sin + across * cos, north: along * cos - across * sin };
  };
}

/** Drifting with the tide: an ellipse in 12.42 hours; 1,800 m of half axis is half a knot on average. */
export function tidalDrift(halfAxis: number, heading: number, phase: number): Track {
  const omega = (2 * Math.PI) / (12.4206 * 3_600_000);
  const rad = (heading * Math.PI) / 180;
  return (ms) => {
    const along = halfAxis * Math.sin(omega * ms + 2 * Math.PI * phase);
    const across = 0.35 * halfAxis * Math.cos(omega * ms + 2 * Math.PI * phase);
    return {
      east: along * Math.sin(rad) + across * Math.cos(rad),
      north: along * Math.cos(rad) - across * Math.sin(rad),
    };
  };
}

/** Lying at a berth; what moves is the receiver's error, added by {@link gpsNoise}. */
export const berth: Track = () => ({ east: 0, north: 0 });

/** Slow wander of a GNSS fix, metres: a sum of incommensurate sines, so it is smooth, bounded and needs no state. */
export function gpsNoise(random: Random, metres: number): Track {
  const wave = (): ((ms: number) => number) => {
    const parts = [37, 61, 151].map((seconds) => ({
      w: (2 * Math.PI) / (seconds * random.between(900, 1100)),
      p: random.between(0, 2 * Math.PI),
    }));
    return (ms) => (metres / 1.8) * parts.reduce((sum, { w, p }) => sum + Math.sin(w * ms + p), 0);
  };
  const [east, north] = [wave(), wave()];
  return (ms) => ({ east: east(ms), north: north(ms) });
}

/** A moment and a place of a {@link journey}. */
export interface Stop extends Offset {
  readonly ms: number;
}

/** From stop to stop in straight lines at even speed; still before the first and after the last. Stops in order of time. */
export function journey(stops: readonly Stop[]): Track {
  return (ms) => {
    let i = 0;
    while (i + 1 < stops.length && stops[i + 1].ms <= ms) i++;
    const a = stops[i];
    const b = stops[i + 1];
    if (b === undefined || ms <= a.ms) return { east: a.east, north: a.north };
    const part = (ms - a.ms) / (b.ms - a.ms);
    return { east: a.east + part * (b.east - a.east), north: a.north + part * (b.north - a.north) };
  };
}

/**
 * The same way with rests: for `restMs` of every `cycleMs` the thing goes at a quarter of its speed, as trawlers do that haul their
 * nets. @param phase 0..1, where in the cycle it is at time 0
 */
export function withRests(track: Track, cycleMs: number, restMs: number, phase: number): Track {
  const worked = cycleMs - 0.75 * restMs;
  return (ms) => {
    const t = ms + phase * cycleMs;
    const cycle = Math.floor(t / cycleMs);
    const into = t - cycle * cycleMs;
    const towed = Math.min(into, cycleMs - restMs);
    return track(cycle * worked + towed + 0.25 * (into - towed));
  };
}
