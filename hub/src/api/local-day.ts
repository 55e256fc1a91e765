import { offsetAt } from "../local-offset.ts";

/** The last local midnight, ms UTC. @param timeZone IANA name */
export function startOfDay(now: number, timeZone: string): number {
  const offset = offsetAt(now, timeZone);
  const midnight = Math.floor((now + offset) / DAY) * DAY - offset;
  // where the clocks changed since midnight, midnight had another offset
  return midnight + offset - offsetAt(midnight, timeZone);
}

const DAY = 86_400_000;
