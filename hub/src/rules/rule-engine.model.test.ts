import fc from "fast-check";
import { expect, it } from "vitest";
import { alarm, brief, compare, device, HOUR, profile, RuleScene, SECOND } from "./rule-scene.ts";

const FOR = 60 * SECOND;
const CLEAR_FOR = 30 * SECOND;
const AFTER = 90 * SECOND;
const LATENESS = 120 * SECOND;
const END = HOUR;

const low = alarm("low", {
  when: [compare(0, "<", 10)],
  clear: [compare(0, ">", 20)],
  forMs: FOR,
  clearForMs: CLEAR_FOR,
  escalate: [{ afterMs: AFTER, to: 1 }],
});

interface Sample {
  readonly at: number;
  readonly value: number;
}

/** The semantics second by second, over readings in order: slow, obvious, sharing nothing with the engine. */
function reference(samples: readonly Sample[]): string[] {
  const found: string[] = [];
  let value = Number.NaN;
  let active = false;
  let held = -1;
  let clear = -1;
  let raised = 0;
  let severity = 3;
  let next = 0;
  for (let t = 0; t <= END; t += SECOND) {
    while (next < samples.length && samples[next].at === t) value = samples[next++].value;
    held = !active && value < 10 ? (held < 0 ? t : held) : -1;
    clear = active && value > 20 ? (clear < 0 ? t : clear) : -1;
    if (held >= 0 && t - held >= FOR) {
      active = true;
      raised = t;
      severity = 3;
      found.push(`raise@${t}/3`);
    } else if (clear >= 0 && t - clear >= CLEAR_FOR) {
      active = false;
      found.push(`clear@${t}/3`);
    } else if (active && clear < 0 && severity === 3 && t - raised >= AFTER) {
      severity = 1;
      found.push(`update@${t}/1`);
    }
  }
  return found;
}

const samples = fc
  .uniqueArray(fc.record({ at: fc.integer({ min: 1, max: 400 }), value: fc.constantFrom(5, 9, 15, 25) }), {
    selector: (s) => s.at,
    minLength: 1,
    maxLength: 40,
  })
  .map((all) => all.map((s) => ({ at: s.at * SECOND, value: s.value })).sort((a, b) => a.at - b.at));

function scene(): RuleScene {
  return new RuleScene([device(profile([low]))], { allowedLatenessMs: LATENESS });
}

it("readings in order, ticks and restarts anywhere: the findings of the model", () => {
  const ticks = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 15 });
  const restarts = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 5 });
  fc.assert(
    fc.property(samples, ticks, restarts, (all, tickAt, restartAt) => {
      const s = scene();
      const found: string[] = [];
      // the tick of a second comes after its readings
      const steps = [
        ...all.map((sample, i) => ({ at: sample.at, sample, i })),
        ...tickAt.map((t) => ({ at: t * SECOND, sample: null, i: -1 })),
      ].sort((a, b) => a.at - b.at || (a.sample === null ? 1 : 0) - (b.sample === null ? 1 : 0));
      for (const { at, sample, i } of steps) {
        if (sample === null) found.push(...brief(s.tick(at)));
        else found.push(...brief(s.read(at, { pressure: sample.value })));
        if (restartAt.includes(i)) {
          s.commit();
          s.restart();
        }
      }
      for (let at = 510 * SECOND; at <= END; at += 60 * SECOND) found.push(...brief(s.tick(at)));
      found.push(...brief(s.tick(END)));
      expect(found).toEqual(reference(all));
    }),
    { numRuns: 500 },
  );
});

it("readings out of order within the lateness: same end, and no alarm that the readings in order do not have", () => {
  const jitter = fc.array(fc.integer({ min: 0, max: 119 }), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(samples, jitter, (all, delays) => {
      const arrivals = all
        .map((sample, i) => ({ ...sample, arrives: sample.at + delays[i] * SECOND }))
        .sort((a, b) => a.arrives - b.arrives);
      const last = all[all.length - 1];
      const s = scene();
      const found = arrivals.flatMap((a) => s.read(a.at, { pressure: a.value }));
      // the newest reading says it once more, so that both sides have the same last word
      found.push(...s.read(last.at + LATENESS, { pressure: last.value }));
      found.push(...s.tick(END));
      expect(found.every((f) => !f.late)).toBe(true);
      const phases = found.map((f) => f.phase).filter((p) => p !== "update");
      phases.forEach((phase, i) => expect(phase).toBe(i % 2 === 0 ? "raise" : "clear"));
      if (last.value !== 15) expect(phases.at(-1) === "raise").toBe(last.value < 10);
    }),
    { numRuns: 500 },
  );
});
