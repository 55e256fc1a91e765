import { Quality } from "@gridhub/device-profiles/reading.ts";
import { describe, expect, it } from "vitest";
import { alarm, brief, compare, device, HOUR, MINUTE, profile, RuleScene, SECOND, T0 } from "./rule-scene.ts";

const LIMIT = { attribute: "min_pressure", default: 0.1 };
const low = alarm("low_pressure", {
  when: [compare(0, "<", LIMIT)],
  clear: [compare(0, ">", LIMIT, 0.02)],
  forMs: 10 * MINUTE,
  clearForMs: 5 * MINUTE,
  escalate: [{ afterMs: 2 * HOUR, to: 2 }],
});
const instant = alarm("knocked_over", { when: [compare(1, ">", 30)], severity: 2 });

function scene(...alarms: Parameters<typeof profile>[0]): RuleScene {
  return new RuleScene([device(profile(alarms))]);
}

describe("raise and clear", () => {
  it("raises at once without `for` and says why", () => {
    const s = scene(instant);
    expect(s.read(0, { tilt: 30 })).toEqual([]);
    const [finding] = s.read(MINUTE, { tilt: 31 });
    expect(finding).toMatchObject({
      kind: "hydrant.knocked_over",
      phase: "raise",
      severity: 2,
      ts: T0 + MINUTE,
      subject: "device:town/hydrant-1",
      source: "rule:test/hydrant@1.0.0#knocked_over",
      late: false,
      lon: 122.4,
      evidence: { metric: "tilt", value: 31, limit: 30, unit: "deg", since: T0 + MINUTE, heldMs: 0 },
    });
    expect(finding.evidence.trace).toEqual([
      { step: "compare", metric: "tilt", fn: "value", op: ">", limit: 30, value: 31, unit: "deg" },
    ]);
    expect(s.read(2 * MINUTE, { tilt: 40 })).toEqual([]); // one finding on raise
    expect(brief(s.read(3 * MINUTE, { tilt: 2 }))).toEqual([`clear@${3 * MINUTE}/2`]);
  });

  it("hysteresis at the edge: neither limit itself nor the band between changes anything", () => {
    const s = scene({ ...low, forMs: 0, clearForMs: 0, escalate: [] });
    expect(s.read(0, { pressure: 0.1 })).toEqual([]);
    expect(brief(s.read(1, { pressure: 0.0999 }))).toEqual(["raise@1/3"]);
    expect(s.read(2, { pressure: 0.11 })).toEqual([]);
    expect(s.read(3, { pressure: 0.1 + 0.02 })).toEqual([]);
    const [clear] = s.read(4, { pressure: 0.1201 });
    expect(clear).toMatchObject({ phase: "clear", evidence: { limit: 0.12, value: 0.1201, heldMs: 3 } });
    expect(s.read(5, { pressure: 0.11 })).toEqual([]);
  });

  it("`for` needs the condition without interruption", () => {
    const s = scene(low);
    s.read(0, { pressure: 0.05 });
    s.read(9 * MINUTE, { pressure: 0.2 });
    s.read(10 * MINUTE, { pressure: 0.05 });
    expect(s.tick(19.9 * MINUTE)).toEqual([]);
    const [raise] = s.tick(20 * MINUTE);
    expect(raise).toMatchObject({ ts: T0 + 20 * MINUTE, evidence: { value: 0.05, heldMs: 10 * MINUTE } });
  });

  it("cleared when quiet: `clear_for` runs out without a message", () => {
    const s = scene(low);
    s.read(0, { pressure: 0.05 });
    s.tick(10 * MINUTE);
    s.read(11 * MINUTE, { pressure: 0.2 });
    s.read(12 * MINUTE, { pressure: 0.11 }); // back in the band: not clear any more
    s.read(13 * MINUTE, { pressure: 0.2 });
    expect(s.tick(17 * MINUTE)).toEqual([]);
    expect(brief(s.tick(18 * MINUTE))).toEqual([`clear@${18 * MINUTE}/3`]);
    expect(s.engine.open.timers).toBe(0);
  });

  it("a value holds until the next one, whichever clock comes first", () => {
    const s = scene(low);
    s.read(0, { pressure: 0.05 });
    const found = s.read(6 * HOUR, { pressure: 0.3 });
    expect(brief(found)).toEqual([`raise@${10 * MINUTE}/3`, `update@${2 * HOUR + 10 * MINUTE}/2`]);
    expect(found[0].evidence.value).toBe(0.05);
  });

  it("a reading that was under way while the hub's clock raised ends nothing before it began", () => {
    const s = scene({ ...low, clearForMs: 0, escalate: [] });
    s.read(0, { pressure: 0.05 });
    expect(brief(s.tick(10 * MINUTE))).toEqual([`raise@${10 * MINUTE}/3`]);
    expect(brief(s.read(9.5 * MINUTE, { pressure: 0.2 }))).toEqual([`clear@${10 * MINUTE}/3`]);
  });

  it("severity up by the ladder, down again with the all-clear", () => {
    const s = scene({ ...low, clearForMs: 0, escalate: [...low.escalate, { afterMs: 4 * HOUR, to: 1 }] });
    s.read(0, { pressure: 0.05 });
    expect(brief(s.tick(10 * MINUTE))).toEqual([`raise@${10 * MINUTE}/3`]);
    expect(brief(s.tick(2 * HOUR + 10 * MINUTE))).toEqual([`update@${2 * HOUR + 10 * MINUTE}/2`]);
    expect(brief(s.tick(4 * HOUR + 10 * MINUTE))).toEqual([`update@${4 * HOUR + 10 * MINUTE}/1`]);
    expect(brief(s.read(5 * HOUR, { pressure: 0.2 }))).toEqual([`clear@${5 * HOUR}/3`]);
    s.read(6 * HOUR, { pressure: 0.05 });
    expect(brief(s.tick(7 * HOUR))).toEqual([`raise@${6 * HOUR + 10 * MINUTE}/3`]);
  });

  it("limits come from the device and follow it", () => {
    const d = device(profile([{ ...low, forMs: 0, clearForMs: 0 }]), 1, { min_pressure: 0.3 });
    const s = new RuleScene([d]);
    expect(s.read(0, { pressure: 0.29 })).toHaveLength(1);
    d.attributes = { min_pressure: "unknown" };
    expect(brief(s.read(1, { pressure: 0.13 }))).toEqual(["clear@1/3"]);
  });

  it("values that are not available count neither for nor against", () => {
    const s = scene(low);
    s.read(0, { pressure: 0.05 });
    s.read(MINUTE, { pressure: Number.NaN });
    expect(brief(s.tick(10 * MINUTE))).toEqual([`raise@${10 * MINUTE}/3`]);
    s.read(11 * MINUTE, { pressure: Number.NaN, battery: 3.6 });
    expect(s.tick(60 * MINUTE)).toEqual([]);
  });

  it("a conjunction uses the last known value of each metric", () => {
    const s = scene(alarm("both", { when: [compare(0, "<", 0.1), compare(1, ">", 30)] }));
    expect(s.read(0, { pressure: 0.05 })).toEqual([]);
    expect(brief(s.read(1, { tilt: 45 }))).toEqual(["raise@1/3"]);
    expect(brief(s.read(2, { pressure: 0.3 }))).toEqual(["clear@2/3"]);
  });

  it("repeat: m of the last n records, also before `for`", () => {
    const s = scene({ ...instant, repeat: { m: 2, n: 3 } });
    const tilts = [40, 0, 0, 40, 0, 40];
    expect(tilts.flatMap((tilt, i) => s.read(i * SECOND, { tilt }))).toHaveLength(1);
    expect(s.read(6 * SECOND, { tilt: 0 })).toHaveLength(1);
    expect(s.engine.open.timers).toBe(0);

    const held = scene({ ...instant, repeat: { m: 2, n: 3 }, forMs: MINUTE });
    [40, 40, 0].forEach((tilt, i) => held.read(i * SECOND, { tilt }));
    expect(brief(held.tick(MINUTE + SECOND))).toEqual([`raise@${MINUTE + SECOND}/2`]);
  });

  it("a repeated message is one record", () => {
    const s = scene({ ...instant, repeat: { m: 2, n: 3 } });
    expect(s.read(0, { tilt: 40 })).toEqual([]);
    expect(s.read(0, { tilt: 40 })).toEqual([]);
    expect(s.read(1, { tilt: 40 })).toHaveLength(1);
  });

  it("rate over a window; unknown until there is a reference", () => {
    const burst = { metric: 0, fn: "rate", windowMs: 10 * SECOND, op: "<", limit: -0.005, offset: 0 } as const;
    const s = scene(alarm("burst", { when: [burst] }));
    expect(s.read(0, { pressure: 0.3 })).toEqual([]);
    expect(s.read(1 * SECOND, { pressure: 0.26 })).toEqual([]); // 1 s is no 10 s window
    expect(s.read(5 * SECOND, { pressure: 0.29 })).toEqual([]);
    const [raise] = s.read(10 * SECOND, { pressure: 0.24 });
    expect(raise.evidence).toMatchObject({ unit: "MPa/s", value: -0.006 });
    expect(s.read(60 * SECOND, { pressure: 0.1 })).toEqual([]); // a hole in the readings: unknown
  });

  it("durations scale", () => {
    const s = new RuleScene([device(profile([low]))], { durationScale: 0.03 });
    s.read(0, { pressure: 0.05 });
    expect(brief(s.tick(18 * SECOND))).toEqual([`raise@${18 * SECOND}/3`]);
  });
});

