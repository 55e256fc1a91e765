import fc from "fast-check";
import { expect, it } from "vitest";
import type { Finding } from "../finding.ts";
import { alarm, brief, compare, device, HOUR, profile, RuleScene, SECOND, T0 } from "./rule-scene.ts";

// Schedule, latch, quiet and levels against a second-by-second reference that shares nothing with the engine.

const END = HOUR;
const LATCH_MISSING = -1;
/** open from minute 5 to 12 and from 20 to 40 after T0, which is Saturday 08:00 UTC */
const START = 5 * 1440 + 8 * 60;
const WINDOWS = [[5, 12], [20, 40]] as const; // prettier-ignore
const isOpen = (t: number) => WINDOWS.some(([from, to]) => t >= from * 60 * SECOND && t < to * 60 * SECOND);

interface Rule {
  readonly scheduled: boolean;
  readonly latch: boolean;
  readonly forMs: number;
  readonly clearForMs: number;
  readonly quietMs: number;
  readonly levelFor: number;
  readonly levelClearFor: number;
}
interface Step {
  readonly at: number;
  /** NaN = a person lets go */
  readonly value: number;
}

const rules = fc.record({
  scheduled: fc.boolean(),
  latch: fc.boolean(),
  forMs: fc.constantFrom(0, 60 * SECOND),
  clearForMs: fc.constantFrom(0, 30 * SECOND),
  quietMs: fc.constantFrom(0, 120 * SECOND),
  levelFor: fc.constantFrom(0, 45 * SECOND),
  levelClearFor: fc.constantFrom(0, 45 * SECOND),
});
const steps = fc
  .uniqueArray(
    fc.record({ at: fc.integer({ min: 1, max: 2900 }), value: fc.constantFrom(5, 5, 15, 25, 35, Number.NaN) }),
    { selector: (s) => s.at, minLength: 1, maxLength: 40 },
  )
  .map((all) => all.map((s) => ({ ...s, at: s.at * SECOND })).sort((a, b) => a.at - b.at));

function engineAlarm(r: Rule) {
  return alarm("high", {
    when: [compare(0, ">", 20)],
    clear: [compare(0, "<", 10)],
    forMs: r.forMs,
    clearForMs: r.clearForMs,
    quietMs: r.quietMs,
    latch: r.latch,
    levels: [{ when: [compare(0, ">", 30)], clear: [], forMs: r.levelFor, clearForMs: r.levelClearFor, to: 1 }],
    schedule: r.scheduled
      ? { windows: WINDOWS.map(([from, to]) => ({ from: START + from, to: START + to })), timeZone: "UTC" }
      : null,
  });
}

function reference(r: Rule, all: readonly Step[]): string[] {
  const found: string[] = [];
  let value = Number.NaN;
  let active = false;
  let released = false;
  let held = -1;
  let clear = -1;
  let support = 0;
  let on = false;
  let turn = -1;
  let severity = 3;
  let next = 0;
  const end = (t: number) => {
    active = released = on = false;
    held = clear = turn = -1;
    found.push(`clear@${t}/3`);
  };
  for (let t = 0; t <= END; t += SECOND) {
    const open = !r.scheduled || isOpen(t);
    const latched = () => r.latch && !released;
    let fresh = false;
    // what became due by this second happens before its reading, except what that very reading may still undo
    if (active && !open && !latched()) end(t);
    if (next < all.length && all[next].at === t) {
      const step = all[next++];
      if (Number.isNaN(step.value)) {
        if (active) released = true;
        if (active && !open) end(t);
      } else {
        value = step.value;
        fresh = true;
      }
    }
    if (!active) {
      held = open && value > 20 ? (held < 0 ? t : held) : -1;
      if (held < 0 || t - held < r.forMs) continue;
      active = true;
      support = t;
      clear = turn = -1;
      if (value > 30) {
        on = r.levelFor === 0;
        turn = on ? -1 : t;
      }
      severity = on ? 1 : 3;
      found.push(`raise@${t}/${severity}`);
      continue;
    }
    if (fresh && value > 20) support = t;
    const opposite = on ? !(value > 30) : value > 30;
    turn = opposite ? (turn < 0 ? t : turn) : -1;
    if (turn >= 0 && t - turn >= (on ? r.levelClearFor : r.levelFor)) {
      on = !on;
      turn = -1;
    }
    clear = value < 10 ? (clear < 0 ? t : clear) : -1;
    const over = clear >= 0 && t - clear >= r.clearForMs;
    const quiet = r.quietMs > 0 && t - support >= r.quietMs;
    const now = on ? 1 : 3;
    const falls = !latched() && (over || quiet);
    // a reading tells its severity before it ends the alarm; a timer ends it at once
    if (now !== severity && (!falls || fresh)) found.push(`update@${t}/${now}`);
    severity = now;
    if (falls) {
      end(t);
      held = LATCH_MISSING;
      // a condition that still holds begins anew with the next reading
      if (value > 20) value = Number.NaN;
    }
  }
  return found;
}

