import type { WrittenComparison } from "@gridhub/device-profiles/expression.ts";
import type { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../../device.ts";
import type { Due } from "../../due-queue.ts";
import { RateWindow } from "../../rate-window.ts";
import type { Stretch } from "./area-past.ts";
import type { AreaCondition, AreaRule } from "./area-rule.ts";
import { SayLog } from "./say-log.ts";

/** One rule in one grid. Times are event time, ms UTC. */
export class AreaInstance implements Due {
  readonly rule: AreaRule;
  readonly gridId: string;
  due = Infinity;
  slot = -1;
  phase: "rest" | "pending" | "active" = "rest";
  since = Number.NaN;
  raisedAt = Number.NaN;
  clearSince = Number.NaN;
  /** hub time at which a flag last made a difference; end of the last event */
  flagAt = -Infinity;
  endedAt = -Infinity;
  /** what ended while a record of that time may still come */
  readonly past: Stretch[] = [];
  /** by condition: what satisfies it now; devices by uid, findings by subject */
  readonly met: Map<string, Witness>[];
  dirty = false;
  kept = false;

  constructor(rule: AreaRule, gridId: string) {
    this.rule = rule;
    this.gridId = gridId;
    this.met = rule.all.map(() => new Map());
  }

  get key(): string {
    return `${this.rule.id}|${this.gridId}`;
  }

  /** Nothing worth a row or memory. */
  get isIdle(): boolean {
    return this.phase === "rest" && this.met.every((map) => map.size === 0);
  }
}

/** What satisfies a condition; `due` is when it no longer does if nothing comes. */
export class Witness implements Due {
  readonly instance: AreaInstance;
  readonly condition: number;
  readonly name: string;
  due = Infinity;
  slot = -1;
  /** event time of the newest reading or finding that speaks for it */
  ts: number;
  /** and of the first since it was last silent */
  since: number;
  /** `ts` as it was last stored */
  stored = -Infinity;

  constructor(instance: AreaInstance, condition: number, name: string, ts: number) {
    this.instance = instance;
    this.condition = condition;
    this.name = name;
    this.ts = ts;
    this.since = ts;
  }
}

export interface StoredInstance {
  readonly v: 1;
  readonly phase: AreaInstance["phase"];
  readonly since: number;
  readonly raised: number;
  readonly clear: number;
  /** by condition: name -> [ts, due, since]; due -1 = holds until something says otherwise; since is absent in rows of older releases */
  readonly met: readonly Readonly<Record<string, readonly [number, number, number?]>>[];
  readonly event: string;
  /** {@link conditionKey} of each condition; absent in rows of older releases */
  readonly of?: readonly string[];
}

/** What a condition says, without who satisfies it: state of one that says something else is none of its. */
export function conditionKey(condition: AreaCondition): string {
  let key = keys.get(condition);
  if (key === undefined) keys.set(condition, (key = Object.values(condition).flat().map(String).join(" ")));
  return key;
}

const keys = new WeakMap<AreaCondition, string>();

const time = (t: number) => (Number.isFinite(t) ? t : -1);

export function storeInstance(i: AreaInstance): StoredInstance | null {
  if (i.isIdle) return null;
  const met = i.met.map((map) => {
    const stored: Record<string, [number, number, number]> = {};
    for (const [name, witness] of map) {
      stored[name] = [witness.ts, time(witness.due), witness.since];
      witness.stored = witness.ts;
    }
    return stored;
  });
  const { phase, since, raisedAt, clearSince } = i;
  const of = i.rule.all.map(conditionKey);
  return {
    v: 1,
    phase,
    since: time(since),
    raised: time(raisedAt),
    clear: time(clearSince),
    met,
    event: i.rule.event,
    of,
  };
}

/** A conjunction over the last values of one device. */
export class DeviceVerdict {
  readonly device: Device;
  readonly instance: AreaInstance;
  readonly condition: number;
  readonly #all: readonly WrittenComparison[];
  readonly #metric: readonly number[];
  readonly #values: Float64Array;
  readonly #windows: readonly (RateWindow | null)[];
  readonly log = new SayLog();
  #newest = -Infinity;

  constructor(
    device: Device,
    instance: AreaInstance,
    condition: number,
    all: readonly WrittenComparison[],
    scale: number,
  ) {
    this.device = device;
    this.instance = instance;
    this.condition = condition;
    this.#all = all;
    this.#metric = all.map((c) => device.profile.metricIndex.get(c.metric) ?? -1);
    this.#values = new Float64Array(all.length).fill(Number.NaN);
    this.#windows = all.map((c) => (c.fn === "value" ? null : new RateWindow(c.windowMs * scale, c.fn === "rate")));
  }

  /** false where the device's profile lacks a metric: it never takes part */
  get fits(): boolean {
    return !this.#metric.includes(-1);
  }

  /** Whether a record of that time comes after a newer one. */
  isBehind(ts: number): boolean {
    return ts < this.#newest;
  }

  /** By one record alone, whatever else is known; -1 = it does not have all that is asked for. */
  judgeAlone(record: RecordBuffer): -1 | 0 | 1 {
    for (let k = 0; k < this.#all.length; k++) {
      const at = record.metric.subarray(0, record.n).indexOf(this.#metric[k]);
      if (at < 0 || this.#windows[k] !== null || record.num[at] !== record.num[at]) return -1;
      if (!holds(this.#all[k], record.num[at])) return 0;
    }
    return 1;
  }

  /** @returns 1 holds, 0 does not, -1 nothing new, not known, or older than what is known */
  judge(ts: number, record: RecordBuffer): -1 | 0 | 1 {
    if (ts < this.#newest) return -1;
    let news = false;
    for (let i = 0; i < record.n; i++) {
      if (record.num[i] !== record.num[i]) continue;
      for (let k = 0; k < this.#metric.length; k++) {
        if (this.#metric[k] !== record.metric[i]) continue;
        this.#values[k] = this.#windows[k]?.add(ts, record.num[i]) ?? record.num[i];
        news = true;
      }
    }
    if (!news) return -1;
    this.#newest = ts;
    let verdict: -1 | 1 = 1;
    for (let k = 0; k < this.#all.length; k++) {
      const value = this.#values[k];
      if (value !== value) verdict = -1;
      else if (!holds(this.#all[k], value)) return 0;
    }
    return verdict;
  }
}

function holds({ op, limit }: WrittenComparison, value: number): boolean {
  const bound = limit as number;
  if (op === "<") return value < bound;
  if (op === "<=") return value <= bound;
  if (op === ">") return value > bound;
  if (op === ">=") return value >= bound;
  return op === "==" ? value === bound : value !== bound;
}
