import type { DeviceInfo, EdgeInfo } from "../../../src/api/schema.ts";
import type { Health } from "../stores/devices.svelte.ts";

export interface Attention {
  readonly key: string;
  /** null for an edge */
  readonly uid: string | null;
  readonly title: string;
  readonly kind: string;
  readonly health: Health;
  readonly reason: string;
  readonly since: number;
  readonly where: string;
  /** devices that went silent with it */
  readonly under: number;
}

const STATE_WEIGHT: Readonly<Record<Health, number>> = { offline: 30, flapping: 20, late: 10, unknown: 0, online: 0 };
const KIND_WEIGHT: Readonly<Record<string, number>> = {
  ais_receiver: 20,
  flood_gauge: 8,
  camera: 6,
  smoke_detector: 4,
  hydrant: 2,
};

/**
 * What needs somebody, by impact: an edge that is down counts for all devices under it and hides them; then by state, by what
 * depends on that kind of device, and the longest first.
 */
export function needsAttention(devices: readonly DeviceInfo[], edges: readonly EdgeInfo[]): Attention[] {
  // A device with a modem of its own is edge and device in one: its own line says what is to be said. Most of them sleep.
  const down = edges.filter((e) => STATE_WEIGHT[e.health] > 0 && !e.solo);
  const hidden = new Set(down.filter((e) => e.health === "offline").map((e) => e.key));
  const under = new Map<string, number>();
  for (const d of devices)
    if (hidden.has(d.edge) && d.health !== "online") under.set(d.edge, (under.get(d.edge) ?? 0) + 1);
  const scored: [score: number, item: Attention][] = down.map((e) => [
    STATE_WEIGHT[e.health] + 100 + (under.get(e.key) ?? 0),
    {
      key: `edge ${e.key}`,
      uid: null,
      title: e.title,
      kind: "edge",
      health: e.health,
      reason: e.healthReason,
      since: e.healthSince,
      where: e.key,
      under: under.get(e.key) ?? 0,
    },
  ]);
  for (const d of devices) {
    if (STATE_WEIGHT[d.health] === 0 || hidden.has(d.edge)) continue;
    scored.push([
      STATE_WEIGHT[d.health] + (KIND_WEIGHT[d.kind] ?? 3),
      {
        key: d.uid,
        uid: d.uid,
        title: d.title,
        kind: d.kind,
        health: d.health,
        reason: d.healthReason,
        since: d.healthSince,
        where: d.gridPath.at(-1) ?? "",
        under: 0,
      },
    ]);
  }
  return scored.sort(([a, x], [b, y]) => b - a || x.since - y.since).map(([, item]) => item);
}
