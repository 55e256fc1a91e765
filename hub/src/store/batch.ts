import type { EventTransition, GridEvent } from "../event.ts";

/** Numeric readings of a batch in columns; `n` rows are filled. `value` NaN is stored as NULL. */
export interface TelemetryColumns {
  n: number;
  series: Int32Array;
  /** ms UTC */
  time: Float64Array;
  value: Float64Array;
  quality: Int16Array;
}

export interface TextReading {
  readonly series: number;
  readonly time: number;
  readonly value: string;
  readonly quality: number;
}

/**
 * What of an (edge, boot) is stored: everything up to `upto`, plus the ranges in `above` (pairs [from, to], sorted, disjoint,
 * not adjacent to `upto`).
 */
export interface EdgeCursor {
  readonly edgeId: number;
  readonly boot: number;
  readonly upto: number;
  readonly above: readonly (readonly [number, number])[];
}

export interface RawFrameRow {
  readonly edgeId: number;
  readonly boot: number | null;
  readonly seq: number | null;
  /** index of the record in its envelope */
  readonly part: number;
  readonly deviceId: number;
  readonly ts: number;
  readonly rx: number;
  readonly port: number;
  readonly payload: Buffer;
}

export interface VesselPositionRow {
  readonly mmsi: number;
  readonly ts: number;
  readonly lon: number;
  readonly lat: number;
  readonly sog: number | null;
  readonly cog: number | null;
  readonly heading: number | null;
  readonly status: number | null;
  readonly type: number;
  /** area or formation grid at that time */
  readonly gridId: string | null;
  /** receiver */
  readonly deviceId: number;
  /** false = implausible segment: kept, used by no rule */
  readonly plausible: boolean;
}

export interface VesselRow {
  readonly mmsi: number;
  readonly name: string | null;
  readonly callsign: string | null;
  readonly shipType: number | null;
  readonly length: number | null;
  readonly formationId: string | null;
  readonly ts: number;
}

export interface DeadLetterRow {
  readonly rx: number;
  readonly topic: string;
  readonly edge: string;
  readonly reason: string;
  readonly detail: string;
  readonly payload: Buffer;
}

/** Durable state of a fold, opaque to the store: `room` owns the shape, `key` is unique within the room. `state` null deletes. */
export interface FoldStateRow {
  readonly room:
    "rules" | "health" | "fleet" | "vision" | "derived" | "ingest" | "adapters" | "posture" | "weather" | "recall";
  readonly key: string;
  readonly state: unknown;
}

export type HealthState = "unknown" | "online" | "late" | "offline" | "flapping";

/** One change of health of a device or an edge. */
export interface HealthChange {
  /** `device:<uid>` or `edge:<key>` */
  readonly subject: string;
  readonly deviceId: number | null;
  readonly ts: number;
  readonly from: HealthState;
  readonly to: HealthState;
  /** reason code: heard, expected, lwt, stop, edge_offline, edge_online, flapping, stable, registered, source_<code> */
  readonly reason: string;
}

export interface OutboxRow {
  readonly eventId: string;
  readonly revision: number;
  /** CloudEvents 1.0 type, e.g. `gridhub.event.opened` */
  readonly type: string;
  readonly target: string;
  readonly body: unknown;
}

export interface DetectionRow {
  readonly deviceId: number;
  readonly ts: number;
  readonly model: string;
  readonly detections: unknown;
  readonly mediaHash: string | null;
}

export interface MediaRow {
  /** sha256 hex: also the file's name */
  readonly hash: string;
  readonly bytes: number;
  readonly type: string;
  readonly deviceId: number | null;
  readonly ts: number;
}

/** Everything that one pipeline turn writes, in ONE transaction. Arrays may be empty. */
export interface CommitBatch {
  readonly telemetry: TelemetryColumns;
  readonly text: TextReading[];
  readonly cursors: EdgeCursor[];
  readonly rawFrames: RawFrameRow[];
  readonly positions: VesselPositionRow[];
  readonly vessels: VesselRow[];
  readonly deadLetters: DeadLetterRow[];
  readonly foldState: FoldStateRow[];
  readonly health: HealthChange[];
  readonly events: GridEvent[];
  readonly transitions: EventTransition[];
  readonly outbox: OutboxRow[];
  readonly detections: DetectionRow[];
  readonly media: MediaRow[];
}

export function emptyBatch(capacity = 4096): CommitBatch {
  return {
    telemetry: {
      n: 0,
      series: new Int32Array(capacity),
      time: new Float64Array(capacity),
      value: new Float64Array(capacity),
      quality: new Int16Array(capacity),
    },
    text: [],
    cursors: [],
    rawFrames: [],
    positions: [],
    vessels: [],
    deadLetters: [],
    foldState: [],
    health: [],
    events: [],
    transitions: [],
    outbox: [],
    detections: [],
    media: [],
  };
}
