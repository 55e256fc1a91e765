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
import { type Plan, planProfile } from "./plan.ts";
import { isKept, SilenceWatch } from "./silence-watch.ts";

export interface RuleOptions {
  /** multiplies every duration of a profile; 1 in production */
  readonly durationScale: number;
  /** live readings may be this much older than the newest of their device, ms */
  readonly allowedLatenessMs: number;
  /** a longer step between two ticks is a clock jump: silence is not counted over it, ms */
  readonly maxTickGapMs?: number;
}

/** Keys of rows; no uid begins with `#` or `~`. */
const CLOCK_KEY = "#clock";
const EDGE_KEY = "#edge ";
const HISTORY_KEY = "~";
/** the clock row is written at most this often, ms */
const CLOCK_EVERY_MS = 60_000;

/** Readings and durable alarm state -> findings. See README.md for the semantics. */
export class RuleEngine {
  readonly #scale: number;
  readonly #lateness: number;
  readonly #clock: ListeningClock;
  readonly #timers = new DueQueue<AlarmState>();
  readonly #silences: SilenceWatch;
  readonly #machine: AlarmMachine;
  readonly #history: History;
  readonly #lanes = new Map<number, Lane>();
  readonly #byEdge = new Map<string, Set<Lane>>();
  readonly #plans = new Map<CompiledProfile, Plan>();
  /** edges that are away, by key: hub time since */
  readonly #away = new Map<string, number>();
  #dirty: Lane[] = [];
  #rows: FoldStateRow[] = [];
  /** clears of alarms that a new profile version dropped, waiting for a tick; `lane` keeps their row until they are out */
  #orphans: { lane: Lane; finding: Finding }[] = [];
  #clockKept = Number.NaN;
  // one record: values as sampled, and which inputs and alarms it concerns (by stamp)
  #sample = new Float64Array(0);
  #before = new Float64Array(0);
  #sampled = new Int32Array(0);
  #concerned = new Int32Array(0);
  #stamp = 0;

  constructor(options: RuleOptions) {
    this.#scale = options.durationScale;
    this.#lateness = options.allowedLatenessMs;
    this.#clock = new ListeningClock(options.maxTickGapMs ?? Math.max(10_000, 60_000 * options.durationScale));
    const touch = (lane: Lane) => this.#touch(lane);
    this.#machine = new AlarmMachine(this.#timers, touch);
    this.#silences = new SilenceWatch(this.#clock, this.#machine, touch);
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
    let skew = 0;
    if (record.n > 0 && (record.quality[0] & Quality.clock) !== 0 && now === now) {
      // A sample time in the future would make every right one after it too old: it is taken as "just now".
      if (t > now) t = Math.min(t, Math.max(now, lane.watermark));
      skew = now - t;
    }
    if (t < lane.watermark - this.#lateness && !this.#setBack(lane, t, now)) {
      this.#history.observe(lane, ts, record, this.#clock.listened, false);
      return;
    }
    if (t > lane.watermark) {
      lane.watermark = t;
      lane.setBack = false;
      for (let i = 0; i < lane.alarms.length; i++) {
        const a = lane.alarms[i];
        if (a !== null && !a.stale && a.alarm.silence < 0) this.#machine.advance(a, t);
      }
    }
    if (lane.silences.length > 0) this.#silences.hear(lane, record, Math.max(t + skew, now || 0));
    if (this.#read(lane, t, skew, record)) this.#history.observe(lane, ts, record, this.#clock.listened, true);
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
      if (!online) for (const a of lane.alarms) if (a !== null) this.#machine.hold(a);
    }
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
      plan = planProfile(device.profile, this.#scale);
      this.#plans.set(device.profile, plan);
    }
    if (plan.inputs.length > this.#sample.length || plan.alarms.length > this.#concerned.length) {
      this.#sample = new Float64Array(plan.inputs.length + 16);
      this.#before = new Float64Array(plan.inputs.length + 16);
      this.#sampled = new Int32Array(plan.inputs.length + 16);
      this.#concerned = new Int32Array(plan.alarms.length + 16);
    }
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

  /** @returns true when an older reading holds something that only history may tell */
  #read(lane: Lane, t: number, skew: number, record: RecordBuffer): boolean {
    const { plan } = lane;
    const stamp = ++this.#stamp;
    let any = false;
    for (let i = 0; i < record.n; i++) {
      const use = plan.byMetric[record.metric[i]];
      const value = record.num[i];
      if (use == null || value !== value) continue;
      for (let k = 0; k < use.inputs.length; k++) {
        const input = use.inputs[k];
        const before = lane.seen[input];
        this.#before[input] = before;
        this.#sampled[input] = stamp;
        const rate = lane.rates === null ? null : lane.rates[input];
        if (t >= before) {
          lane.seen[input] = t;
          lane.values[input] = rate === null ? value : rate.add(t, value);
        }
        this.#sample[input] = rate === null ? value : Number.NaN;
      }
      for (let k = 0; k < use.alarms.length; k++) {
        this.#concerned[use.alarms[k]] = stamp;
        any = true;
      }
    }
    if (!any) return false;
    let blip = false;
    for (let i = 0; i < plan.alarms.length; i++) {
      if (this.#concerned[i] !== stamp) continue;
      const alarm = plan.alarms[i];
      let newest = -Infinity;
      let complete = true;
      for (let k = 0; k < alarm.inputs.length; k++) {
        const input = alarm.inputs[k];
        if (this.#sampled[input] !== stamp) {
          complete = false;
          this.#sample[input] = Number.NaN;
        } else if (this.#before[input] > newest) newest = this.#before[input];
      }
      if (t >= newest) this.#machine.reading(lane, alarm, t, newest, skew);
      else if (lane.alarms[i] !== null) this.#machine.straggler(lane, alarm, t, this.#sample);
      else if (complete && alarm.forMs === 0 && alarm.def.repeat === null) blip = true;
    }
    return blip;
  }

  /**
   * A device whose clock was set back sends live records that are all too old. They are told from a burst of old records by
   * their spacing, which is that of their arrival; then the device's time line is moved.
   */
  #setBack(lane: Lane, t: number, now: number): boolean {
    const drift = Math.abs(t - lane.oldTs - (now - lane.oldHub));
    if (!lane.setBack || !(drift <= this.#lateness / 2)) {
      lane.setBack = true;
      lane.oldTs = t;
      lane.oldHub = now;
      return false;
    }
    if (now - lane.oldHub < this.#lateness) return false;
    const by = t - lane.watermark;
    for (const a of lane.alarms) if (a !== null && a.alarm.silence < 0) this.#machine.rebase(a, by);
    lane.seen.fill(-Infinity);
    for (const rate of lane.rates ?? []) rate?.reset();
    lane.watermark = t;
    lane.setBack = false;
    return true;
  }

  #armSilences(lane: Lane, stopped: number): void {
    const away = this.#away.has(lane.device.edge.key);
    for (const s of lane.silences) {
      if (away) this.#silences.remove(s);
      else this.#silences.arm(s, stopped);
    }
  }

  #advance(now: number): void {
    const back = this.#clock.advance(now);
    if (back < 0) this.#timers.shift(back, (a) => (a.skew += back));
  }

  #touch(lane: Lane): void {
    if (lane.dirty) return;
    lane.dirty = true;
    this.#dirty.push(lane);
  }
}
