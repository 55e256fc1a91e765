import type { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../../device.ts";
import type { Finding } from "../../finding.ts";
import type { FoldStateRow } from "../../store/batch.ts";
import type { RuleCounters, RuleCounts } from "../rule-counts.ts";
import { areaOver } from "./area-finding.ts";
import { type AreaFlag, AreaFlags } from "./area-flags.ts";
import { joinDevice, type Joined } from "./area-join.ts";
import { AreaMachine } from "./area-machine.ts";
import type { AreaGrids, AreaOptions } from "./area-options.ts";
import type { AreaRule } from "./area-rule.ts";
import { AreaInstance, conditionKey, type StoredInstance, storeInstance, Witness } from "./area-state.ts";

export type { AreaGrids, AreaOptions } from "./area-options.ts";

const KEY = "@area ";

/**
 * Rules that join devices, findings and flags of a grid. Pure and durable like the alarms of a profile: a record, a finding or the
 * clock moves it, and what it found is one event on the grid.
 */
export class AreaRules {
  readonly flags = new AreaFlags();
  #rules: readonly AreaRule[];
  #grids: AreaGrids;
  readonly #scale: number;
  readonly #lateness: number;
  readonly #counters: RuleCounters;
  #counts: ReadonlyMap<AreaRule, RuleCounts>;
  readonly #instances = new Map<string, AreaInstance>();
  readonly #devices = new Map<number, Joined>();
  readonly #machine: AreaMachine;
  #orphans: { readonly key: string; readonly finding: Omit<Finding, "ts"> }[] = [];
  #rows: FoldStateRow[] = [];

  constructor({ rules, grids, durationScale, allowedLatenessMs, counters }: AreaOptions) {
    this.#rules = rules;
    this.#counters = counters;
    this.#grids = grids;
    this.#scale = durationScale;
    this.#lateness = allowedLatenessMs;
    this.#counts = new Map(rules.map((rule) => [rule, counters.of(`area:${rule.id}`)]));
    this.#machine = new AreaMachine({
      scale: durationScale,
      lateness: allowedLatenessMs,
      counts: (rule) => this.#counts.get(rule) as RuleCounts,
      flagged: ({ flag, is }, gridId) => {
        const path = this.#grids.path(gridId).map(({ id }) => id);
        for (const value of this.flags.of(flag, path)) if (is.includes(value)) return true;
        return false;
      },
    });
  }

  /** Those in force. */
  get rules(): readonly AreaRule[] {
    return this.#rules;
  }

  load(rows: readonly FoldStateRow[]): void {
    this.#instances.clear();
    this.#devices.clear();
    this.#machine.clear();
    this.#orphans = [];
    this.#rows = [];
    this.flags.load(rows);
    for (const { room, key, state } of rows) {
      if (room !== "rules" || state === null || !key.startsWith(KEY)) continue;
      const [id, gridId] = key.slice(KEY.length).split("|");
      const rule = this.rules.find((each) => each.id === id && each.event === (state as StoredInstance).event);
      if (rule !== undefined && this.#exists(gridId)) this.#restore(rule, gridId, state as StoredInstance);
      else this.#forget(key, id, gridId, state as StoredInstance);
    }
    this.#standing(this.rules);
  }

  /** A rule with one grid exists as long as the grid does: flags and findings alone may hold. */
  #standing(rules: readonly AreaRule[]): void {
    for (const rule of rules)
      if (rule.each === null && rule.grid !== null && this.#exists(rule.grid)) this.#instance(rule, rule.grid);
  }

  /**
   * Other grids from now on. What still holds in the same grid goes on with its timers; devices that stand elsewhere now speak no
   * more where they stood; what is active in a grid that is no more ends.
   */
  setGrids(grids: AreaGrids, now: number, out: Finding[]): void {
    this.#grids = grids;
    this.#machine.out = out;
    for (const { device } of [...this.#devices.values()]) this.#join(device, now);
    for (const instance of [...this.#instances.values()])
      if (!this.#exists(instance.gridId)) this.#end(instance, this.#remove(instance));
    this.#standing(this.#rules);
    for (const instance of [...this.#instances.values()]) this.#machine.evaluate(instance, now);
  }

  /**
   * Other rules from now on. A rule that says what it said goes on as if nothing had happened; one that was edited goes on with what
   * holds of the conditions that it kept; what a rule that is no more has raised ends with the next tick. A new one counts from here:
   * what is found now, flags, and readings as they come.
   * @param found one `raise` for all that is active now
   */
  setRules(rules: readonly AreaRule[], found: readonly Finding[], now: number, out: Finding[]): void {
    this.#machine.out = out;
    const before = new Map(this.#rules.map((rule) => [JSON.stringify(rule), rule]));
    this.#rules = rules.map((rule) => before.get(JSON.stringify(rule)) ?? rule);
    this.#counts = new Map(this.#rules.map((rule) => [rule, this.#counters.of(`area:${rule.id}`)]));
    for (const old of [...this.#instances.values()].filter(({ rule }) => !this.#rules.includes(rule))) {
      const state = this.#remove(old);
      const rule = this.#rules.find(({ id, event }) => id === old.rule.id && event === old.rule.event);
      const goesOn = rule !== undefined && this.#instanceFor(rule, old.gridId)?.gridId === old.gridId;
      if (goesOn && state !== null) this.#machine.touch(this.#restore(rule, old.gridId, state));
      else this.#end(old, state);
    }
    for (const { device } of [...this.#devices.values()]) this.#join(device, now);
    this.#standing(this.#rules);
    this.found(found, out);
    for (const instance of [...this.#instances.values()]) this.#machine.evaluate(instance, now);
  }

  /** Takes an instance out, with its timers. @returns what it was; null = nothing worth a row */
  #remove(instance: AreaInstance): StoredInstance | null {
    const state = storeInstance(instance);
    for (const map of instance.met) {
      for (const witness of map.values()) this.#machine.timers.remove(witness);
      map.clear();
    }
    this.#machine.timers.remove(instance);
    this.#instances.delete(instance.key);
    this.#machine.dirty = this.#machine.dirty.filter((each) => each !== instance);
    return state;
  }

  #end({ key, kept, rule, gridId, phase }: AreaInstance, state: StoredInstance | null): void {
    if (state !== null || kept) this.#forget(KEY + key, rule.id, gridId, { phase, event: rule.event });
  }

  #exists(gridId: string): boolean {
    return this.#grids.get === undefined || this.#grids.get(gridId) !== undefined;
  }

  /** One live record. @param late backfill: rules of areas look at the present only */
  observe(device: Device, ts: number, record: RecordBuffer, late: boolean, out: Finding[]): void {
    if (this.rules.length === 0) return;
    let entry = this.#devices.get(device.id);
    if (entry === undefined || entry.gridId !== device.gridId || entry.profile !== device.profile) {
      entry = this.#join(device);
    }
    if (entry.verdicts.length === 0) return;
    this.#machine.out = out;
    if (late || ts < this.#machine.now - this.#lateness) {
      for (const { instance } of entry.verdicts) this.#countsOf(instance).late++;
      return;
    }
    const t = this.#machine.now < ts ? this.#machine.now : ts;
    this.#machine.fire(t, false);
    for (const verdict of entry.verdicts) {
      this.#countsOf(verdict.instance).evaluated++;
      const behind = verdict.isBehind(ts);
      const says = behind ? verdict.judgeAlone(record) : verdict.judge(ts, record);
      if (says === -1) continue;
      const condition = verdict.instance.rule.all[verdict.condition];
      const within = (condition.what === "sensors" || condition.what === "device" ? condition.withinMs : Infinity) * this.#scale; // prettier-ignore
      if (behind) {
        if (verdict.log.insert(t, says)) this.#machine.amend(verdict, t, says, within);
        continue;
      }
      verdict.log.add(t, says);
      if (says === 1) {
        // it may have said so before, and have run out only because this record was under way
        const isNew = !verdict.instance.met[verdict.condition].has(device.uid);
        const since = isNew ? verdict.log.stretch(t, within).from : t;
        this.#machine.speak(verdict.instance, verdict.condition, device.uid, t, t + within, since);
      } else this.#machine.silence(verdict.instance, verdict.condition, device.uid, t);
    }
  }

  /** Findings of all rooms, before they become events; what these rules found themselves is left out. */
  found(findings: readonly Finding[], out: Finding[]): void {
    if (this.rules.length === 0) return;
    this.#machine.out = out;
    for (const f of findings) {
      if (f.late || f.source.startsWith("area:")) continue;
      for (const rule of this.rules) {
        rule.all.forEach((condition, i) => {
          if (condition.what !== "finding" || condition.kind !== f.kind) return;
          const instance = this.#instanceFor(rule, this.#gridOf(f));
          if (instance === null) return;
          const t = f.ts > this.#machine.now ? this.#machine.now : f.ts;
          this.#countsOf(instance).evaluated++;
          if (f.phase !== "clear") this.#machine.speak(instance, i, f.subject, t, Infinity);
          else if (instance.met[i].has(f.subject)) {
            if (condition.withinMs === 0) this.#machine.silence(instance, i, f.subject, t);
            else this.#machine.speak(instance, i, f.subject, t, t + condition.withinMs * this.#scale);
          }
        });
      }
    }
  }

  /** Sets or (with an empty value) takes back a flag. */
  setFlag(flag: AreaFlag, now: number, out: Finding[]): void {
    this.#machine.out = out;
    this.flags.set(flag);
    this.#flagged(flag.name, now);
  }

  /** Fires what is due without a message. */
  tick(now: number, out: Finding[]): void {
    this.#machine.out = out;
    const first = Number.isNaN(this.#machine.now);
    this.#machine.now = now;
    for (const { key, finding } of this.#orphans.splice(0)) {
      out.push({ ...finding, ts: now });
      this.#rows.push({ room: "rules", key, state: null });
    }
    for (const name of this.flags.expire(now)) this.#flagged(name, now);
    if (first) for (const instance of [...this.#instances.values()]) this.#machine.evaluate(instance, now);
    this.#machine.fire(now, true);
  }

  drain(out: FoldStateRow[]): void {
    this.flags.drain(out);
    for (const row of this.#rows.splice(0)) out.push(row);
    for (const instance of this.#machine.dirty) {
      instance.dirty = false;
      const state = storeInstance(instance);
      if (state !== null || instance.kept) out.push({ room: "rules", key: KEY + instance.key, state });
      instance.kept = state !== null;
    }
    this.#machine.dirty.length = 0;
  }

  /** Grids in which a rule is active. */
  activeOf(rule: AreaRule): string[] {
    return [...this.#instances.values()].filter((i) => i.rule === rule && i.phase === "active").map((i) => i.gridId);
  }

  #join(device: Device, now = this.#machine.now): Joined {
    const before = this.#devices.get(device.id);
    const entry = joinDevice(device, before, {
      rules: this.rules,
      scale: this.#scale,
      instanceFor: (rule, gridId) => this.#instanceFor(rule, gridId),
      instancesOf: (rule) => [...this.#instances.values()].filter((each) => each.rule === rule),
    });
    // where it stood before it says nothing any more
    for (const verdict of before?.verdicts ?? [])
      if (!entry.verdicts.includes(verdict))
        this.#machine.silence(verdict.instance, verdict.condition, device.uid, now);
    this.#devices.set(device.id, entry);
    return entry;
  }

  /** The rule's instance that covers a grid; null = the grid is none of its business. */
  #instanceFor(rule: AreaRule, gridId: string | null): AreaInstance | null {
    if (gridId === null) return null;
    const path = this.#grids.path(gridId);
    if (rule.grid !== null && !path.some(({ id }) => id === rule.grid)) return null;
    if (rule.each === null)
      return rule.grid === null || !this.#exists(rule.grid) ? null : this.#instance(rule, rule.grid);
    const cell = path.find(({ level }) => level === rule.each);
    return cell === undefined ? null : this.#instance(rule, cell.id);
  }

  #instance(rule: AreaRule, gridId: string): AreaInstance {
    const key = `${rule.id}|${gridId}`;
    let instance = this.#instances.get(key);
    if (instance === undefined) {
      instance = new AreaInstance(rule, gridId);
      this.#instances.set(key, instance);
    }
    return instance;
  }

  #gridOf(f: Finding): string | null {
    if (f.gridId !== null) return f.gridId;
    if (f.device !== null && f.device.gridId !== null) return f.device.gridId;
    return f.lon === null || f.lat === null ? null : this.#grids.locate(f.lon, f.lat).gridId;
  }

  #flagged(name: string, now: number): void {
    for (const instance of this.#instances.values())
      if (instance.rule.all.some((c) => c.what === "flag" && c.flag === name)) {
        instance.flagAt = now;
        this.#machine.evaluate(instance, now);
      }
  }

  #restore(rule: AreaRule, gridId: string, stored: StoredInstance): AreaInstance {
    const instance = this.#instance(rule, gridId);
    const back = (t: number) => (t < 0 ? Number.NaN : t);
    instance.kept = true;
    instance.phase = stored.phase;
    instance.since = back(stored.since);
    instance.raisedAt = back(stored.raised);
    instance.clearSince = back(stored.clear);
    stored.met.forEach((names, i) => {
      // the rule may have been edited meanwhile: who satisfied a condition that it has no more says nothing
      const at = stored.of === undefined ? i : rule.all.findIndex((each) => conditionKey(each) === stored.of?.[i]);
      if (at < 0 || at >= instance.met.length) return;
      for (const [name, [ts, due, since = ts]] of Object.entries(names)) {
        const witness = new Witness(instance, at, name, ts);
        witness.since = since;
        witness.stored = ts;
        instance.met[at].set(name, witness);
        this.#machine.timers.set(witness, due < 0 ? Infinity : due);
      }
    });
    if (instance.phase === "pending") this.#machine.timers.set(instance, instance.since + rule.forMs * this.#scale);
    else if (!Number.isNaN(instance.clearSince))
      this.#machine.timers.set(instance, instance.clearSince + rule.clearForMs * this.#scale);
    return instance;
  }

  /** A rule that is configured no more, or a grid that is none any more: its event ends with the next tick. */
  #forget(key: string, id: string, gridId: string, { phase, event }: Pick<StoredInstance, "phase" | "event">): void {
    if (phase !== "active") this.#rows.push({ room: "rules", key, state: null });
    else this.#orphans.push({ key, finding: areaOver(id, gridId, event) });
  }

  #countsOf({ rule }: AreaInstance): RuleCounts {
    return this.#counts.get(rule) as RuleCounts;
  }
}
