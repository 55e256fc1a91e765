import { Quality, type RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { Device } from "../device.ts";
import { DueQueue } from "../due-queue.ts";
import type { Finding } from "../finding.ts";
import { ListeningClock } from "../listening-clock.ts";
import type { FoldStateRow } from "../store/batch.ts";
import { finding } from "./alarm-finding.ts";
import { AlarmMachine } from "./alarm-machine.ts";
import type { AlarmState } from "./alarm-state.ts";
import { History } from "./history.ts";
import { Lane, type StoredLane } from "./lane.ts";
import { type Plan, type PlanContext, planProfile } from "./plan.ts";
import { RecordReader } from "./record-reader.ts";
import { RuleCounters } from "./rule-counts.ts";
import { followClock, hubSetBack } from "./set-back.ts";
import { isKept, SilenceWatch } from "./silence-watch.ts";

export interface RuleOptions {
  /** multiplies every duration of a profile; 1 in production */
  readonly durationScale: number;
  /** live readings may be this much older than the newest of their device, ms */
  readonly allowedLatenessMs: number;
  /** a longer step between two ticks is a clock jump: silence is not counted over it, ms */
  readonly maxTickGapMs?: number;
  /** of schedules that name none; UTC unless said */
  readonly timeZone?: string;
  /** attributes that hold instead of a device's own (a posture); see {@link RuleEngine.relimit} */
  readonly overlay?: (device: Device) => Device["attributes"] | null;
}

/** Keys of rows; no uid begins with `#`, `~` or `@` (area rules). */
const CLOCK_KEY = "#clock";
const EDGE_KEY = "#edge ";
const HISTORY_KEY = "~";
/** the clock row is written at most this often, ms */
const CLOCK_EVERY_MS = 60_000;

/** Readings and durable alarm state -> findings. See README.md for the semantics. */
export class RuleEngine {
  readonly #lateness: number;
  readonly #clock: ListeningClock;
  readonly #timers = new DueQueue<AlarmState>();
  readonly #silences: SilenceWatch;
  readonly #machine: AlarmMachine;
  readonly #history: History;
  readonly #reader: RecordReader;
  readonly #lanes = new Map<number, Lane>();
  readonly #byEdge = new Map<string, Set<Lane>>();
  readonly #plans = new Map<CompiledProfile, Plan>();
  readonly counters = new RuleCounters();
  readonly #context: PlanContext;
  /** edges that are away, by key: hub time since */
  readonly #away = new Map<string, number>();
  #dirty: Lane[] = [];
  #rows: FoldStateRow[] = [];
  /** clears of alarms that a new profile version dropped, waiting for a tick; `lane` keeps their row until they are out */
  #orphans: { lane: Lane; finding: Finding }[] = [];
  #clockKept = Number.NaN;

  constructor(options: RuleOptions) {
    this.#lateness = options.allowedLatenessMs;
    const { durationScale: scale, timeZone = "UTC", overlay } = options;
    this.#context = { scale, timeZone, counters: this.counters, overlay };
    this.#clock = new ListeningClock(options.maxTickGapMs ?? Math.max(10_000, 60_000 * options.durationScale));
    const touch = (lane: Lane) => this.#touch(lane);
    this.#machine = new AlarmMachine(this.#timers, touch);
    this.#silences = new SilenceWatch(this.#clock, this.#machine, touch);
    this.#reader = new RecordReader(this.#machine);
    this.#history = new History(this.#machine, touch, options.allowedLatenessMs, options.durationScale);
  }

  /** Replaces everything: at the start and after a lost database connection. */
  load(rows: readonly FoldStateRow[], devices: Iterable<Device>): void {
    this.#timers.clear();
    this.#silences.clear();
    this.#history.clear();
    this.#lanes.clear();
    this.#byEdge.clear();
    this.#plans.clear();
    this.#away.clear();
    this.#dirty = [];
    this.#rows = [];
    this.#orphans = [];
    this.#clock.reset();
    this.#clockKept = Number.NaN;
    const states = new Map<string, unknown>();
    for (const row of rows) {
      if (row.room !== "rules" || row.state === null) continue;
      states.set(row.key, row.state);
      if (row.key.startsWith(EDGE_KEY)) {
        this.#away.set(row.key.slice(EDGE_KEY.length), (row.state as { since: number }).since);
      }
    }
    // the time the hub was down is no silence of the devices: timers go on from the last moment it was known to run
    const stopped = (states.get(CLOCK_KEY) as { now: number } | undefined)?.now ?? Number.NaN;
    for (const device of devices) {
      const lane = this.#add(device, states.get(device.uid) as StoredLane | undefined);
      for (const a of lane.alarms) if (a !== null) this.#machine.arm(a);
      this.#armSilences(lane, stopped);
      const past = states.get(HISTORY_KEY + device.uid) as StoredLane | undefined;
      if (past !== undefined) this.#history.restore(device, lane.plan, past, this.#clock.listened);
    }
  }

  /** A new or re-profiled device: its no_data timers start; alarms that the new profile still has go on. */
  register(device: Device, now: number): void {
    this.#advance(now);
    const old = this.#lanes.get(device.id);
    if (old !== undefined && old.plan.profile === device.profile) return;
    const lane = this.#add(device, old && this.#retire(old));
    for (const a of lane.alarms) if (a !== null) this.#machine.arm(a);
    this.#armSilences(lane, Number.NaN);
    if (old !== undefined) {
      lane.kept = old.kept;
      this.#touch(lane);
    }
  }

  /**
   * One record of one device, values in `record` (metric indices of device.profile).
   * @param ts sample time, ms UTC
   * @param late backfill: history mode
   */
  observe(device: Device, ts: number, record: RecordBuffer, late: boolean, out: Finding[]): void {
    let lane = this.#lanes.get(device.id);
    if (lane === undefined || lane.plan.profile !== device.profile) {
      this.register(device, Number.isNaN(this.#clock.now) ? ts : this.#clock.now);
      lane = this.#lanes.get(device.id) as Lane;
    }
    if (lane.attributes !== device.attributes) lane.refreshLimits();
    this.#machine.out = out;
    if (late) {
      this.#history.observe(lane, ts, record, this.#clock.listened, false);
      return;
    }
    const { now } = this.#clock;
    let t = ts;
    let skew: number;
    if (record.n > 0 && (record.quality[0] & Quality.clock) !== 0 && now === now) {
      // A sample time in the future would make every right one after it too old: it is taken as "just now".
      if (t > now) t = Math.min(t, Math.max(now, lane.watermark));
      skew = now - t;
    } else {
      const line = followClock(lane, t, now, this.#lateness, this.#machine);
      if (line === "old") {
        this.#history.observe(lane, ts, record, this.#clock.listened, false);
        return;
      }
      if (line === "moved") this.#touch(lane);
      skew = lane.behind;
    }
    if (t > lane.watermark) {
      lane.watermark = t;
      for (let i = 0; i < lane.alarms.length; i++) {
        const a = lane.alarms[i];
        if (a !== null && !a.stale && a.alarm.silence < 0) this.#machine.advance(a, t);
      }
    }
    if (lane.silences.length > 0) this.#silences.hear(lane, record, Math.max(t + skew, now || 0));
    if (this.#reader.read(lane, t, skew, record)) this.#history.observe(lane, ts, record, this.#clock.listened, true);
  }

  /** While an edge is away none of its devices alarms; when it is back their no_data timers start anew. */
  edgeChanged(edgeKey: string, online: boolean, now: number, out: Finding[]): void {
    this.#advance(now);
    this.#machine.out = out;
    if (this.#away.has(edgeKey) === !online) return;
    if (online) this.#away.delete(edgeKey);
    else this.#away.set(edgeKey, now);
    this.#rows.push({ room: "rules", key: EDGE_KEY + edgeKey, state: online ? null : { since: now } });
    for (const lane of this.#byEdge.get(edgeKey) ?? []) {
      this.#armSilences(lane, Number.NaN);
      for (const a of lane.alarms) {
        if (a === null) continue;
        if (online) this.#machine.resume(a, now);
        else this.#machine.hold(a);
      }
    }
  }

  /**
   * The attributes of a device may hold other limits now: its alarms are judged anew by what is known, without a record. Cheap
   * when nothing changed.
   */
  attributesChanged(device: Device, now: number, out: Finding[]): void {
    const lane = this.#lanes.get(device.id);
    if (lane === undefined || lane.attributes === device.attributes) return;
    this.relimit(device, now, out);
  }

  /** Limits come from elsewhere now than from the device's attributes alone, or do no longer: judged anew by what is known. */
  relimit(device: Device, now: number, out: Finding[]): void {
    const lane = this.#lanes.get(device.id);
    if (lane === undefined) return;
    this.#advance(now);
    lane.refreshLimits();
    if (this.#away.has(device.edge.key)) return;
    this.#machine.out = out;
    this.#reader.judge(lane, now);
  }

  /** A person acknowledged or settled an event: a latched alarm that made it may end now. */
  release(kind: string, device: Device, now: number, out: Finding[]): void {
    const lane = this.#lanes.get(device.id);
    if (lane === undefined) return;
    this.#machine.out = out;
    for (const a of lane.alarms) if (a !== null && a.alarm.def.event === kind) this.#machine.release(a, now);
  }

  /** Whether an alarm of a device is active, by its name; for dry runs and the API. */
  *activeAlarms(): Generator<{ readonly rule: string; readonly device: Device }> {
    for (const lane of this.#lanes.values())
      for (const a of lane.alarms)
        if (a?.phase === "active") yield { rule: `${lane.plan.profile.id}#${a.alarm.def.name}`, device: lane.device };
  }

  /** Fires what is due without a message. */
  tick(now: number, out: Finding[]): void {
    this.#advance(now);
    this.#machine.out = out;
    for (const { lane, finding } of this.#orphans.splice(0)) {
      out.push({ ...finding, ts: now });
      this.#touch(lane);
    }
    for (let a = this.#timers.take(now); a !== undefined; a = this.#timers.take(now)) this.#machine.tick(a, now);
    this.#silences.tick(now, out);
    this.#history.tick(this.#clock.listened);
    if (!(now - this.#clockKept < CLOCK_EVERY_MS && now >= this.#clockKept)) {
      this.#clockKept = now;
      if (this.#lanes.size > 0) this.#rows.push({ room: "rules", key: CLOCK_KEY, state: { now } });
    }
  }

  /** State changed since the last drain; null = back at rest. */
  drain(out: FoldStateRow[]): void {
    for (const row of this.#rows.splice(0)) out.push(row);
    for (const lane of this.#dirty) {
      lane.dirty = false;
      const live = this.#lanes.get(lane.device.id);
      if (lane.late ? !this.#history.owns(lane) : live !== lane) continue;
      const state = lane.store(isKept);
      if (state !== null || lane.kept) {
        out.push({ room: "rules", key: (lane.late ? HISTORY_KEY : "") + lane.device.uid, state });
      }
      lane.kept = state !== null;
      if (lane.late) this.#history.drained(lane);
    }
    this.#dirty.length = 0;
  }

  /** Running timers (`for`, `clear_for`, ladder), devices in history mode, devices; for metrics. */
  get open(): { timers: number; history: number; devices: number } {
    return { timers: this.#timers.size, history: this.#history.size, devices: this.#lanes.size };
  }

  #add(device: Device, stored: StoredLane | undefined): Lane {
    let plan = this.#plans.get(device.profile);
    if (plan === undefined) {
      plan = planProfile(device.profile, this.#context);
      this.#plans.set(device.profile, plan);
    }
    this.#reader.fit(plan);
    const lane = new Lane(device, plan, false);
    if (stored !== undefined) {
      lane.kept = true;
      for (const { name, state } of lane.restore(stored)) {
        const def = { name, event: state.event };
        const why = { trace: [{ step: "profile", note: "the alarm is no longer part of the profile" }] };
        this.#orphans.push({ lane, finding: finding(lane, { def }, "clear", state.raised, state.sev, why) });
      }
    }
    this.#lanes.set(device.id, lane);
    const edge = this.#byEdge.get(device.edge.key);
    if (edge === undefined) this.#byEdge.set(device.edge.key, new Set([lane]));
    else edge.add(lane);
    return lane;
  }

  #retire(lane: Lane): StoredLane | undefined {
    const stored = lane.store(() => true) ?? undefined;
    for (const a of lane.alarms) if (a !== null) this.#timers.remove(a);
    for (const s of lane.silences) this.#silences.remove(s);
    this.#byEdge.get(lane.device.edge.key)?.delete(lane);
    this.#history.close(lane.device);
    return stored;
  }

  #armSilences(lane: Lane, stopped: number): void {
    const away = this.#away.has(lane.device.edge.key);
    for (const s of lane.silences) {
      if (away) this.#silences.remove(s);
      else this.#silences.arm(s, stopped);
    }
  }

  #advance(now: number): void {
    const starts = Number.isNaN(this.#clock.now);
    const back = this.#clock.advance(now);
    if (back < 0) this.#timers.shift(back);
    if (back < 0 || starts) hubSetBack(this.#lanes.values(), back, now, (lane) => this.#touch(lane));
  }

  #touch(lane: Lane): void {
    if (lane.dirty) return;
    lane.dirty = true;
    this.#dirty.push(lane);
  }
}
