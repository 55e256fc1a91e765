import type { EventTransition, GridEvent, Handling } from "../event.ts";
import type { Evidence } from "../finding.ts";
import type { OutboxRow } from "../store/batch.ts";
import { isEcho, type TargetConfig, wants } from "./target.ts";

/** What a cloud event says beyond the event itself; hub.ts joins grids, registry and catalogue here. */
export interface OutboxLookup {
  /** CloudEvents `source`: which hub; a URI reference, e.g. `/gridhub/330922` */
  readonly source: string;
  /** from the county down to the grid */
  path(gridId: string): readonly {
    readonly id: string;
    readonly name: string;
    readonly level: string;
    readonly codes: Readonly<Record<string, string>>;
  }[];
  kind(kind: string): {
    readonly titleZh: string;
    readonly titleEn: string;
    readonly codeName: string;
    readonly code: string;
    readonly provisional: boolean;
    readonly group: string;
  };
  device(id: number): { readonly uid: string; readonly title: string } | null;
}

/** Lines of the timeline that a receiver hears of, and their CloudEvents type. Comments and deliveries stay here. */
const TYPES: Readonly<Record<string, string>> = {
  open: "opened",
  update: "updated",
  escalate: "escalated",
  deescalate: "deescalated",
  clear: "cleared",
  reopen: "reopened",
  acknowledge: "acknowledged",
  hand_off: "handed_off",
  whistle: "whistled",
  accept: "accepted",
  respond: "responded",
  done: "done",
  reject: "rejected",
  return: "returned",
  confirm: "confirmed",
  ladder: "escalated",
  // what was quiet is news to a receiver now
  unmute: "opened",
  join: "updated",
  close: "closed",
  false_alarm: "false_alarm",
};
/** A receiver has it, or had it. */
const HANDED: ReadonlySet<Handling> = new Set(["handed_off", "accepted", "done", "rejected"]);
/** Larger evidence (a long chart, many boxes) is left out of the body; its pictures stay referenced. JSON characters. */
const MAX_EVIDENCE = 16_384;

/**
 * The outbox rows of one line of the timeline: one CloudEvents 1.0 body a target that wants it. `before` is the handling before
 * the line. Late events (found in history) go to nobody unless a person hands them off.
 */
export function planOutbox(
  targets: readonly TargetConfig[],
  event: Readonly<GridEvent>,
  transition: EventTransition,
  lookup: OutboxLookup,
  before: Handling = event.handling,
): OutboxRow[] {
  const type = Object.hasOwn(TYPES, transition.what) ? TYPES[transition.what] : undefined;
  if (type === undefined || targets.length === 0) return [];
  const handed = HANDED.has(event.handling) || HANDED.has(before);
  const path = event.gridId === null ? [] : lookup.path(event.gridId);
  const ids = path.map((grid) => grid.id);
  let row: Omit<OutboxRow, "target"> | undefined;
  const rows: OutboxRow[] = [];
  for (const target of targets) {
    if (!handed && (event.late || target.deliver === "handed_off")) continue;
    if (target.deliver === "whistled" && transition.what !== "whistle") continue;
    if (isEcho(target.name, transition.who)) continue;
    if (!wants(target, event, ids, transition.what)) continue;
    row ??= {
      eventId: event.id,
      revision: transition.revision,
      type: `gridhub.event.${type}`,
      body: cloudEvent(event, transition, `gridhub.event.${type}`, path, lookup),
    };
    rows.push({ ...row, target: target.name });
  }
  return rows;
}

const iso = (ms: number) => new Date(ms).toISOString();

function cloudEvent(
  event: Readonly<GridEvent>,
  transition: EventTransition,
  type: string,
  path: ReturnType<OutboxLookup["path"]>,
  lookup: OutboxLookup,
): Readonly<Record<string, unknown>> {
  const kind = lookup.kind(event.kind);
  const device = event.deviceId === null ? null : lookup.device(event.deviceId);
  const media = mediaOf(event.evidence);
  return {
    specversion: "1.0",
    // Unique within the source and the same at every attempt: receivers drop repetitions by it (at least once).
    id: `${event.id}:${transition.revision}`,
    source: lookup.source,
    type,
    ...(event.gridId === null ? {} : { subject: event.gridId }),
    time: iso(transition.ts),
    datacontenttype: "application/json",
    data: {
      event: event.id,
      revision: transition.revision,
      kind: event.kind,
      title: { zh: kind.titleZh, en: kind.titleEn },
      code: { class: kind.code, name: kind.codeName, provisional: kind.provisional },
      group: kind.group,
      severity: event.severity,
      sensing: event.sensing,
      handling: event.handling,
      late: event.late,
      about: event.subject,
      device: device === null ? null : { uid: device.uid, title: device.title },
      grid: {
        id: event.gridId,
        match: event.gridMatch,
        version: event.gridVersion,
        path: path.map(({ id, name, level, codes }) => ({ id, name, level, codes })),
      },
      position: event.lon === null || event.lat === null ? null : { lon: event.lon, lat: event.lat, datum: "wgs84" },
      opened: iso(event.openedAt),
      updated: iso(event.updatedAt),
      cleared: event.clearedAt === null ? null : iso(event.clearedAt),
      occurrences: event.occurrences,
      source: event.source,
      transition: {
        what: transition.what,
        who: transition.who,
        note: transition.note,
        ...(transition.what === "whistle" && { departments: transition.evidence?.departments ?? [] }),
      },
      evidence: JSON.stringify(event.evidence).length <= MAX_EVIDENCE ? event.evidence : null,
      media,
    },
  };
}

/** Pictures that the evidence names, as paths below the hub's own address. */
function mediaOf(evidence: Evidence): string[] {
  const { frames } = evidence;
  if (!Array.isArray(frames)) return [];
  return frames
    .map((frame: unknown) => (typeof frame === "object" && frame !== null ? (frame as { hash?: unknown }).hash : null))
    .filter((hash): hash is string => typeof hash === "string" && /^[0-9a-f]{16,128}$/.test(hash))
    .map((hash) => `/api/media/${hash}`);
}