describe("silence", () => {
  const silent = alarm("silent", { noData: 0, noDataMs: HOUR, severity: 4, suppressIf: "edge_offline" });

  function quiet(s: RuleScene, from: number, to: number): string[] {
    const found = [];
    for (let at = from; at <= to; at += 10 * MINUTE) found.push(...s.tick(at));
    return brief(found);
  }

  it("no-data per metric: other metrics and unavailable values are no news of this one", () => {
    const s = scene(silent);
    quiet(s, 0, 20 * MINUTE);
    s.read(20 * MINUTE, { pressure: 0.3 });
    quiet(s, 30 * MINUTE, 50 * MINUTE);
    s.read(50 * MINUTE, { battery: 3.6, pressure: Number.NaN });
    expect(quiet(s, 60 * MINUTE, 2 * HOUR)).toEqual([`raise@${80 * MINUTE}/4`]);
    const [clear] = s.read(2 * HOUR, { pressure: 0.3 });
    expect(clear).toMatchObject({ phase: "clear", evidence: { metric: "pressure" } });
    expect(quiet(s, 2 * HOUR, 4 * HOUR)).toEqual([`raise@${3 * HOUR}/4`]);
  });

  it("starts with the registration", () => {
    expect(quiet(scene(silent), 0, 2 * HOUR)).toEqual([`raise@${HOUR}/4`]);
  });

  it("edge offline: none of its devices alarms, on return the timers start anew", () => {
    const s = scene(silent, low);
    s.tick(0);
    s.read(0, { pressure: 0.05 });
    s.edge(false, 5 * MINUTE);
    expect(quiet(s, 10 * MINUTE, 5 * HOUR)).toEqual([]);
    s.edge(true, 5 * HOUR);
    expect(quiet(s, 5 * HOUR, 5 * HOUR + 50 * MINUTE)).toEqual([]);
    expect(quiet(s, 6 * HOUR, 6 * HOUR)).toEqual([`raise@${6 * HOUR}/4`]);
    // what was held before is decided by the next reading
    const found = s.read(6 * HOUR + MINUTE, { pressure: 0.05 });
    expect(found.map((f) => `${f.phase} ${f.kind}`)).toEqual(["clear hydrant.silent", "raise hydrant.low_pressure"]);
  });

  it("an edge that is away stays away over a restart", () => {
    const s = scene(silent);
    s.tick(0);
    s.edge(false, MINUTE);
    s.commit();
    s.restart();
    expect(quiet(s, 10 * MINUTE, 5 * HOUR)).toEqual([]);
  });

  it("hours of a stopped hub are no silence, silence before the stop is", () => {
    const s = scene(silent);
    s.tick(0);
    s.read(0, { pressure: 0.3 });
    quiet(s, 10 * MINUTE, 40 * MINUTE);
    s.commit();
    s.restart();
    expect(quiet(s, 10 * HOUR, 10 * HOUR + 20 * MINUTE)).toEqual([]);
    // 40 of 60 minutes had passed; up to a tenth is not known
    expect(quiet(s, 10 * HOUR + 30 * MINUTE, 10 * HOUR + 30 * MINUTE)).toHaveLength(1);
  });

  it("clock jump: an hour forward or back makes nobody silent", () => {
    const s = scene(silent, { ...low, escalate: [] });
    s.tick(0);
    s.read(0, { pressure: 0.05 });
    s.tick(5 * MINUTE);
    expect(brief(s.tick(2 * HOUR))).toEqual([`raise@${10 * MINUTE}/3`]); // only what really held
    expect(s.tick(2 * HOUR + 25 * MINUTE)).toEqual([]);

    const back = scene(silent, { ...low, escalate: [] });
    back.tick(0);
    back.read(0, { pressure: 0.05 });
    back.tick(9 * MINUTE);
    expect(back.tick(-60 * MINUTE)).toEqual([]);
    expect(brief(back.tick(-59 * MINUTE))).toEqual([`raise@${10 * MINUTE}/3`]); // the tenth minute all the same
  });
});