function play(r: Rule, all: readonly Step[], ticks: readonly number[], restarts: readonly number[]): string[] {
  const s = new RuleScene([device(profile([engineAlarm(r)]))]);
  const found: string[] = [];
  const moments = [
    ...all.map((step, i) => ({ at: step.at, step, i })),
    ...ticks.map((t) => ({ at: t * SECOND, step: null, i: -1 })),
  ].sort((a, b) => a.at - b.at || (a.step === null ? 1 : 0) - (b.step === null ? 1 : 0));
  for (const { at, step, i } of moments) {
    if (step === null) found.push(...brief(s.tick(at)));
    else if (Number.isNaN(step.value)) {
      const out: Finding[] = [];
      s.engine.tick(T0 + at - 1, out);
      s.engine.release("hydrant.high", s.devices[0], T0 + at, out);
      found.push(...brief(out));
    } else found.push(...brief(s.read(at, { pressure: step.value })));
    if (restarts.includes(i)) {
      s.commit();
      s.restart();
    }
  }
  for (let at = 2910 * SECOND; at <= END; at += 30 * SECOND) found.push(...brief(s.tick(at)));
  return found;
}

const ticks = fc.array(fc.integer({ min: 0, max: 2900 }), { maxLength: 15 });
const restarts = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 5 });

it("readings, people, ticks and restarts anywhere: the findings of the model", () => {
  fc.assert(
    fc.property(rules, steps, ticks, restarts, (rule, all, tickAt, restartAt) => {
      // which of several things of one second comes first is a matter of taste: they are compared as sets of that second
      const sorted = (list: readonly string[]) => [...list].sort();
      expect(sorted(play(rule, all, tickAt, restartAt))).toEqual(sorted(reference(rule, all)));
    }),
    { numRuns: 300 },
  );
});

it("repeated, late and old records, wrong clocks: raise and clear take turns, and every alarm has a reason", () => {
  const noise = fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 3000 }),
      value: fc.constantFrom(5, 15, 25, 35),
      delay: fc.constantFrom(0, 0, 30, 110, 600),
      twice: fc.boolean(),
      late: fc.boolean(),
      jump: fc.constantFrom(0, 0, 0, -3600, 3600),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(rules, noise, restarts, (rule, all, restartAt) => {
      const s = new RuleScene([device(profile([engineAlarm(rule)]))], { allowedLatenessMs: 120 * SECOND });
      const found: Finding[] = [];
      let clock = 0;
      const arrivals = [...all].sort((a, b) => a.at + a.delay - (b.at + b.delay));
      arrivals.forEach(({ at, value, delay, twice, late, jump }, i) => {
        clock += jump;
        found.push(...s.tick((at + delay + clock) * SECOND));
        for (let n = 0; n < (twice ? 2 : 1); n++) found.push(...s.read(at * SECOND, { pressure: value }, { late }));
        if (restartAt.includes(i)) {
          s.commit();
          s.restart();
        }
      });
      for (const isLate of [false, true]) {
        const phases = found.filter((f) => f.late === isLate && f.phase !== "update").map((f) => f.phase);
        phases.forEach((phase, i) => expect(phase).toBe(i % 2 === 0 ? "raise" : "clear"));
        const active = [...s.engine.activeAlarms()].length;
        if (!isLate) expect(active).toBe(phases.length % 2);
      }
      for (const f of found) expect((f.evidence.trace as unknown[]).length).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});
