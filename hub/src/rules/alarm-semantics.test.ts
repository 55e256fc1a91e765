import type { AlarmDef } from "@gridhub/device-profiles/compiled.ts";
import { describe, expect, it } from "vitest";
import type { Finding } from "../finding.ts";
import { alarm, brief, compare, device, HOUR, MINUTE, profile, RuleScene, T0 } from "./rule-scene.ts";

// T0 is Saturday, 22 November 2025, 08:00 UTC.

const high = alarm("high", { when: [compare(0, ">", 10)] });
const scene = (...alarms: AlarmDef[]) => new RuleScene([device(profile(alarms))]);
const release = (s: RuleScene, at: number, kind = "hydrant.high") => {
  const out: Finding[] = [];
  s.engine.release(kind, s.devices[0], T0 + at, out);
  return out;
};
const reopen = (s: RuleScene) => {
  s.commit();
  s.restart();
};

describe("schedule", () => {
  // Saturday 10:00 to 12:00
  const hours = { windows: [{ from: 5 * 1440 + 600, to: 5 * 1440 + 720 }], timeZone: "UTC" };
  const [open, shut] = [2 * HOUR, 4 * HOUR];

  it("a condition that holds waits for the window, and ends with it", () => {
    const s = scene({ ...high, schedule: hours, forMs: 10 * MINUTE });
    expect(s.read(0, { pressure: 20 })).toEqual([]);
    expect(s.tick(open + 9 * MINUTE)).toEqual([]);
    expect(brief(s.tick(open + 10 * MINUTE))).toEqual([`raise@${open + 10 * MINUTE}/3`]);
    const [clear] = s.tick(shut);
    expect(clear).toMatchObject({ phase: "clear", ts: T0 + shut });
    expect(clear.evidence.trace).toContainEqual({ step: "schedule" });
    expect(s.read(shut + HOUR, { pressure: 30 })).toEqual([]);
  });

  it("the waiting survives a restart, and ends when the condition does", () => {
    const s = scene({ ...high, schedule: hours });
    s.read(0, { pressure: 20 });
    reopen(s);
    expect(brief(s.tick(open))).toEqual([`raise@${open}/3`]);
    const other = scene({ ...high, schedule: hours });
    other.read(0, { pressure: 20 });
    other.read(HOUR, { pressure: 5 });
    expect(other.tick(open + HOUR)).toEqual([]);
    expect(other.rows.size).toBe(0);
  });

  it("a window that closes while `for` runs raises nothing; the reading at the closing minute is outside", () => {
    const s = scene({ ...high, schedule: hours, forMs: 10 * MINUTE });
    s.read(shut - 10 * MINUTE, { pressure: 20 });
    expect(s.tick(shut + MINUTE)).toEqual([]);
    expect(s.read(shut + 2 * MINUTE, { pressure: 20 })).toEqual([]);
    // a week later
    expect(brief(s.tick(open + 7 * 24 * HOUR + 10 * MINUTE))).toHaveLength(1);
  });

  it("readings later than the window end what a tick had not ended yet", () => {
    const s = scene({ ...high, schedule: hours });
    s.read(open, { pressure: 20 });
    expect(brief(s.read(shut + HOUR, { pressure: 20 }))).toEqual([`clear@${shut}/3`]);
  });

  it("a reading at the very closing that says all is well leaves nothing to wait for the next window", () => {
    const s = scene({ ...high, schedule: hours });
    s.read(open, { pressure: 20 });
    expect(brief(s.read(shut, { pressure: 5 }))).toEqual([`clear@${shut}/3`]);
    expect(s.tick(open + 7 * 24 * HOUR)).toEqual([]);
  });

  it("records outside the window do not count for `repeat`", () => {
    const s = scene({ ...high, schedule: hours, repeat: { m: 2, n: 3 } });
    s.read(open - MINUTE, { pressure: 20 });
    expect(s.read(open, { pressure: 20 })).toEqual([]);
    expect(brief(s.read(open + MINUTE, { pressure: 20 }))).toEqual([`raise@${open + MINUTE}/3`]);
  });

  it("silence outside the window alarms at its opening, unless the device is heard before", () => {
    const silent = alarm("silent", { noData: 0, noDataMs: HOUR, schedule: hours });
    const s = scene(silent);
    for (let t = 0; t < open; t += 10 * MINUTE) expect(s.tick(t)).toEqual([]);
    expect(brief(s.tick(open))).toEqual([`raise@${open}/3`]);
    const heard = scene(silent);
    for (let t = 0; t < open; t += 10 * MINUTE) expect(heard.tick(t)).toEqual([]);
    heard.read(open - MINUTE, { pressure: 1 });
    expect(heard.tick(open)).toEqual([]);
  });
});

