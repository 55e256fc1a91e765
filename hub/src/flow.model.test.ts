import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { whyActive } from "./events/why-active.ts";
import { FlowScene } from "./flow-scene.testing.ts";

// Whatever happens to readings on their way and to the hub meanwhile: the alarms and their events are those of a small model that
// knows of no packets, no restarts and no commits, and a device is only called silent when it was.

const FOR = 60;
const CLEAR_FOR = 30;
const REOPEN = 600;
const LATE = 120;
const OFFLINE = 3 * LATE;
/** seconds between two turns of the hub */
const STEP = 10;
const PROFILE = `profile: v1
id: scene/any@1.0.0
kind: gauge
title: {zh: 场景, en: scene}
transport: {uplink: telemetry, expect_every: 1m, grace: 2}
metrics:
  level: {unit: m, range: [0, 10], title: {zh: 水位, en: level}}
alarms:
  high: {when: "level > 3", clear: "level < 2.5", for: ${FOR}s, clear_for: ${CLEAR_FOR}s, severity: 3, event: scene.high}
`;

type Step =
  /** nothing for a while, then a reading */
  | { readonly do: "read"; readonly gap: number; readonly level: number }
  /** the last message once more */
  | { readonly do: "again" }
  /** a reading of long before the last one, sent as if it were live, or out of a spool */
  | { readonly do: "old"; readonly ago: number; readonly backfill: boolean }
  | { readonly do: "restart"; readonly down: number }
  /** a commit fails: the hub goes on from what is stored */
  | { readonly do: "fail" }
  | { readonly do: "jump"; readonly seconds: number }
  /** the device's clock is set back by so much, and after a while by less than that again: right */
  | { readonly do: "behind"; readonly seconds: number }
  | { readonly do: "right" };

const read = fc.record({ do: fc.constant("read" as const), gap: fc.integer({ min: 1, max: 400 }), level: fc.constantFrom(1, 2.4, 2.7, 3.1, 4) }); // prettier-ignore
const quick = fc.record({ do: fc.constant("read" as const), gap: fc.integer({ min: 1, max: 40 }), level: fc.constantFrom(1, 2.7, 4) }); // prettier-ignore
const disturbance = (jumps: fc.Arbitrary<number>) =>
  fc.oneof(
    fc.constant({ do: "again" as const }),
    fc.record({ do: fc.constant("old" as const), ago: fc.integer({ min: 130, max: 5000 }), backfill: fc.boolean() }),
    fc.record({ do: fc.constant("restart" as const), down: fc.integer({ min: 0, max: 300 }) }),
    fc.constant({ do: "fail" as const }),
    fc.record({ do: fc.constant("jump" as const), seconds: jumps }),
    fc.record({ do: fc.constant("behind" as const), seconds: fc.integer({ min: LATE + 10, max: 5000 }) }),
    fc.constant({ do: "right" as const }),
  );
const ONLINE = /^(online heard|flapping flapping|online stable)$/;
const stepsWith = (jumps: fc.Arbitrary<number>): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof({ weight: 3, arbitrary: read }, { weight: 3, arbitrary: quick }, { weight: 3, arbitrary: disturbance(jumps) }), { maxLength: 40 }); // prettier-ignore

async function open(): Promise<FlowScene> {
  const s = await FlowScene.open({ profile: PROFILE, devices: 1 });
  s.state(true);
  s.beat();
  await s.turn();
  return s;
}

const pass = (s: FlowScene, seconds: number) => s.pass(seconds, () => s.beat(), STEP);

/** The hub starts again, and the gateway connects. */
async function restart(s: FlowScene, down: number): Promise<void> {
  await s.restart(down);
  s.state(true);
  await s.turn();
}

/** A device whose clock was set back goes on at its pace, until it is believed. @param send what it measures meanwhile */
async function untilBelieved(s: FlowScene, send: () => void): Promise<void> {
  for (let seconds = 0; seconds <= LATE; seconds += 30) {
    send();
    await pass(s, 30);
  }
  send();
  await s.turn();
}

interface Sample {
  readonly at: number;
  readonly level: number;
}

