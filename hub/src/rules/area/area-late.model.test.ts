import { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../finding.ts";
import { RuleCounters } from "../rule-counts.ts";
import { device, profile, SECOND, T0 } from "../rule-scene.ts";
import { loadAreaRules } from "./area-rule.ts";
import { AreaRules } from "./area-rules.ts";

const WITHIN = 100;
const LATENESS = 120;
const END = 1500;
const grids = { path: (id: string) => [{ id, level: "town" }], locate: () => ({ gridId: "town" }) };
const devices = [1, 2, 3].map((id) => ({ ...device(profile([]), id), gridId: "town" }));

interface Sample {
  /** seconds since T0 */
  readonly at: number;
  readonly sensor: number;
  readonly yes: boolean;
}
interface Told {
  readonly from: number;
  to: number;
  readonly late: boolean;
}

function rulesOf(forS: number, clearS: number) {
  const text = `rules: v1
area:
  spread:
    title: {zh: 蔓延, en: Spread}
    event: flood.spread
    severity: 2
    grid: town
    for: ${forS}s
    clear_for: ${clearS}s
    all: [{sensors: hydrant, when: "pressure > 3", at_least: 2, within: ${WITHIN}s}]
`;
  return loadAreaRules(text, "rules.yaml").rules;
}

/** Two of three said yes, each yes good for so long: second by second, in the order of sample times. */
function truth(samples: readonly Sample[], forS: number, clearS: number): Told[] {
  const events: Told[] = [];
  const until = [0, 0, 0];
  let active = false;
  let since = -1;
  let clear = -1;
  for (let t = 0; t <= END; t++) {
    for (const { at, sensor, yes } of samples) if (at === t) until[sensor] = yes ? t + WITHIN : t;
    const held = until.filter((u) => u > t).length >= 2;
    since = held ? (since < 0 ? t : since) : -1;
    clear = held ? -1 : clear < 0 ? t : clear;
    if (!active && since >= 0 && t - since >= forS) {
      active = true;
      events.push({ from: t, to: Infinity, late: false });
    } else if (active && clear >= 0 && t - clear >= clearS) {
      active = false;
      (events.at(-1) as Told).to = t;
    }
  }
  return events;
}

function run(samples: readonly Sample[], delays: readonly number[], forS: number, clearS: number): Told[] {
  const area = new AreaRules({ rules: rulesOf(forS, clearS), grids, durationScale: 1, allowedLatenessMs: LATENESS * SECOND, counters: new RuleCounters() }); // prettier-ignore
  area.load([]);
  const out: Finding[] = [];
  const arrivals = samples
    .map((sample, i) => ({ ...sample, arrives: sample.at + delays[i % delays.length] }))
    .sort((a, b) => a.arrives - b.arrives || a.at - b.at);
  const record = new RecordBuffer();
  for (let t = 0; t <= END; t++) {
    for (const { at, sensor, yes } of arrivals.filter(({ arrives }) => arrives === t)) {
      area.tick(T0 + t * SECOND - 1, out);
      record.reset();
      record.push(0, yes ? 5 : 1, 0);
      area.observe(devices[sensor], T0 + at * SECOND, record, false, out);
    }
    if (t % 10 === 0) area.tick(T0 + t * SECOND, out);
  }
  const told: Told[] = [];
  let open: Told | null = null;
  let late: Told | null = null;
  for (const { phase, ts, late: isLate } of out) {
    const at = Math.round((ts - T0) / SECOND); // the hub is a millisecond before the record
    if (phase === "raise") {
      expect(isLate ? late : open).toBeNull();
      const event: Told = { from: at, to: Infinity, late: isLate };
      told.push(event);
      if (isLate) late = event;
      else open = event;
    } else {
      const event = (isLate ? late : open) as Told;
      expect(at).toBeGreaterThanOrEqual(event.from);
      event.to = at;
      if (isLate) late = null;
      else open = null;
    }
  }
  return told;
}

const samples = fc
  .uniqueArray(
    fc.record({ at: fc.integer({ min: 1, max: 128 }), sensor: fc.integer({ min: 0, max: 2 }), yes: fc.boolean() }),
    { selector: ({ at }) => at, minLength: 1, maxLength: 40 },
  )
  // so that no sum of holds and windows falls on a record: which of two things of one moment comes first is nobody's promise
  .map((all) => all.map((sample) => ({ ...sample, at: sample.at * 7 })).sort((a, b) => a.at - b.at));
const holds = fc.tuple(fc.constantFrom(0, 20, 60), fc.constantFrom(0, 30));

describe("sensors of a grid whose records come in any order", () => {
  it("in order: the events of the model", () => {
    fc.assert(
      fc.property(samples, holds, (all, [forS, clearS]) => {
        expect(run(all, [0], forS, clearS)).toEqual(truth(all, forS, clearS));
      }),
      { numRuns: 300 },
    );
  });

  it("late within the lateness: what was true together for long enough is told, then or afterwards", () => {
    const delays = fc.array(fc.integer({ min: 0, max: LATENESS - 5 }), { minLength: 5, maxLength: 20 });
    fc.assert(
      fc.property(samples, holds, delays, (all, [forS, clearS], late) => {
        const told = run(all, late, forS, clearS);
        for (const { from, to } of truth(all, forS, clearS)) {
          // raised and ended by what was known at the time: told at another moment than it was, by the lateness at most
          const found = told.some((each) => each.from <= to + LATENESS && each.to + LATENESS >= from);
          if (!found) expect({ from, to, told }).toEqual("told");
        }
        for (const event of told) expect(event.to).toBeLessThan(Infinity);
      }),
      { numRuns: 300 },
    );
  });
});
