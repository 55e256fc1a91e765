import { describe, expect, it } from "vitest";
import { buildWorld } from "../world.ts";
import { planDevices, type Placement } from "./plan.ts";
import { troubleEvents, Troubles } from "./troubles.ts";

const plan = planDevices(buildWorld(), true);
const MINUTE = 60_000;

/** Plays the troubles second by second; what is down or faulty then, and the longest time that anything was. */
function play(untilMs: number) {
  const since = new Map<string, number>();
  const longest = new Map<string, number>();
  let now = 0;
  const set = (uid: string, bad: boolean): void => {
    if (bad) since.set(uid, now);
    else {
      longest.set(uid, Math.max(longest.get(uid) ?? 0, now - (since.get(uid) ?? now)));
      since.delete(uid);
    }
  };
  const changes: string[] = [];
  const troubles = new Troubles(plan, {
    connect: (uid, up) => (changes.push(uid), set(uid, !up)),
    fault: (uid, code) => (changes.push(uid), set(uid, code !== null)),
  });
  for (; now <= untilMs; now += 1000) troubles.tick(now);
  return { bad: [...since.keys()], longest, changes };
}

const of = (trouble: Placement["trouble"]): string[] =>
  plan.devices.filter((d) => d.trouble === trouble).map((d) => d.uid);

describe("the troubles of a county", () => {
  it.each([0, 3, 11, 34, 61])("are a handful after %s minutes", (minutes) => {
    const { bad } = play(minutes * MINUTE);
    const late = bad.filter((uid) => of("late").includes(uid));
    expect(late.length).toBeGreaterThanOrEqual(4);
    expect(late.length).toBeLessThanOrEqual(7);
    const faulty = bad.filter((uid) => of("fault").includes(uid));
    expect(faulty.length).toBeGreaterThanOrEqual(1);
    expect(faulty.length).toBeLessThanOrEqual(3);
  });

  it("end before a battery device counts as silent", () => {
    const { longest } = play(120 * MINUTE);
    for (const [uid, ms] of longest) expect(ms, uid).toBeLessThan(19.8 * MINUTE);
    expect([...longest.keys()].sort()).toEqual([...of("late"), ...of("flapping"), ...of("fault")].sort());
  });

  it("include connections that change four times within 90 seconds", () => {
    const { changes } = play(60_000);
    for (const uid of of("flapping")) expect(changes.filter((c) => c === uid).length).toBeGreaterThanOrEqual(4);
    expect(of("flapping").length).toBe(3);
  });

  it("names the events that they cause", () => {
    expect(troubleEvents(plan).map((e) => e.subject)).toEqual(of("fault").map((uid) => `device:${uid}`));
  });
});
