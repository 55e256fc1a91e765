import { DueQueue } from "../../due-queue.ts";
import type { Finding } from "../../finding.ts";
import type { RuleCounts } from "../rule-counts.ts";
import { areaFinding } from "./area-finding.ts";
import { heldSince, holds, remember } from "./area-past.ts";
import type { AreaRule, FlagCondition } from "./area-rule.ts";
import { AreaInstance, type DeviceVerdict, Witness } from "./area-state.ts";

export interface AreaMachineOptions {
  /** of durations */
  readonly scale: number;
  /** how late a record may come, ms */
  readonly lateness: number;
  readonly counts: (rule: AreaRule) => RuleCounts;
  /** whether a flag has one of the values asked for in a grid */
  readonly flagged: (condition: FlagCondition, gridId: string) => boolean;
}

/**
 * What happens to an instance when somebody begins or ceases to satisfy a condition, and when time passes: rest, pending, active.
 * Records of several devices come in any order; what they say of the past is put where it belongs.
 */
export class AreaMachine {
  readonly timers = new DueQueue<AreaInstance | Witness>();
  readonly #of: AreaMachineOptions;
  /** hub time of the last tick, ms UTC; NaN before the first */
  now = Number.NaN;
  /** where findings go */
  out: Finding[] = [];
  /** changed since they were last written */
  dirty: AreaInstance[] = [];

  constructor(options: AreaMachineOptions) {
    this.#of = options;
  }

  clear(): void {
    this.timers.clear();
    this.dirty = [];
    this.now = Number.NaN;
  }

