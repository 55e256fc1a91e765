import type { Finding, Severity } from "../finding.ts";
import type { DeviceHealth, EdgeHealth } from "./health-record.ts";

const SOURCE = "health";

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
  const devices = [...e.devices.values()].map((d) => d.device);
  const placed = devices.filter((d) => d.lon !== null && d.lat !== null);
  return {
    kind: "edge.offline",
    phase,
    severity,
    ts: now,
    subject: e.subject,
    device: null,
    gridId: null,
    lon: median(placed.map((d) => d.lon as number)),
    lat: median(placed.map((d) => d.lat as number)),
    source: SOURCE,
    evidence: {
      why: e.why,
      boot: e.boot,
      devices: devices.length,
      lastSeen: seen(e.lastSeen),
      queue: e.queue,
      ...(phase === "clear" && { heldMs: Math.max(0, now - e.since) }),
    },
    late: false,
  };
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
