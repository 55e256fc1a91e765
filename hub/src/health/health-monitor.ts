import type { HeartbeatMessage, ReceiverReport } from "@gridhub/device-profiles/envelope.ts";
import type { Device, Edge } from "../device.ts";
import type { Finding } from "../finding.ts";
import { ListeningClock } from "../listening-clock.ts";
import type { FoldStateRow, HealthChange, HealthState } from "../store/batch.ts";
import type { Snapshot } from "../store/store.ts";
import { DeviceWatch } from "./device-watch.ts";
import { type EdgeChangeListener, EdgeWatch } from "./edge-watch.ts";
import { HealthJournal } from "./health-journal.ts";
import { DeviceHealth, EdgeHealth, type HealthTimer, type StoredDevice, type StoredEdge } from "./health-record.ts";
import { OUTAGE, type OutageOptions, OutageWatch } from "./outage-watch.ts";
import { SampleClock } from "./sample-clock.ts";

export interface HealthOptions {
  /** multiplies every duration; 1 in production */
  readonly durationScale: number;
  /** this many changes between up and down within the window are flapping */
  readonly flapCount: number;
  /** ms, scaled by durationScale */
  readonly flapWindowMs: number;
  /** a longer step between two ticks is a clock jump: silence is not counted over it, ms */
  readonly maxTickGapMs?: number;
  /** older live records are late, unless the device's clock runs behind; ms, default two minutes */
  readonly latenessMs?: number;
  /** when edges that go together are one event; default three and 30 % of a site within two minutes */
  readonly outage?: OutageOptions;
}

export interface EdgeStatus {
  readonly key: string;
  readonly state: HealthState;
  readonly reason: string;
  readonly since: number;
  /** records waiting at the edge, sample time of the oldest (null = none) */
  readonly queue: number;
  readonly oldest: number | null;
  /** records that the edge had to drop, ever */
  readonly lostRecords: number;
  readonly agent?: string;
}

/** What is known of a device's clock from its live records. */
export interface DeviceClockStatus {
  /** arrival minus sample time of the last live record, ms; transport included; null = none yet */
  readonly lagMs: number | null;
  /** its clock runs behind by this much for good, ms; null = it does not */
  readonly behindMs: number | null;
}

/** Keys of rows; no uid begins with `#`. */
const CLOCK_KEY = "#clock";
const EDGE_KEY = "#edge ";
const CLOCK_EVERY_MS = 60_000;
const SOURCE_CODE = /^[a-z0-9_]{1,40}$/;

/** One state machine a device and an edge. See README.md for the semantics. */
export class HealthMonitor {
  readonly #journal: HealthJournal;
  readonly #watch: DeviceWatch;
  readonly #edgeWatch: EdgeWatch;
  readonly #outages: OutageWatch;
  readonly #devices = new Map<number, DeviceHealth>();
  readonly #edges = new Map<string, EdgeHealth>();
  readonly #bySubject = new Map<string, DeviceHealth | EdgeHealth>();
  readonly #latenessMs: number;
  #clockKept = Number.NaN;
  #clockDirty = false;

  constructor(options: HealthOptions) {
    const { durationScale: scale, flapCount, flapWindowMs } = options;
    this.#latenessMs = options.latenessMs ?? 120_000;
    const clock = new ListeningClock(options.maxTickGapMs ?? Math.max(10_000, 60_000 * scale));
    this.#journal = new HealthJournal(clock, flapCount, flapWindowMs * scale);
    this.#watch = new DeviceWatch(this.#journal, scale);
    this.#outages = new OutageWatch(this.#journal, scale, options.outage ?? OUTAGE);
    this.#edgeWatch = new EdgeWatch(this.#journal, this.#watch, this.#outages, scale);
  }

  /** Told when an edge is gone for good (after its grace) and when it is back; for edges that are their own only device in an outage alone. */
  get onEdgeChange(): EdgeChangeListener | null {
    return this.#edgeWatch.onEdgeChange;
  }

  set onEdgeChange(listener: EdgeChangeListener | null) {
    this.#edgeWatch.onEdgeChange = listener;
  }