describe("lateness", () => {
  it("late packet harmless: a reading of the past touches no live state", () => {
    const s = scene(instant, low);
    s.tick(0);
    s.read(0, { tilt: 0, pressure: 0.3 });
    expect(brief(s.read(-HOUR, { tilt: 50 }))).toEqual([`late raise@${-HOUR}/2`]);
    expect(s.read(1, { tilt: 1 })).toEqual([]);
    expect(brief(s.tick(11 * MINUTE))).toEqual([`late clear@${-HOUR}/2`]); // the history run ends
    s.read(12 * MINUTE, { pressure: 0.05 });
    expect(s.read(5 * MINUTE, { pressure: 0.3 }, { late: true })).toEqual([]);
    expect(brief(s.tick(22 * MINUTE))).toEqual([`raise@${22 * MINUTE}/3`]);
    s.commit();
    expect([...s.rows.keys()].filter((key) => key.startsWith("~"))).toEqual([]);
  });

  it("backfill in history mode: found by its own time, marked late, over a restart", () => {
    const s = scene(low);
    s.tick(0);
    s.read(-3 * HOUR, { pressure: 0.05 }, { late: true });
    s.commit();
    s.restart();
    s.tick(MINUTE);
    expect(brief(s.read(-HOUR, { pressure: 0.3 }, { late: true }))).toEqual([
      `late raise@${-3 * HOUR + 10 * MINUTE}/3`,
    ]);
    expect(brief(s.read(-30 * MINUTE, { pressure: 0.3 }, { late: true }))).toEqual([`late clear@${-55 * MINUTE}/3`]);
    expect(s.tick(HOUR)).toEqual([]);
  });

  it("out of order within the lateness: holds grow and shrink, never corrupt", () => {
    const grow = scene(low);
    grow.read(0, { pressure: 0.3 });
    grow.read(100 * SECOND, { pressure: 0.05 });
    grow.read(60 * SECOND, { pressure: 0.05 }); // it began earlier
    expect(brief(grow.tick(11 * MINUTE))).toEqual([`raise@${11 * MINUTE}/3`]);

    const shrink = scene(low);
    shrink.read(0, { pressure: 0.05 });
    shrink.read(100 * SECOND, { pressure: 0.05 });
    shrink.read(60 * SECOND, { pressure: 0.3 }); // it was interrupted
    expect(shrink.tick(11 * MINUTE)).toEqual([]);
    expect(brief(shrink.tick(12 * MINUTE))).toEqual([`raise@${100 * SECOND + 10 * MINUTE}/3`]);
  });

  it("a hold never grows past a reading that spoke against it", () => {
    const s = scene(low);
    s.read(0, { pressure: 0.05 });
    s.read(60 * SECOND, { pressure: 0.3 });
    s.read(100 * SECOND, { pressure: 0.05 });
    s.read(30 * SECOND, { pressure: 0.05 });
    expect(brief(s.tick(HOUR))).toEqual([`raise@${100 * SECOND + 10 * MINUTE}/3`]);
  });

  it("a short blip that arrives after its all-clear is kept as history", () => {
    const s = scene(instant);
    s.read(10 * SECOND, { tilt: 0 });
    expect(brief(s.read(9 * SECOND, { tilt: 50 }))).toEqual(["late raise@9000/2"]);
  });

  it("a sample time in the future does not blind the alarm", () => {
    const s = scene(instant);
    s.tick(0);
    s.read(365 * 24 * HOUR, { tilt: 0 }, { quality: Quality.clock });
    s.tick(MINUTE);
    expect(brief(s.read(MINUTE, { tilt: 50 }))).toEqual([`raise@${MINUTE}/2`]);
  });

  it("a device clock that was set back is believed once it keeps going at the right pace", () => {
    const s = scene(instant, low);
    s.tick(0);
    s.read(0, { tilt: 0, pressure: 0.05 });
    s.tick(MINUTE);
    expect(brief(s.read(-HOUR, { tilt: 50 }))).toEqual([`late raise@${-HOUR}/2`]);
    s.tick(2 * MINUTE);
    expect(s.read(-59 * MINUTE, { tilt: 50 })).toEqual([]);
    s.tick(3 * MINUTE);
    // and what it says is told by the hub's clock
    expect(brief(s.read(-58 * MINUTE, { tilt: 50 }))).toEqual([`raise@${3 * MINUTE}/2`]);
  });

  it("a device whose clock is wrong gets its full `for` by the hub's clock", () => {
    const s = scene(low);
    s.tick(0);
    s.read(-3 * HOUR, { pressure: 0.05 }, { quality: Quality.clock });
    expect(s.tick(9 * MINUTE)).toEqual([]);
    expect(brief(s.tick(10 * MINUTE))).toEqual([`raise@${-3 * HOUR + 10 * MINUTE}/3`]);
  });
});

