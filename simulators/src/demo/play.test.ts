import { describe, expect, it } from "vitest";
import { createFleet } from "../fleet.ts";
import { FloodGauge } from "../flood-gauge.ts";
import { Hydrant } from "../hydrant.ts";
import { createRandom } from "../random.ts";
import type { Scenario, Stage } from "../scenario.ts";
import { Walk } from "../lorawan.ts";
import { createTide } from "../tide.ts";
import { buildWorld } from "../world.ts";
import { GAUGE, PROBE } from "./devices.ts";
import { planDevices } from "./plan.ts";
import { oncePlay, play, playOn } from "./play.ts";

const world = buildWorld();
const plan = planDevices(world, true);
const HOURS = 3 * 3_600_000;

/** A stage on a clock of its own: sleepers wake in order of their time, until the curtain falls. */
class DryStage implements Stage {
  readonly fleet = createFleet(world, { startMs: 0 });
  readonly log: string[] = [];
  readonly silenced = new Set<string>();
  readonly dead = new Set<string>();
  private readonly until: number;
  private readonly hydrants = new Map<string, Hydrant>();
  private readonly gauges = new Map<string, FloodGauge>();
  readonly walks = new Map<string, Walk>();
  private readonly sleepers: { at: number; wake: () => void }[] = [];
  private time = 0;
  over = false;

  constructor(until: number) {
    this.until = until;
  }

  /** Lets time pass until nobody sleeps any more. */
  async perform(work: Promise<void>): Promise<void> {
    let ended = false;
    const end = work.finally(() => (ended = true));
    while (!ended) {
      await new Promise(setImmediate);
      this.sleepers.sort((a, b) => a.at - b.at);
      const next = this.sleepers.shift();
      if (next === undefined) continue;
      this.time = Math.max(this.time, next.at);
      if (this.time >= this.until) this.over = true;
      next.wake();
    }
    await end;
  }

  now = (): number => this.time;
  sleep(ms: number): Promise<void> {
    if (this.over) return Promise.resolve();
    return new Promise((wake) => this.sleepers.push({ at: this.time + ms, wake }));
  }
  hydrant(uid: string): Hydrant {
    const own = this.hydrants.get(uid) ?? new Hydrant(createRandom(uid));
    this.hydrants.set(uid, own);
    return own;
  }
  gauge(uid: string): FloodGauge {
    const own = this.gauges.get(uid) ?? new FloodGauge(createTide(createRandom("t")), GAUGE, createRandom(uid));
    this.gauges.set(uid, own);
    return own;
  }
  walk(uid: string): Walk {
    const own = this.walks.get(uid) ?? new Walk(PROBE.depth, 0.01, createRandom(uid));
    this.walks.set(uid, own);
    return own;
  }
  silence(uid: string, silent: boolean): void {
    if (silent) this.silenced.add(uid);
    else this.silenced.delete(uid);
  }
  killEdge(key: string): void {
    expect(this.dead.has(key)).toBe(false);
    this.dead.add(key);
  }
  async startEdge(key: string): Promise<void> {
    expect(this.dead.delete(key)).toBe(true);
  }
  scene(uid: string) {
    return {
      putUpStall: () => void this.log.push(`stall ${uid}`),
      clearStall: () => void this.log.push(`street ${uid}`),
    };
  }
}

describe("playing once", () => {
  it("does to the world what each scenario says, within the first half of a minute", async () => {
    const stage = new DryStage(60_000);
    const scenarios = oncePlay(world, plan, stage.fleet, 0);
    await stage.perform(play(scenarios, stage));
    expect(stage.now()).toBeLessThanOrEqual(30_000);
    const uid = (kind: string): string => scenarios.find((s) => s.kind === kind)?.subject?.split(":")[1] ?? "";
    expect(stage.hydrant(uid("hydrant.low_pressure")).setPressure).toBeLessThan(0.1);
    expect(stage.hydrant(uid("hydrant.knocked_over")).lean).toBeGreaterThan(30);
    expect(stage.gauge(uid("flood.warning")).surgeTarget).toBe(0); // came and went
    expect(stage.silenced).toEqual(new Set([uid("device.silent")]));
    expect([...stage.dead]).toEqual([uid("edge.offline")]);
    expect(stage.log).toEqual([`stall ${uid("vision.stall")}`]);
    const mmsi = Number(uid("vessel.straggler"));
    expect(stage.fleet.distanceNm(mmsi, 30_000)).toBeGreaterThan(2);
  });
});

describe("playing on", () => {
  it("brings every kind, never two at one place, and puts things right again", async () => {
    const stage = new DryStage(HOURS);
    const played: { scenario: Scenario; at: number }[] = [];
    const random = createRandom("incidents");
    await stage.perform(playOn(world, plan, stage, random, (scenario) => played.push({ scenario, at: stage.now() })));
    expect(new Set(played.map(({ scenario }) => scenario.name)).size).toBe(10);
    // A person can follow it: some forty an hour.
    expect(played.length / 3).toBeGreaterThan(25);
    expect(played.length / 3).toBeLessThan(60);
    expect(new Set(played.map(({ scenario }) => scenario.subject)).size).toBeGreaterThan(60);
    const troubled = new Set(plan.devices.filter((d) => d.trouble !== null).map((d) => `device:${d.uid}`));
    for (const { scenario } of played) expect(troubled).not.toContain(scenario.subject);
    const last = new Map<string | null, number>();
    for (const { scenario, at } of played) {
      const before = last.get(scenario.subject);
      if (before !== undefined) expect(at - before, scenario.name).toBeGreaterThan(90_000);
      last.set(scenario.subject, at);
    }
    expect(played.slice(1, 4).every(({ at }) => at <= 15_000)).toBe(true);
    // What is still wrong at the end belongs to the last few minutes.
    const recent = new Set(played.filter(({ at }) => at > HOURS - 360_000).map((p) => p.scenario.subject));
    for (const uid of stage.silenced) expect(recent).toContain(`device:${uid}`);
    for (const key of stage.dead) expect(recent).toContain(`edge:${key}`);
    for (const [uid, { level }] of stage.walks) if (level !== PROBE.depth) expect(recent).toContain(`device:${uid}`);
  });
});