  /** A record that comes after a newer one of its device: what was in between is another. */
  amend(
    { instance, condition, device: { uid: name }, log }: DeviceVerdict,
    ts: number,
    says: 0 | 1,
    within: number,
  ): void {
    const witness = instance.met[condition].get(name);
    if (says === 0) {
      const next = log.nextYes(ts);
      if (witness === undefined || witness.since >= ts || next === null) return;
      remember(instance, { condition, name, from: witness.since, to: ts }, this.now - this.#of.lateness);
      witness.since = next;
    } else {
      const { from, to, open } = log.stretch(ts, within);
      if (!open || to <= this.now) remember(instance, { condition, name, from, to }, this.now - this.#of.lateness);
      else if (witness === undefined) return this.speak(instance, condition, name, from, to);
      else if (from < witness.since) witness.since = from;
      else return;
    }
    this.touch(instance);
    this.#replay(instance);
  }

  /** What was true together in the past, seen only now: an event that goes on, one that is over, or a hold that began at another time. */
  #replay(instance: AreaInstance): void {
    const { rule } = instance;
    const [forMs, clearMs] = [rule.forMs * this.#of.scale, rule.clearForMs * this.#of.scale];
    const all = holds(instance);
    if (instance.phase === "pending") {
      const since = all.at(-1)?.from ?? instance.since;
      instance.since = Math.max(since, instance.flagAt, instance.endedAt);
      this.timers.remove(instance);
      this.timers.set(instance, instance.since + forMs);
    }
    if (rule.all.some(({ what }) => what === "flag")) return;
    for (const hold of all) {
      const { from, to } = hold;
      if (to - from <= forMs || to === Infinity || from < instance.endedAt) continue;
      const again = instance.phase === "pending" ? instance.since : Infinity;
      if (instance.phase === "active") {
        // part of the event that goes on
        if (to + clearMs > instance.raisedAt) continue;
      } else if (Math.min(this.now, again) - to < clearMs) {
        // it would not have ended yet
        instance.phase = "pending";
        instance.since = from;
        this.#turn(instance, from + forMs);
        this.timers.remove(instance);
        if (again === Infinity) this.evaluate(instance, to);
        return;
      }
      this.#of.counts(instance.rule).late++;
      this.out.push(areaFinding(instance, "raise", from + forMs, hold));
      this.out.push(areaFinding(instance, "clear", to + clearMs, hold));
      instance.endedAt = to + clearMs;
    }
  }

  speak(instance: AreaInstance, condition: number, name: string, ts: number, due: number, since = ts): void {
    const map = instance.met[condition];
    let witness = map.get(name);
    const isNew = witness === undefined;
    if (witness === undefined) {
      witness = new Witness(instance, condition, name, ts);
      witness.since = since;
      map.set(name, witness);
    }
    witness.ts = Math.max(witness.ts, ts);
    this.timers.set(witness, due);
    // a witness that goes on is written again when a tenth of its life is over
    if (isNew || (due !== Infinity && ts - witness.stored > (due - ts) / 10)) this.touch(instance);
    if (!isNew) return;
    this.evaluate(instance, ts);
    const early = instance.phase === "pending" && since < instance.since;
    if (early || instance.past.some(({ to }) => to > since)) this.#replay(instance);
  }

  silence(instance: AreaInstance, condition: number, name: string, ts: number): void {
    const witness = instance.met[condition].get(name);
    if (witness === undefined) return;
    this.timers.remove(witness);
    instance.met[condition].delete(name);
    remember(instance, { condition, name, from: witness.since, to: ts }, this.now - this.#of.lateness);
    this.touch(instance);
    this.evaluate(instance, ts);
  }

  #holds(instance: AreaInstance): boolean {
    return instance.rule.all.every((condition, i) => {
      if (condition.what !== "flag") return instance.met[i].size >= ("atLeast" in condition ? condition.atLeast : 1);
      return this.#of.flagged(condition, instance.gridId);
    });
  }

  evaluate(instance: AreaInstance, ts: number): void {
    const { rule } = instance;
    const held = this.#holds(instance);
    const t = Math.max(ts || 0, instance.raisedAt || 0, instance.since || 0);
    if (instance.phase === "rest" && held) {
      instance.phase = "pending";
      // records of several devices come in any order: all of it holds since the last of them
      instance.since = Math.max(heldSince(instance), instance.flagAt, instance.endedAt);
    } else if (instance.phase === "pending" && !held) {
      instance.phase = "rest";
      instance.since = Number.NaN;
    } else if (instance.phase === "active" && held !== Number.isNaN(instance.clearSince)) {
      instance.clearSince = held ? Number.NaN : t;
    } else return;
    this.touch(instance);
    this.timers.remove(instance);
    if (instance.phase === "pending") this.timers.set(instance, instance.since + rule.forMs * this.#of.scale);
    else if (!Number.isNaN(instance.clearSince))
      this.timers.set(instance, instance.clearSince + rule.clearForMs * this.#of.scale);
    if (instance.due <= t) {
      this.timers.remove(instance);
      this.#turn(instance, t);
    }
  }

  /** What is due by `ts`; a record at that very time still comes first unless `inclusive`. */
  fire(ts: number, inclusive: boolean): void {
    const until = inclusive ? ts : ts - 1;
    for (let item = this.timers.take(until); item !== undefined; item = this.timers.take(until)) {
      const { due } = item;
      if (item instanceof AreaInstance) this.#turn(item, due);
      else this.silence(item.instance, item.condition, item.name, due);
    }
  }

  #turn(instance: AreaInstance, ts: number): void {
    if (instance.phase === "pending") {
      instance.phase = "active";
      instance.raisedAt = ts;
      this.#of.counts(instance.rule).raised++;
      this.out.push(areaFinding(instance, "raise", ts));
    } else {
      this.#of.counts(instance.rule).cleared++;
      this.out.push(areaFinding(instance, "clear", ts));
      instance.endedAt = ts;
      instance.phase = "rest";
      instance.since = instance.raisedAt = instance.clearSince = Number.NaN;
    }
    this.touch(instance);
  }

  touch(instance: AreaInstance): void {
    if (instance.dirty) return;
    instance.dirty = true;
    this.dirty.push(instance);
  }
}