/** Second by second: the alarm, and the events that it makes. @returns lines of each event */
function reference(samples: readonly Sample[], from: number, end: number): string[][] {
  const events: string[][] = [];
  let level = Number.NaN;
  let active = false;
  let held = -1;
  let clear = -1;
  let cleared = -Infinity;
  let next = 0;
  for (let t = from; t <= end; t++) {
    // the hub's turn of a second comes before the readings of it
    if (held >= 0 && t - held >= FOR) {
      active = true;
      held = -1;
      if (t - cleared <= REOPEN) events.at(-1)?.push(`reopen@${t}`);
      else events.push([`open@${t}`]);
    } else if (clear >= 0 && t - clear >= CLEAR_FOR) {
      active = false;
      clear = -1;
      cleared = t;
      events.at(-1)?.push(`clear@${t}`);
    }
    while (next < samples.length && samples[next].at === t) level = samples[next++].level;
    held = !active && level > 3 ? (held < 0 ? t : held) : -1;
    clear = active && level < 2.5 ? (clear < 0 ? t : clear) : -1;
  }
  return events;
}

/** Lines that tell of beginnings and ends, without severity. */
function lived(s: FlowScene): string[][] {
  return s
    .events("scene.high")
    .filter(({ late }) => !late)
    .map((event) => s.timeline(event).map((line) => line.replace(/\/\d$/, "")))
    .map((lines) => lines.filter((line) => /^(open|reopen|clear)@/.test(line)));
}

