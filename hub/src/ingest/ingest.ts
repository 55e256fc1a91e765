import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { BackfillEntry, Envelope, EnvelopeRecord } from "@gridhub/device-profiles/envelope.ts";
import { checkEnvelope, parseJson } from "@gridhub/device-profiles/envelope.ts";
import { type Position, Quality, RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import { isRejection, reject, type Rejection, type RejectionReason } from "@gridhub/device-profiles/rejection.ts";
import type { Device, Edge } from "../device.ts";
import type { Message } from "../message.ts";
import type { CommitBatch, TelemetryColumns } from "../store/batch.ts";
import { checkHeartbeat, checkMeta, checkState } from "./control.ts";
import type { Cursors } from "./cursor.ts";
import { Identities } from "./identity.ts";
import { DerivedMetrics } from "./derived-metrics.ts";
import type { IngestObserver } from "./ingest-observer.ts";
import type { QualityWatch } from "./quality.ts";

export interface IngestOptions {
  /** sample times further in the future than this get Quality.clock, ms */
  readonly maxSkewMs: number;
  /** readings older than this run in history mode, ms */
  readonly latenessMs: number;
}

/** Devices and edges by name. */
export interface Directory {
  edge(site: string, name: string): Edge | undefined;
  devicesOf(edgeKey: string): ReadonlyMap<string, Device>;
}

export interface IngestCounters {
  messages: number;
  readings: number;
  positions: number;
  frames: number;
  duplicates: number;
  /** the same by edge key */
  repeated: Map<string, number>;
  rejected: Map<RejectionReason, number>;
}

/**
 * Message -> device -> decode by profile -> columns of the batch, or a dead letter. One pass, no object a reading.
 */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #directory: Directory;
  readonly #cursors: Cursors;
  readonly #watch: QualityWatch;
  readonly #observer: IngestObserver;
  readonly #identities: Identities;
  readonly #record = new RecordBuffer();
  readonly #positions: Position[] = [];
  readonly derived: DerivedMetrics;
  readonly counters: IngestCounters = {
    messages: 0,
    readings: 0,
    positions: 0,
    frames: 0,
    duplicates: 0,
    repeated: new Map(),
    rejected: new Map(),
  };

  constructor(
    options: IngestOptions,
    directory: Directory,
    cursors: Cursors,
    watch: QualityWatch,
    observer: IngestObserver,
    identities: Identities = new Identities(),
    derived = new DerivedMetrics(),
  ) {
    this.#options = options;
    this.#directory = directory;
    this.#cursors = cursors;
    this.#watch = watch;
    this.#observer = observer;
    this.#identities = identities;
    this.derived = derived;
  }

  /** Decodes one message into the batch. Never throws. `replay` skips the duplicate check (a dead letter tried again). */
  take(message: Message, batch: CommitBatch, replay = false): void {
    this.counters.messages++;
    const edge = this.#directory.edge(message.site, message.edge);
    if (edge === undefined) {
      this.#refuse(message, batch, reject("device_unknown", `no edge ${message.site}/${message.edge} is registered`));
      return;
    }
    if (message.once !== undefined && !replay && !this.#identities.admit(edge.id, message.device, message.once)) {
      this.#repeated(edge);
      return;
    }
    const rejection = message.refused ?? this.#route(message, edge, batch, replay);
    if (rejection !== null) this.#refuse(message, batch, rejection);
  }

  #route(message: Message, edge: Edge, batch: CommitBatch, replay: boolean): Rejection | null {
    const { lane, rx } = message;
    // A dead letter tried again is no sign of life.
    if (lane !== "state" && !replay) this.#observer.heard(edge, rx);
    switch (lane) {
      case "telemetry":
      case "event":
      case "raw":
        return this.#deviceMessage(message, edge, batch, replay);
      case "frame": {
        const device = this.#directory.devicesOf(edge.key).get(message.device);
        if (device === undefined) return reject("device_unknown", `no device ${message.device} at edge ${edge.key}`);
        this.counters.frames++;
        return this.#observer.frame(device, message.payload, rx);
      }
      case "backfill":
        return this.#backfill(message, edge, batch, replay);
      case "state":
        return this.#state(message, edge);
      case "meta": {
        const parsed = parseJson(message.payload);
        const meta = isRejection(parsed) ? parsed : checkMeta(parsed.value);
        if (isRejection(meta)) return meta;
        this.#observer.meta(edge, meta, message);
        return null;
      }
      case "heartbeat": {
        const parsed = parseJson(message.payload);
        const beat = isRejection(parsed) ? parsed : checkHeartbeat(parsed.value);
        if (isRejection(beat)) return beat;
        for (const gap of beat.gaps ?? []) this.#cursors.gap(edge.id, gap.b, gap.from, gap.to);
        this.#observer.heartbeat(edge, beat, rx);
        return null;
      }
      case "twin":
      case "result": {
        const parsed = parseJson(message.payload);
        if (isRejection(parsed)) return reject("json_invalid", "not JSON");
        if (lane === "twin") this.#observer.reported?.(edge, parsed.value);
        else this.#observer.result?.(edge, parsed.value, rx);
        return null;
      }
    }
  }

  #state(message: Message, edge: Edge): Rejection | null {
    const parsed = parseJson(message.payload);
    const state = isRejection(parsed) ? parsed : checkState(parsed.value);
    if (isRejection(state)) return state;
    if (state.s === "on") {
      for (const [boot, first] of state.held ?? []) this.#cursors.base(edge.id, boot, first);
      if (state.q !== undefined) this.#cursors.base(edge.id, state.b, state.q);
    }
    this.#observer.state(edge, state, message.rx);
    return null;
  }

  #deviceMessage(message: Message, edge: Edge, batch: CommitBatch, replay: boolean): Rejection | null {
    const device = this.#directory.devicesOf(edge.key).get(message.device);
    const isRaw = message.lane === "raw";
    const { payload } = message;
    let envelope: Envelope | Rejection;
    if (isRaw && payload[0] !== 0x7b) envelope = bareFrame(message.rx);
    else {
      const parsed = parseJson(payload);
      envelope = isRejection(parsed) ? parsed : checkEnvelope(parsed.value);
      if (isRejection(envelope)) {
        const identity = isRejection(parsed) ? null : identityOf(parsed.value);
        // A refused envelope is dealt with, too: its number must not stay a hole that holds back the sender's spool.
        if (identity !== null) return this.#admit(identity, edge, replay) === "duplicate" ? null : envelope;
        // A bare frame may begin with "{" by chance: what is no envelope is a frame.
        if (isRaw) envelope = bareFrame(message.rx);
      }
    }
    if (isRejection(envelope)) return envelope;
    const admission = this.#admit(envelope, edge, replay);
    if (admission !== null) return admission === "duplicate" ? null : admission;
    if (device === undefined) return reject("device_unknown", `no device ${message.device} at edge ${edge.key}`);
    const head = envelope.r[0];
    const bare = isRaw && head.m === undefined && head.x === undefined && head.s === undefined ? payload : null;
    return this.#records(device, envelope, message.rx, false, batch, bare);
  }

  /** null = go on; "duplicate" = stored already, acknowledge and forget */
  #admit(envelope: Pick<Envelope, "b" | "q">, edge: Edge, replay: boolean): Rejection | "duplicate" | null {
    if (envelope.q === undefined || envelope.b === undefined || replay) return null;
    const admission = this.#cursors.admit(edge.id, envelope.b, envelope.q);
    if (admission === "new") return null;
    if (admission === "holes")
      return reject("sequence_holes", `boot ${envelope.b}: too many gaps before ${envelope.q}`);
    this.#repeated(edge);
    return "duplicate";
  }

  #repeated(edge: Edge): void {
    const { repeated } = this.counters;
    this.counters.duplicates++;
    repeated.set(edge.key, (repeated.get(edge.key) ?? 0) + 1);
  }

  #backfill(message: Message, edge: Edge, batch: CommitBatch, replay: boolean): Rejection | null {
    const parsed = parseJson(message.payload, 10);
    if (isRejection(parsed)) return parsed;
    const value = parsed.value as { v?: unknown; bf?: unknown } | null;
    if (value?.v !== 1 || !Array.isArray(value.bf))
      return reject("envelope_invalid", "a backfill message is {v: 1, bf: [...]}");
    let first: Rejection | null = null;
    for (const entry of value.bf as BackfillEntry[]) {
      const envelope = checkEnvelope(entry);
      const identity = isRejection(envelope) ? (identityOf(entry) ?? {}) : envelope;
      const admission = this.#admit(identity, edge, replay);
      if (admission === "duplicate") continue;
      let problem: Rejection | null = isRejection(envelope) ? envelope : admission;
      if (!isRejection(envelope) && problem === null) {
        const device = this.#directory.devicesOf(edge.key).get(entry.d);
        problem =
          device === undefined
            ? reject("device_unknown", `no device ${String(entry.d).slice(0, 64)} at edge ${edge.key}`)
            : this.#records(device, envelope, message.rx, true, batch, null);
      }
      first ??= problem;
    }
    return first;
  }

  /** All records of an envelope. Good records are kept when another one is refused; the first reason goes to the dead letter. */
  #records(
    device: Device,
    envelope: Envelope,
    rx: number,
    backfill: boolean,
    batch: CommitBatch,
    bare: Buffer | null,
  ): Rejection | null {
    let first: Rejection | null = null;
    const records = envelope.r;
    for (let i = 0; i < records.length; i++) {
      const problem = this.#one(device, envelope, records[i], i, rx, backfill, batch, bare);
      if (problem !== null)
        first ??= records.length > 1 ? reject(problem.reason, `record ${i}: ${problem.detail}`) : problem;
    }
    return first;
  }

  #one(
    device: Device,
    envelope: Envelope,
    source: EnvelopeRecord,
    part: number,
    rx: number,
    backfill: boolean,
    batch: CommitBatch,
    bare: Buffer | null,
  ): Rejection | null {
    const { profile } = device;
    const record = this.#record;
    record.reset();
    if (source.m !== undefined && bare === null) {
      const problem = profile.decodeJson(source.m, record);
      if (problem !== null) return problem;
    } else {
      const frame =
        bare ?? (source.x !== undefined ? Buffer.from(source.x, "base64") : Buffer.from(source.s ?? "", "utf8"));
      if (profile.keepRaw) {
        batch.rawFrames.push({
          edgeId: device.edge.id,
          boot: envelope.b ?? null,
          seq: envelope.q ?? null,
          part,
          deviceId: device.id,
          ts: source.ts,
          rx,
          port: source.p ?? 0,
          payload: frame,
        });
      }
      if (profile.positions) return this.#decodePositions(device, frame, source.ts, rx, backfill, batch);
      const problem = profile.decodeFrame(frame, source.p ?? 0, record, source.ts);
      if (problem !== null) return problem;
      // Earlier samples that the same frame carries are history: stored, and judged by no live rule.
      for (let i = 0; i < record.pasts; i++) this.#keep(device, record.past[i], source.ts, rx, true, batch);
    }
    if (source.l !== undefined) addLink(source.l, profile, record);
    this.#keep(device, record, source.ts, rx, backfill, batch);
    return null;
  }

  /** Flags, stores and announces the values of one sample. @param at sample time where the payload has none of its own */
  #keep(device: Device, record: RecordBuffer, at: number, rx: number, backfill: boolean, batch: CommitBatch): void {
    const ts = record.ts > 0 ? record.ts : at;
    const late = backfill || rx - ts > this.#options.latenessMs;
    const flags = (late ? Quality.late : 0) | (ts - rx > this.#options.maxSkewMs ? Quality.clock : 0);
    if (flags !== 0) for (let i = 0; i < record.n; i++) record.quality[i] |= flags;
    this.derived.apply(device, ts, record, late);
    if (!late) this.#watch.flag(device, ts, record);
    append(batch, device, ts, record);
    this.counters.readings += record.n;
    this.#observer.record(device, ts, rx, record, late, backfill);
  }

  #decodePositions(
    device: Device,
    frame: Buffer,
    ts: number,
    rx: number,
    backfill: boolean,
    batch: CommitBatch,
  ): Rejection | null {
    const positions = this.#positions;
    positions.length = 0;
    const problem = device.profile.decodePositions(frame, ts, positions);
    if (problem !== null) return problem;
    const late = backfill || rx - ts > this.#options.latenessMs;
    for (const position of positions) {
      this.counters.positions++;
      this.#observer.position(device, position, rx, late, batch, backfill);
    }
    return null;
  }

  #refuse(message: Message, batch: CommitBatch, rejection: Rejection): void {
    const { rejected } = this.counters;
    rejected.set(rejection.reason, (rejected.get(rejection.reason) ?? 0) + 1);
    batch.deadLetters.push({
      rx: message.rx,
      topic: message.topic,
      edge: `${message.site}/${message.edge}`,
      reason: rejection.reason,
      detail: rejection.detail,
      payload: message.payload,
    });
  }
}

