import type { Finding, Severity } from "../finding.ts";
import type { DeviceHealth, EdgeHealth } from "./health-record.ts";
import type { SiteEdges, StoredOutage } from "./site-edges.ts";

const SOURCE = "health";
/** names of edges that a finding lists; the count says how many there are */
const MAX_NAMES = 20;

export function deviceFinding(
  d: DeviceHealth,
  kind: "device.offline" | "device.fault",
  phase: Finding["phase"],
  now: number,
): Finding {
  const { device } = d;
  return {
    kind,
    phase,
    severity: 4,
    ts: now,
    subject: d.subject,
    device,
    gridId: null,
    lon: device.lon,
    lat: device.lat,
    source: SOURCE,
    evidence: {
      state: d.state,
      reason: d.reason,
      lastSeen: seen(d.lastSeen),
      ...(kind === "device.fault" && d.fault !== "" && { code: d.fault }),
      ...(kind === "device.offline" && Number.isFinite(d.offlineMs) && { limit: d.offlineMs, unit: "ms" }),
    },
    late: false,
  };
}

/** One finding for an edge and all behind it, placed in their middle. */
export function edgeFinding(e: EdgeHealth, phase: Finding["phase"], severity: Severity, now: number): Finding {
  return {
    kind: "edge.offline",
    phase,
    severity,
    ts: now,
    subject: e.subject,
    device: null,
    gridId: null,
    ...middle([e]),
    source: SOURCE,
    evidence: {
      why: e.why,
      boot: e.boot,
      devices: e.devices.size,
      lastSeen: seen(e.lastSeen),
      queue: e.queue,
      ...(phase === "clear" && { heldMs: Math.max(0, now - e.since) }),
    },
    late: false,
  };
}

/** One finding for all edges of a site that went together, placed in the middle of what is behind them. */
export function outageFinding(s: SiteEdges, outage: StoredOutage, phase: Finding["phase"], now: number): Finding {
  const members = [...s.members];
  const names = members.slice(0, MAX_NAMES).map((e) => e.key.slice(s.site.length + 1));
  return {
    kind: "network.outage",
    phase,
    severity: 2,
    ts: now,
    subject: s.subject,
    device: null,
    gridId: null,
    ...middle(members),
    source: SOURCE,
    evidence: {
      edges: members.length,
      ofEdges: outage.of,
      away: s.away,
      names,
      devices: members.reduce((sum, e) => sum + e.devices.size, 0),
      since: outage.since,
      ...(phase === "clear" && { heldMs: Math.max(0, now - outage.began) }),
    },
    late: false,
  };
}

/** The middle of the devices behind edges, by the median: one far away does not move it. */
function middle(edges: readonly EdgeHealth[]): { readonly lon: number | null; readonly lat: number | null } {
  const placed = edges
    .flatMap((e) => [...e.devices.values()].map(({ device }) => device))
    .filter((d) => d.lon !== null && d.lat !== null);
  return { lon: median(placed.map((d) => d.lon as number)), lat: median(placed.map((d) => d.lat as number)) };
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const half = values.length >> 1;
  return values.length % 2 === 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

function seen(t: number): number | null {
  return Number.isNaN(t) ? null : t;
}