  /** Replaces everything: at the start and after a lost database connection. */
  load(rows: Snapshot["health"], fold: readonly FoldStateRow[], devices: Iterable<Device>, now: number): void {
    this.#journal.clear();
    this.#watch.clear();
    this.#edgeWatch.clear();
    this.#outages.clear();
    this.#devices.clear();
    this.#edges.clear();
    this.#bySubject.clear();
    this.#journal.clock.reset();
    this.#journal.clock.advance(now);
    const stored = new Map<string, unknown>();
    for (const row of fold) if (row.room === "health" && row.state !== null) stored.set(row.key, row.state);
    const shown = new Map(rows.map((row) => [row.subject, row]));
    const stopped = (stored.get(CLOCK_KEY) as { now: number } | undefined)?.now ?? -Infinity;
    for (const [key, state] of stored) {
      if (!key.startsWith(EDGE_KEY)) continue;
      const e = this.#edge(key.slice(EDGE_KEY.length), now);
      e.restore(state as StoredEdge);
      take(e, shown.get(e.subject));
    }
    for (const device of devices) {
      const d = this.#add(device, now);
      const row = shown.get(d.subject);
      take(d, row);
      if (row !== undefined && row.state !== "flapping") d.contact = row.state;
      const state = stored.get(device.uid) as StoredDevice | undefined;
      if (state !== undefined) d.restore(state);
      this.#journal.counts[d.state]++;
      this.#watch.adopt(d, device.profile);
      this.#resume(d, stopped);
    }
    this.#outages.restore(stored);
    for (const e of this.#edges.values()) this.#edgeWatch.resume(e, stopped);
  }

  /** A new or re-profiled device. It is expected from now on. */
  register(device: Device, now: number): void {
    let d = this.#devices.get(device.id);
    if (d === undefined) {
      d = this.#add(device, now);
      this.#journal.counts.unknown++;
      const { subject, deviceId, state } = d;
      this.#journal.changes.push({ subject, deviceId, ts: now, from: state, to: state, reason: "registered" });
      if (d.edge.away) this.#watch.show(d, "edge_offline", now);
      this.#journal.touch(d);
    }
    this.#watch.adopt(d, device.profile);
  }

  /**
   * A record of the device was stored.
   * @param late backfill or an old record: says nothing about now, unless the device's clock runs behind
   * @param backfill came by the backfill lane: never speaks of now
   */
  heard(device: Device, ts: number, rx: number, late: boolean, backfill = late): void {
    if (backfill) return;
    const d = this.#devices.get(device.id);
    if (d === undefined || (late && !this.#admits(d, ts, rx))) return;
    d.lag = rx - ts;
    if (!late && d.sampleClock !== null) {
      d.sampleClock = null; // somebody set its clock
      this.#journal.touch(d);
    }
    this.#watch.heard(d, rx);
  }

  #admits(d: DeviceHealth, ts: number, rx: number): boolean {
    if (d.sampleClock === null) {
      d.sampleClock = new SampleClock();
      // one that drifts crosses the border in small steps: it is followed from where it was
      if (d.lag > this.#latenessMs / 2) d.sampleClock.behind = d.lag;
    }
    const known = !Number.isNaN(d.sampleClock.behind);
    const admits = d.sampleClock.admits(ts, rx, this.#latenessMs);
    if (admits && !known) this.#journal.touch(d);
    return admits;
  }

  /** `state` of an edge, or its last will. A message of an older boot is ignored. */
  edgeState(edge: Edge, on: boolean, boot: number, why: string, rx: number, out: Finding[]): void {
    const e = this.#edge(edge.key, rx);
    if (on) this.#edgeWatch.on(e, boot, rx, out);
    else this.#edgeWatch.off(e, boot, why, rx);
  }

  /** Any message of an edge: it is alive. */
  edgeHeard(edge: Edge, rx: number): void {
    this.#edgeWatch.heard(this.#edge(edge.key, rx), rx);
  }

  /** Program and version that the edge announced. */
  edgeAgent(edge: Edge, agent: string, rx: number): void {
    const e = this.#edge(edge.key, rx);
    if (e.agent === agent) return;
    e.agent = agent;
    this.#journal.touch(e);
  }

  heartbeat(edge: Edge, beat: HeartbeatMessage, rx: number, out: Finding[]): void {
    const e = this.#edge(edge.key, rx);
    if (beat.b < e.boot) return;
    if (beat.b > e.boot) this.#journal.touch(e);
    e.boot = beat.b;
    if (beat.every !== 0) this.#edgeWatch.beat(e);
    this.#edgeWatch.heard(e, rx);
    this.#edgeWatch.settle(rx, out);
    e.queue = beat.queue;
    e.oldest = beat.oldest ?? 0;
    for (const gap of beat.gaps ?? []) if (e.lost.add(gap)) this.#journal.touch(e);
    for (const [name, report] of Object.entries(beat.receivers ?? {})) {
      const d = e.devices.get(name);
      if (d !== undefined) d.receiver = report;
    }
    if (beat.sources === undefined) return;
    for (const [name, d] of e.devices) {
      const code = Object.hasOwn(beat.sources, name) ? beat.sources[name] : "ok";
      this.#watch.fault(d, code === "ok" ? "" : SOURCE_CODE.test(code) ? code : "other", rx);
    }
    this.#watch.settle(rx, out);
  }

  /** Everything that happens without a message. O(due). */
  tick(now: number, out: Finding[]): void {
    const { clock, timers } = this.#journal;
    clock.advance(now);
    this.#edgeWatch.settle(now, out);
    const { listened } = clock;
    for (let t = timers.take(listened); t !== undefined; t = timers.take(listened)) this.#fire(t, now, out);
    this.#outages.settle(now, out);
    this.#watch.settle(now, out);
    if (now - this.#clockKept < CLOCK_EVERY_MS && now >= this.#clockKept) return;
    this.#clockKept = now;
    this.#clockDirty = this.#devices.size > 0;
  }

  drain(changes: HealthChange[], fold: FoldStateRow[]): void {
    for (const change of this.#journal.changes.splice(0)) changes.push(change);
    for (const record of this.#journal.dirty.splice(0)) {
      record.dirty = false;
      const key = record instanceof EdgeHealth ? EDGE_KEY + record.key : record.device.uid;
      fold.push({ room: "health", key, state: record.store() });
    }
    this.#outages.drain(fold);
    if (!this.#clockDirty) return;
    this.#clockDirty = false;
    fold.push({ room: "health", key: CLOCK_KEY, state: { now: this.#clockKept } });
  }

  /** @param subject `device:<uid>` or `edge:<key>` */
  of(subject: string): { state: HealthState; reason: string; since: number; lastSeen: number | null } | undefined {
    const record = this.#bySubject.get(subject);
    if (record === undefined) return undefined;
    const { state, reason, since, lastSeen } = record;
    return { state, reason, since, lastSeen: Number.isNaN(lastSeen) ? null : lastSeen };
  }

  /** What AIS receivers brought to the ends of their lines, as their edges told last, by the uid of the device. */
  *receivers(): Iterable<readonly [uid: string, report: ReceiverReport]> {
    for (const { device, receiver } of this.#devices.values()) if (receiver !== null) yield [device.uid, receiver];
  }

  receiverOf(uid: string): ReceiverReport | null {
    const record = this.#bySubject.get(`device:${uid}`);
    return record instanceof DeviceHealth ? record.receiver : null;
  }

  clockOf(device: Device): DeviceClockStatus {
    const d = this.#devices.get(device.id);
    const behind = d?.sampleClock?.behind ?? Number.NaN;
    const lag = d?.lag ?? Number.NaN;
    return { lagMs: Number.isNaN(lag) ? null : lag, behindMs: Number.isNaN(behind) ? null : behind };
  }

  /** Devices by state. */
  counts(): Record<HealthState, number> {
    return { ...this.#journal.counts };
  }

  *edges(): Iterable<EdgeStatus> {
    for (const e of this.#edges.values()) {
      const { key, state, reason, since, queue, oldest, agent } = e;
      const lostRecords = e.lost.total;
      yield { key, state, reason, since, queue, oldest: oldest || null, lostRecords, ...(agent && { agent }) };
    }
  }

  #fire(timer: HealthTimer, now: number, out: Finding[]): void {
    const { of: record } = timer;
    if (record instanceof DeviceHealth) {
      if (timer.kind === "expect") this.#watch.expired(record, now);
      else if (timer.kind === "fault") {
        record.faultTimer = null;
        this.#watch.unsettle(record);
      } else {
        this.#journal.calmed(record);
        this.#watch.show(record, "stable", now);
        this.#watch.unsettle(record);
      }
    } else if (timer.kind === "edge_silence") this.#edgeWatch.silent(record, now);
    else if (timer.kind === "edge_phase") this.#edgeWatch.phase(record, now, out);
    else {
      this.#journal.calmed(record);
      this.#edgeWatch.show(record, "stable", now);
      this.#edgeWatch.calmed(record, now, out);
    }
  }

  #edge(key: string, now: number): EdgeHealth {
    let e = this.#edges.get(key);
    if (e === undefined) {
      e = new EdgeHealth(key, now);
      this.#edges.set(key, e);
      this.#bySubject.set(e.subject, e);
      this.#outages.add(e);
    }
    return e;
  }

  #add(device: Device, now: number): DeviceHealth {
    const edge = this.#edge(device.edge.key, now);
    const d = new DeviceHealth(device, edge, now, this.#journal.clock.at(now));
    this.#devices.set(device.id, d);
    this.#bySubject.set(d.subject, d);
    edge.devices.set(device.name, d);
    return d;
  }

  /** Timers go on from where the hub stopped: its own absence is no silence of the devices. */
  #resume(d: DeviceHealth, stopped: number): void {
    const kept = d.contact !== "online" || d.keepMs < Infinity;
    const slack = d.contact === "online" ? d.keepMs : 0;
    if (kept && !Number.isNaN(d.lastSeen)) d.heardAt -= Math.max(0, stopped - d.lastSeen - slack);
    this.#watch.arm(d);
    if (d.fault !== "" && !d.faultRaised) this.#watch.armFault(d);
    if (d.flapping) this.#journal.awaitCalm(d);
    this.#watch.unsettle(d);
  }
}

function take(record: DeviceHealth | EdgeHealth, row: Snapshot["health"][number] | undefined): void {
  if (row === undefined) return;
  record.state = row.state;
  record.reason = row.reason;
  record.since = row.since;
}