describe("latch", () => {
  const latched = alarm("high", { when: [compare(0, ">", 10)], clearForMs: 5 * MINUTE, latch: true });

  it("stays although the condition is over, over a restart, until a person lets go", () => {
    const s = scene(latched);
    s.read(0, { pressure: 20 });
    s.read(MINUTE, { pressure: 5 });
    expect(s.tick(2 * HOUR)).toEqual([]);
    reopen(s);
    expect(s.tick(3 * HOUR)).toEqual([]);
    const [clear] = release(s, 3 * HOUR);
    expect(clear).toMatchObject({ phase: "clear", ts: T0 + 3 * HOUR });
    expect(clear.evidence.trace).toContainEqual({ step: "released" });
  });

  it("let go while the condition holds, it clears as any other", () => {
    const s = scene(latched);
    s.read(0, { pressure: 20 });
    expect(release(s, MINUTE)).toEqual([]);
    reopen(s);
    s.read(2 * MINUTE, { pressure: 5 });
    expect(brief(s.tick(7 * MINUTE))).toEqual([`clear@${7 * MINUTE}/3`]);
    // the next one is latched again
    s.read(10 * MINUTE, { pressure: 20 });
    s.read(11 * MINUTE, { pressure: 5 });
    expect(s.tick(HOUR)).toEqual([]);
  });

  it("another kind lets go of nothing", () => {
    const s = scene(latched);
    s.read(0, { pressure: 20 });
    s.read(MINUTE, { pressure: 5 });
    expect(release(s, HOUR, "hydrant.other")).toEqual([]);
    expect(release(s, HOUR)).toHaveLength(1);
  });
});

describe("cleared when quiet", () => {
  const quiet = alarm("high", { when: [compare(0, ">", 10)], clear: [compare(0, "<", 2)], quietMs: 30 * MINUTE });

  it("a device that reports alarms only: cleared after the last one, without a message", () => {
    const s = scene(quiet);
    s.read(0, { pressure: 20 });
    s.read(20 * MINUTE, { pressure: 20 });
    reopen(s);
    expect(s.tick(49 * MINUTE)).toEqual([]);
    const [clear] = s.tick(50 * MINUTE);
    expect(clear).toMatchObject({ phase: "clear", ts: T0 + 50 * MINUTE });
    expect(clear.evidence.trace).toContainEqual({ step: "quiet", ms: 30 * MINUTE });
  });

  it("readings in the band keep nothing raised", () => {
    const s = scene(quiet);
    s.read(0, { pressure: 20 });
    for (let t = 10; t < 30; t += 10) s.read(t * MINUTE, { pressure: 5 });
    expect(brief(s.read(31 * MINUTE, { pressure: 5 }))).toEqual([`clear@${30 * MINUTE}/3`]);
  });

  it("the time that the edge was away is no quiet", () => {
    const s = scene(quiet);
    s.read(0, { pressure: 20 });
    s.edge(false, MINUTE);
    expect(s.tick(2 * HOUR)).toEqual([]);
    s.edge(true, 2 * HOUR);
    expect(s.tick(2 * HOUR + 29 * MINUTE)).toEqual([]);
    expect(s.tick(2 * HOUR + 30 * MINUTE)).toHaveLength(1);
  });
});