/** The identity of something that is no proper envelope, where it has one. */
function identityOf(value: unknown): { readonly b: number; readonly q: number } | null {
  if (typeof value !== "object" || value === null) return null;
  const { b, q } = value as { b?: unknown; q?: unknown };
  const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
  return isCount(b) && isCount(q) && q > 0 ? { b, q } : null;
}

/** What the receiver says of the radio link, where the profile has the metric and the record does not say it itself. */
function addLink(link: Readonly<Record<string, unknown>>, profile: CompiledProfile, record: RecordBuffer): void {
  const { n } = record;
  for (const name in link) {
    const value = link[name];
    const metric = profile.metricIndex.get(name);
    if (metric === undefined || typeof value !== "number" || !Number.isFinite(value)) continue;
    const { type, range } = profile.metrics[metric];
    if (type !== "number" || record.metric.subarray(0, n).includes(metric)) continue;
    const outside = range !== null && (value < range[0] || value > range[1]);
    record.push(metric, value, outside ? Quality.out_of_range : Quality.good);
  }
}

/** A frame without envelope: no identity, so at-least-once; the sample time is the time of arrival. */
function bareFrame(rx: number): Envelope {
  return { v: 1, r: [{ ts: rx }] };
}

function append(batch: CommitBatch, device: Device, ts: number, record: RecordBuffer): void {
  let columns = batch.telemetry;
  if (columns.n + record.n > columns.series.length) columns = grow(columns);
  const { series } = device;
  for (let i = 0; i < record.n; i++) {
    const id = series[record.metric[i]];
    const text = record.text[i];
    if (text !== null) {
      batch.text.push({ series: id, time: ts, value: text, quality: record.quality[i] });
      continue;
    }
    const at = columns.n++;
    columns.series[at] = id;
    columns.time[at] = ts;
    columns.value[at] = record.num[i];
    columns.quality[at] = record.quality[i];
  }
}

function grow(columns: TelemetryColumns): TelemetryColumns {
  const size = columns.series.length * 2;
  const copy = <T extends { set(from: T): void }>(to: T, from: T): T => {
    to.set(from);
    return to;
  };
  columns.series = copy(new Int32Array(size), columns.series);
  columns.time = copy(new Float64Array(size), columns.time);
  columns.value = copy(new Float64Array(size), columns.value);
  columns.quality = copy(new Int16Array(size), columns.quality);
  return columns;
}