describe("from the message to the event, whatever happens", () => {
  it("same alarms, same transitions as a model that knows of no packets, restarts and failed commits; every active event has a reason that can be named", async () => {
    await fc.assert(
      fc.asyncProperty(stepsWith(fc.integer({ min: 1, max: 4000 })), async (steps) => {
        const s = await open();
        const from = s.at;
        const samples: Sample[] = [];
        /** by how much the device's clock is behind */
        let behind = 0;
        /** two old records alone, as far apart as they arrive, are what a clock that was set back looks like */
        let wasOld = false;
        const check = () => {
          expect(lived(s)).toEqual(reference(samples, from, s.at));
          for (const event of s.book.active()) {
            const reason = whyActive(event);
            expect(reason?.detail.length).toBeGreaterThan(0);
            if (event.kind === "scene.high" && !event.late) expect(lived(s).at(-1)?.at(-1)).toMatch(/open@/);
          }
        };
        for (const step of steps) {
          if (step.do === "read") {
            await pass(s, step.gap);
            s.send({ level: step.level }, { ago: behind });
            samples.push({ at: s.at, level: step.level });
            await s.turn();
            wasOld = false;
          } else if (step.do === "again") {
            if (samples.length > 0) s.send({ level: 9 }, { again: true });
            await s.turn();
          } else if (step.do === "old") {
            // older than what the device has said by more than is sorted in
            const since = s.at - (samples.at(-1)?.at ?? s.at);
            if (!wasOld) s.send({ level: 1 }, { ago: behind + since + step.ago, backfill: step.backfill });
            await s.turn();
            wasOld = true;
          } else if (step.do === "behind") {
            const level = samples.at(-1)?.level;
            if (level === undefined || behind > 0) continue;
            behind = step.seconds;
            await untilBelieved(s, () => s.send({ level }, { ago: behind }));
            samples.push({ at: s.at, level });
            wasOld = false;
          } else if (step.do === "right") behind = 0;
          else if (step.do === "fail") await s.fail();
          else if (step.do === "jump") await s.jump(step.seconds);
          else await restart(s, step.down);
          check();
        }
        // all is well for long enough: nothing is left that nobody can explain
        for (let i = 0; i < 5; i++) {
          await pass(s, 60);
          s.send({ level: 1 }, { ago: behind });
          samples.push({ at: s.at, level: 1 });
          await s.turn();
        }
        check();
        await pass(s, 2000);
        s.send({ level: 1 }, { ago: behind });
        await pass(s, 1);
        expect([...s.book.active()].filter(({ kind }) => kind === "scene.high")).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("the hub's own clock is set back: same alarms, as soon as by a clock that goes on", async () => {
    const back = fc.integer({ min: -5000, max: -3 });
    // of a device whose clock goes with the hub's, and of one whose clock is right
    await fc.assert(
      fc.asyncProperty(fc.boolean(), stepsWith(back), async (follows, steps) => {
        const s = await open();
        const from = s.at;
        const samples: Sample[] = [];
        /** by how much the hub's clock was set back so far */
        let lost = 0;
        const ends = (lines: readonly (readonly string[])[]) =>
          lines.flat().map((line) => (line.startsWith("clear") ? "clear" : "raise"));
        const check = () => expect(ends(lived(s))).toEqual(ends(reference(samples, from, s.at + lost)));
        const read = async (level: number) => {
          s.send({ level }, { ago: follows ? 0 : -lost });
          samples.push({ at: s.at + lost, level });
          await s.turn();
          check();
        };
        for (const step of steps) {
          if (step.do === "read") {
            await pass(s, step.gap);
            check();
            await read(step.level);
          } else if (step.do === "jump") {
            // a device that is ahead by some minutes is taken at its word
            const seconds = follows ? step.seconds : Math.min(step.seconds, -400);
            await s.jump(seconds);
            lost -= seconds;
          } else if (step.do === "fail" || step.do === "restart") {
            if (step.do === "restart") await restart(s, step.down);
            else await s.fail();
            await s.turn(); // the hub's clock is known again
          }
          check();
        }
        for (let i = 0; i < 5; i++) {
          await pass(s, 60);
          await read(1);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("a device is silent only if nothing came for so long while the hub listened, and no longer once it is heard; no illegal change of health", async () => {
    const jumps = fc.oneof(fc.integer({ min: 100, max: 90_000 }), fc.integer({ min: -90_000, max: -100 }));
    await fc.assert(
      fc.asyncProperty(stepsWith(jumps), async (steps) => {
        const s = await open();
        /** seconds that the hub listened since the device was last heard; and whether a restart may have set its silence back */
        let silence = 0;
        let restarted = false;
        let heard = false;
        let behind = 0;
        let wasOld = false;
        const check = () => {
          const [state] = s.healthOf().split(" ");
          if (state === "flapping") return;
          if (state === "offline") expect(heard).toBe(true);
          if (state === "late" || state === "offline") {
            expect(silence).toBeGreaterThanOrEqual(state === "late" ? LATE : OFFLINE);
          } else if (!restarted) expect(silence).toBeLessThan(LATE + STEP);
        };
        for (const step of steps) {
          if (step.do === "read") {
            for (let left = step.gap; left > 0; left -= STEP) {
              const seconds = Math.min(left, STEP);
              await pass(s, seconds);
              silence += seconds;
              check();
            }
            s.send({ level: step.level }, { ago: behind });
            await s.turn();
            [silence, restarted, heard, wasOld] = [0, false, true, false];
            expect(s.healthOf()).toMatch(ONLINE);
          } else if (step.do === "behind") {
            if (!heard || behind > 0) continue;
            behind = step.seconds;
            await untilBelieved(s, () => s.send({ level: 1 }, { ago: behind }));
            [silence, restarted, wasOld] = [0, false, false];
            expect(s.healthOf()).toMatch(ONLINE);
          } else if (step.do === "right") {
            behind = 0;
          } else if (step.do === "again") {
            const before = s.healthOf();
            if (heard) s.send({ level: 1 }, { again: true });
            await s.turn();
            expect(s.healthOf()).toBe(before);
          } else if (step.do === "old") {
            const before = s.healthOf();
            if (!wasOld) s.send({ level: 1 }, { ago: behind + step.ago, backfill: step.backfill });
            await s.turn();
            wasOld = true;
            expect(s.healthOf()).toBe(before);
          } else if (step.do === "jump") {
            const before = s.healthOf();
            await s.jump(step.seconds);
            expect(s.healthOf()).toBe(before);
          } else {
            if (step.do === "fail") await s.fail();
            else await restart(s, step.down);
            restarted = true;
            check();
          }
        }
        const legal = /(unknown>(unknown|online|late)|online>(late|flapping)|late>(online|offline|flapping)|offline>(online|flapping)|flapping>(online|late|offline)) /; // prettier-ignore
        for (const line of s.store.healthLog.filter((each) => each.startsWith("device:"))) expect(line).toMatch(legal);
      }),
      { numRuns: 60 },
    );
  });
});