describe("severity", () => {
  const levels = [
    { when: [compare(0, ">", 20)], clear: [compare(0, "<", 18)], forMs: 0, clearForMs: 10 * MINUTE, to: 2 as const },
    { when: [compare(0, ">", 30)], clear: [], forMs: 5 * MINUTE, clearForMs: 0, to: 1 as const },
  ];
  const stepped = { ...high, levels };

  it("up by thresholds and holds, and down again", () => {
    const s = scene(stepped);
    expect(brief(s.read(0, { pressure: 15 }))).toEqual(["raise@0/3"]);
    expect(brief(s.read(MINUTE, { pressure: 25 }))).toEqual([`update@${MINUTE}/2`]);
    expect(s.read(2 * MINUTE, { pressure: 35 })).toEqual([]);
    reopen(s);
    expect(brief(s.tick(7 * MINUTE))).toEqual([`update@${7 * MINUTE}/1`]);
    expect(brief(s.read(8 * MINUTE, { pressure: 25 }))).toEqual([`update@${8 * MINUTE}/2`]);
    expect(s.read(9 * MINUTE, { pressure: 17 })).toEqual([]);
    expect(s.tick(18 * MINUTE)).toEqual([]);
    expect(brief(s.tick(19 * MINUTE))).toEqual([`update@${19 * MINUTE}/3`]);
    expect(brief(s.read(20 * MINUTE, { pressure: 1 }))).toEqual([`clear@${20 * MINUTE}/3`]);
  });

  it("raised at once with the severity that already holds", () => {
    expect(brief(scene(stepped).read(0, { pressure: 25 }))).toEqual(["raise@0/2"]);
  });

  it("by time and by threshold together: the more severe counts", () => {
    const s = scene({ ...stepped, escalate: [{ afterMs: HOUR, to: 2 }] });
    s.read(0, { pressure: 25 });
    expect(s.tick(HOUR)).toEqual([]); // 2 already, by the threshold
    expect(s.read(HOUR + MINUTE, { pressure: 15 })).toEqual([]);
    expect(s.tick(3 * HOUR)).toEqual([]); // the threshold let go, the time did not
    expect(brief(s.read(3 * HOUR, { pressure: 35 }))).toEqual([]);
    expect(brief(s.tick(3 * HOUR + 5 * MINUTE))).toEqual([`update@${3 * HOUR + 5 * MINUTE}/1`]);
  });
});

describe("suppressed by another alarm of the device", () => {
  const tilted = alarm("tilted", { when: [compare(1, ">", 30)], severity: 2 });
  const low = alarm("low", { when: [compare(0, "<", 1)], forMs: MINUTE, suppressedBy: ["tilted"] });

  it("not raised while the other is active, raised when it ends, with its own hold kept", () => {
    const s = scene(tilted, low);
    s.read(0, { tilt: 40 });
    s.read(MINUTE, { pressure: 0.5 });
    expect(s.tick(HOUR)).toEqual([]);
    expect(brief(s.read(HOUR, { tilt: 1 }))).toEqual([`clear@${HOUR}/2`, `raise@${HOUR}/3`]);
    expect(s.engine.counters.of("test/hydrant@1.0.0#low")).toMatchObject({ suppressed: 1, raised: 1 });
  });

  it("what is over when the other ends is not raised at all; a restart changes nothing", () => {
    const s = scene(tilted, low);
    s.read(0, { tilt: 40 });
    s.read(MINUTE, { pressure: 0.5 });
    s.tick(10 * MINUTE);
    reopen(s);
    expect(s.tick(11 * MINUTE)).toEqual([]);
    s.read(12 * MINUTE, { pressure: 2 });
    expect(brief(s.read(HOUR, { tilt: 1 }))).toEqual([`clear@${HOUR}/2`]);
  });

  it("one that is active already stays", () => {
    const s = scene(tilted, low);
    s.read(0, { pressure: 0.5 });
    expect(s.tick(MINUTE)).toHaveLength(1);
    expect(brief(s.read(2 * MINUTE, { tilt: 40 }))).toEqual([`raise@${2 * MINUTE}/2`]);
  });
});

describe("limits of a device", () => {
  const limit = { attribute: "max", default: 10 };
  it("changed while running they judge what is known, without a record", () => {
    const d = device(profile([alarm("high", { when: [compare(0, ">", limit)] })]));
    const s = new RuleScene([d]);
    s.tick(0);
    s.read(0, { pressure: 8 });
    const change = (at: number, max: number) => {
      const out: Finding[] = [];
      d.attributes = { max };
      s.engine.attributesChanged(d, T0 + at, out);
      return brief(out);
    };
    expect(change(MINUTE, 5)).toEqual([`raise@${MINUTE}/3`]);
    expect(change(2 * MINUTE, 7)).toEqual([]);
    expect(change(3 * MINUTE, 9)).toEqual([`clear@${3 * MINUTE}/3`]);
  });
});

it("the difference over time, in the metric's unit", () => {
  const rise = { ...compare(0, ">", 2), fn: "difference" as const, windowMs: 10 * MINUTE };
  const s = scene(alarm("rise", { when: [rise] }));
  s.read(0, { pressure: 1 });
  expect(s.read(10 * MINUTE, { pressure: 3 })).toEqual([]);
  const [raise] = s.read(20 * MINUTE, { pressure: 5.5 });
  expect(raise).toMatchObject({ phase: "raise", evidence: { value: 2.5, limit: 2, unit: "MPa" } });
});
