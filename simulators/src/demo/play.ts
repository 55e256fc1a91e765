import { pickStraggler, type Fleet } from "../fleet.ts";
import {
  deviceGoesSilent,
  edgeGoesOffline,
  floodAndAllClear,
  hydrantKnockedOver,
  hydrantLowPressure,
  stallInNoVendingZone,
  vesselLeaves,
  type Scenario,
  type Stage,
} from "../scenario.ts";
import type { Random } from "../random.ts";
import type { World } from "../world.ts";
import { GAUGE } from "./devices.ts";
import type { DeviceKind, Placement, Plan } from "./plan.ts";

/** The edge that a scenario may kill: hydrants and gauges hang on it, no receiver and no camera. */
export const VICTIM = "330922202/pier";

/**
 * One of each, staggered so that all have happened, and the flood is over, within a minute at a duration scale of 1/40: a hold
 * of ten minutes takes 15 s.
 */
export function oncePlay(world: World, plan: Plan, fleet: Fleet, now: number): Scenario[] {
  const departure = pickStraggler(world, fleet);
  fleet.depart(departure, now); // before its first report: a boat that appears elsewhere would be an implausible jump
  const at = (kind: DeviceKind, agent: boolean, i = 0): Placement => {
    const found = plan.devices.filter((d) => d.kind === kind && (d.agent !== null) === agent && d.agent !== VICTIM);
    return found[i % found.length];
  };
  const camera = plan.devices.find((d) => d.kind === "camera");
  return [
    vesselLeaves(departure, 0),
    hydrantLowPressure(at("hydrant", true), 1000),
    ...(camera === undefined ? [] : [stallInNoVendingZone(camera, 2000)]),
    floodAndAllClear(at("flood_gauge", true), GAUGE.surge, 22_000, 2500),
    deviceGoesSilent(at("flood_gauge", false), 6000),
    hydrantKnockedOver(at("hydrant", false), 8000),
    edgeGoesOffline(VICTIM, devicesOf(plan, VICTIM), 12_000),
  ];
}

/** Plays scenarios at their times and waits for all of them. */
export async function play(scenarios: readonly Scenario[], stage: Stage): Promise<void> {
  await Promise.all(
    scenarios.map(async (scenario) => {
      await stage.sleep(scenario.startsAtMs);
      await scenario.run(stage);
    }),
  );
}

/** Without end: every `everyMs` one incident somewhere, put right again after `holdMs`. Places vary, no place twice at once. */
export async function playOn(
  world: World,
  plan: Plan,
  stage: Stage & { readonly over: boolean },
  random: Random,
  report: (scenario: Scenario) => void,
): Promise<void> {
  const everyMs = 25_000;
  const holdMs = 150_000;
  const busy = new Set<string>();
  const running = new Set<Promise<void>>();
  while (!stage.over) {
    const scenario = next(world, plan, stage.fleet, random, busy);
    if (scenario !== null) {
      const key = scenario.subject ?? scenario.gridId ?? scenario.name;
      busy.add(key);
      report(scenario);
      const whole = (async () => {
        await scenario.run(stage);
        await stage.sleep(scenario.kind === "vessel.straggler" ? 20 * 60_000 : holdMs * random.between(0.6, 1.6));
        if (!stage.over) await scenario.restore(stage);
        busy.delete(key);
      })();
      running.add(whole);
      void whole.finally(() => running.delete(whole));
    }
    await stage.sleep(everyMs * random.between(0.5, 1.5));
  }
  await Promise.all(running);
}

function next(world: World, plan: Plan, fleet: Fleet, random: Random, busy: ReadonlySet<string>): Scenario | null {
  const pick = (kind: DeviceKind): Placement | null => {
    const free = plan.devices.filter((d) => d.kind === kind && d.agent !== VICTIM && !busy.has(`device:${d.uid}`));
    return free.length === 0 ? null : random.pick(free);
  };
  const from = <T>(place: T | null, make: (place: T) => Scenario): Scenario | null =>
    place === null ? null : make(place);
  switch (random.int(0, 7)) {
    case 0:
    case 1:
      return from(pick("hydrant"), (p) => hydrantLowPressure(p, 0));
    case 2:
      return from(pick("hydrant"), (p) => hydrantKnockedOver(p, 0));
    case 3:
      return from(pick("flood_gauge"), (p) => floodAndAllClear(p, GAUGE.surge, 60_000, 0));
    case 4:
      return from(pick("flood_gauge"), (p) => deviceGoesSilent(p, 0));
    case 5:
      return busy.has(`edge:${VICTIM}`) ? null : edgeGoesOffline(VICTIM, devicesOf(plan, VICTIM), 0);
    case 6: {
      const camera = pick("camera");
      return camera === null || busy.has(camera.gridId) ? null : stallInNoVendingZone(camera, 0);
    }
    default: {
      const away = world.formations.filter((f) => f.vessels.some((v) => busy.has(`mmsi:${v.mmsi}`))).map((f) => f.id);
      return vesselLeaves(pickStraggler(world, fleet, new Set(away)), 0);
    }
  }
}

function devicesOf(plan: Plan, agent: string): string[] {
  return plan.devices.filter((d) => d.agent === agent).map((d) => d.uid);
}
