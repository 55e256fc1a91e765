import type { DeviceDetail } from "../../../src/api/schema.ts";
import type { Health } from "../stores/devices.svelte.ts";

const RANK: Readonly<Record<Health, number>> = { unknown: 0, online: 1, late: 2, flapping: 3, offline: 4 };

/** The worst state in each of `n` equal parts of the last `spanMs`, oldest first. `history` in any order; `health` holds now. */
export function cells(
  history: DeviceDetail["history"],
  health: Health,
  now: number,
  n = 96,
  spanMs = 86_400_000,
): Health[] {
  const changes = [...history].sort((a, b) => a.ts - b.ts);
  const start = now - spanMs;
  const before = changes.filter((c) => c.ts <= start).at(-1);
  let state: Health = before?.to ?? changes.find((c) => c.ts > start)?.from ?? health;
  const inside = changes.filter((c) => c.ts > start && c.ts <= now);
  const out: Health[] = [];
  for (let i = 0, at = 0; i < n; i++) {
    const end = start + ((i + 1) * spanMs) / n;
    let worst = state;
    for (; at < inside.length && (inside[at]?.ts ?? Infinity) <= end; at++) {
      state = inside[at]?.to ?? state;
      if (RANK[state] > RANK[worst]) worst = state;
    }
    out.push(worst);
  }
  return out;
}
