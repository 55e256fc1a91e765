/** Topics of contract v1: `<root>/<site>/<edge>/...` (device-profiles/CONTRACT.md). */
export type Lane =
  "state" | "meta" | "telemetry" | "raw" | "event" | "frame" | "backfill" | "heartbeat" | "twin" | "result";

export interface UplinkTopic {
  readonly site: string;
  readonly edge: string;
  readonly lane: Lane;
  /** present on device lanes (telemetry, raw, event, frame) */
  readonly device: string;
}

export const DEFAULT_ROOT = "gridhub/v1";

/** A topic segment that names a site, an edge or a device: letters, digits, `_ - . :`, 1-64 characters. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;

const DEVICE_LANES: Readonly<Record<string, Lane>> = { t: "telemetry", raw: "raw", e: "event", frame: "frame" };

/**
 * Parses the topics that edges publish on. Returns null for anything else: wrong root, empty or malformed names, unknown lane.
 */
export function parseUplink(topic: string, root: string = DEFAULT_ROOT): UplinkTopic | null {
  if (topic.length > 300 || !topic.startsWith(root) || topic.charCodeAt(root.length) !== 47) return null;
  const part = topic.slice(root.length + 1).split("/");
  const site = part[0];
  const edge = part[1];
  if (part.length < 3 || !NAME_PATTERN.test(site) || !NAME_PATTERN.test(edge)) return null;
  if (part.length === 3) {
    const lane = part[2];
    if (lane === "state" || lane === "meta" || lane === "backfill") return { site, edge, lane, device: "" };
    return lane === "h" ? { site, edge, lane: "heartbeat", device: "" } : null;
  }
  if (part.length === 4)
    return part[2] === "twin" && part[3] === "reported" ? { site, edge, lane: "twin", device: "" } : null;
  if (part.length !== 5) return null;
  if (part[2] === "d" && NAME_PATTERN.test(part[3])) {
    const lane = Object.hasOwn(DEVICE_LANES, part[4]) ? DEVICE_LANES[part[4]] : undefined;
    return lane === undefined ? null : { site, edge, lane, device: part[3] };
  }
  return part[2] === "cmd" && part[4] === "res" && NAME_PATTERN.test(part[3])
    ? { site, edge, lane: "result", device: "" }
    : null;
}

/** Builders, so that no other file spells a topic. */
export const topics = {
  prefix: (site: string, edge: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}`,
  state: (site: string, edge: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}/state`,
  meta: (site: string, edge: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}/meta`,
  backfill: (site: string, edge: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}/backfill`,
  heartbeat: (site: string, edge: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}/h`,
  ack: (site: string, edge: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}/ack`,
  desired: (site: string, edge: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}/twin/desired`,
  reported: (site: string, edge: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}/twin/reported`,
  telemetry: (site: string, edge: string, device: string, root = DEFAULT_ROOT) =>
    `${root}/${site}/${edge}/d/${device}/t`,
  raw: (site: string, edge: string, device: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}/d/${device}/raw`,
  event: (site: string, edge: string, device: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}/d/${device}/e`,
  frame: (site: string, edge: string, device: string, root = DEFAULT_ROOT) =>
    `${root}/${site}/${edge}/d/${device}/frame`,
  /** with `+` as the id: of all commands */
  command: (site: string, edge: string, id: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}/cmd/${id}`,
  result: (site: string, edge: string, id: string, root = DEFAULT_ROOT) => `${root}/${site}/${edge}/cmd/${id}/res`,
} as const;