describe("durable state", () => {
  it("timer across a restart: fires at the right time without a new message", () => {
    const s = scene(low);
    s.tick(0);
    s.read(0, { pressure: 0.05 });
    expect(s.commit()).toEqual(["town/hydrant-1"]);
    s.restart();
    expect(s.tick(9 * MINUTE)).toEqual([]);
    const [raise] = s.tick(10 * MINUTE);
    expect(raise).toMatchObject({ phase: "raise", ts: T0 + 10 * MINUTE, evidence: { value: 0.05, limit: 0.1 } });
    s.commit();
    s.restart();
    expect(s.tick(11 * MINUTE)).toEqual([]);
    expect(brief(s.tick(3 * HOUR))).toEqual([`update@${2 * HOUR + 10 * MINUTE}/2`]);
    s.commit();
    s.restart();
    s.read(3 * HOUR, { pressure: 0.3 });
    s.commit();
    s.restart();
    expect(brief(s.tick(3 * HOUR + 5 * MINUTE))).toEqual([`clear@${3 * HOUR + 5 * MINUTE}/3`]);
    expect(s.commit()).toEqual(["town/hydrant-1"]);
    expect([...s.rows.keys()]).toEqual(["#clock"]);
  });

  it("what was not committed happens again", () => {
    const s = scene(low);
    s.read(0, { pressure: 0.05 });
    s.commit();
    expect(s.tick(10 * MINUTE)).toHaveLength(1);
    s.restart(); // the commit of the finding failed
    expect(s.tick(10 * MINUTE)).toHaveLength(1);
  });

  it("readings that change nothing write nothing", () => {
    const s = scene(low, instant, alarm("silent", { noData: 0, noDataMs: HOUR }));
    s.tick(0);
    s.read(0, { pressure: 0.3, tilt: 0 });
    s.commit();
    for (let i = 1; i < 300; i++) s.read(i * SECOND, { pressure: 0.3 + i / 1e4, tilt: i % 30 });
    expect(s.commit()).toEqual([]);
    s.read(6 * MINUTE, { pressure: 0.3 }); // "last heard" is written by the tenth
    expect(s.commit()).toEqual(["town/hydrant-1"]);
    s.read(7 * MINUTE, { pressure: 0.05 });
    expect(s.commit()).toEqual(["town/hydrant-1"]);
    for (let i = 1; i < 60; i++) s.read(7 * MINUTE + i * SECOND, { pressure: 0.05 });
    expect(s.commit()).toEqual([]);
  });

  it("a new profile version keeps what it still has and clears what it dropped", () => {
    const d = device(profile([{ ...low, forMs: 0 }, instant]));
    const s = new RuleScene([d]);
    s.read(0, { pressure: 0.05, tilt: 50 });
    d.profile = profile([low], "test/hydrant@1.1.0");
    s.engine.register(d, T0 + MINUTE);
    const found = s.tick(MINUTE);
    expect(found.map((f) => `${f.phase} ${f.kind}`)).toEqual(["clear hydrant.knocked_over"]);
    s.commit();
    s.restart();
    expect(s.tick(2 * MINUTE)).toEqual([]);
    s.read(2 * MINUTE, { pressure: 0.3 });
    expect(brief(s.tick(7 * MINUTE))).toEqual([`clear@${7 * MINUTE}/3`]);
  });
});
