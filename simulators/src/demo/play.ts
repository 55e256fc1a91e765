import { pickStraggler, type Fleet } from "../fleet.ts";
import {
  deviceGoesSilent,
  edgeGoesOffline,
  floodAndAllClear,
  hydrantCapOpen,
  hydrantKnockedOver,
  hydrantLowPressure,
  stallInNoVendingZone,
  vesselLeaves,
  walkMoves,
  type Scenario,
  type Stage,
} from "../scenario.ts";
import type { Random } from "../random.ts";
import type { World } from "../world.ts";
import { GAUGE, JSON_GAUGE, PROBE } from "./devices.ts";
import type { DeviceKind, Placement, Plan } from "./plan.ts";

/** The edge that a scenario may kill: hydrants and gauges hang on it, no receiver and no camera. */
export const VICTIM = "330922202/pier";

/**
 * One of each, staggered so that all have happened, and the flood is over, within a minute at a duration scale of 1/40: a hold
 * of ten minutes takes 15 s.
 * @param taken subjects with events that an earlier run left open: what happens there would not be seen to begin
 */
export function oncePlay(
  world: World,
  plan: Plan,
  fleet: Fleet,
  now: number,
  taken: ReadonlySet<string> = new Set(),
): Scenario[] {
  const away = world.formations.filter((f) => f.vessels.some((v) => taken.has(`mmsi:${v.mmsi}`))).map((f) => f.id);
  const departure = pickStraggler(world, fleet, new Set(away));
  fleet.depart(departure, now); // before its first report: a boat that appears elsewhere would be an implausible jump
  const at = (kind: DeviceKind, agent: boolean): Placement => {
    const found = plan.devices.filter(
      (d) =>
        d.kind === kind &&
        d.gateway === null &&
        d.trouble === null &&
        (d.agent !== null) === agent &&
        d.agent !== VICTIM,
    );
    return found.find((d) => !taken.has(`device:${d.uid}`)) ?? found[0];
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

/** Some forty an hour, which is forty hours of the county's time at this scale. */
const EVERY_MS = 90_000;
const HOLD_MS = 180_000;
/** out to two miles at 10 kn, seen there for a while */
const VESSEL_HOLD_MS = 20 * 60_000;

/** Without end: now and then one incident somewhere, put right again later. Places vary, no place twice at once. */
export async function playOn(
  world: World,
  plan: Plan,
  stage: Stage & { readonly over: boolean },
  random: Random,
  report: (scenario: Scenario) => void,
): Promise<void> {
  const deck = new Deck(random);
  const busy = new Set<string>();
  const running = new Set<Promise<void>>();
  while (!stage.over) {
    const scenario = incident(deck.deal(), world, plan, stage.fleet, random, busy);
    if (scenario !== null) {
      report(scenario);
      const whole = playOne(scenario, stage, random, busy);
      running.add(whole);
      const done = (): void => void running.delete(whole);
      whole.then(done, done);
    }
    await stage.sleep(deck.pause());
  }
  await Promise.all(running);
}

async function playOne(
  scenario: Scenario,
  stage: Stage & { readonly over: boolean },
  random: Random,
  busy: Set<string>,
): Promise<void> {
  const key = scenario.subject ?? scenario.name;
  busy.add(key);
  await scenario.run(stage);
  await stage.sleep(scenario.kind === "vessel.straggler" ? VESSEL_HOLD_MS : HOLD_MS * random.between(0.6, 1.6));
  if (!stage.over) await scenario.restore(stage);
  if (!stage.over) await stage.sleep(30_000); // long enough that the next incident here is another event
  busy.delete(key);
}

const INCIDENTS = [
  "pressure",
  "knock",
  "cap",
  "flood",
  "culvert",
  "main",
  "silent",
  "edge",
  "gateway",
  "stall",
  "vessel",
] as const;
type Incident = (typeof INCIDENTS)[number];

/** Every kind once before any comes again; the first three follow each other quickly, so that a new console is not empty. */
class Deck {
  private readonly random: Random;
  private cards: Incident[] = [];
  private dealt = 0;

  constructor(random: Random) {
    this.random = random;
  }

  deal(): Incident {
    if (this.cards.length === 0)
      this.cards = INCIDENTS.map((card) => ({ card, order: this.random.next() }))
        .sort((a, b) => a.order - b.order)
        .map(({ card }) => card);
    this.dealt++;
    return this.cards.pop() ?? "pressure";
  }

  /** ms until the next card */
  pause(): number {
    return this.dealt <= 3 ? 4000 : EVERY_MS * this.random.between(0.5, 1.5);
  }
}

/** @returns null when every place for it is taken */
function incident(
  kind: Incident,
  world: World,
  plan: Plan,
  fleet: Fleet,
  random: Random,
  busy: ReadonlySet<string>,
): Scenario | null {
  const taken = (d: Placement): boolean =>
    d.trouble !== null ||
    busy.has(`device:${d.uid}`) ||
    busy.has(`place:${d.uid}`) ||
    (d.gateway !== null && busy.has(`edge:${d.gateway}`));
  const from = (wanted: (d: Placement) => boolean, make: (place: Placement) => Scenario): Scenario | null => {
    const free = plan.devices.filter((d) => wanted(d) && d.agent !== VICTIM && !taken(d));
    return free.length === 0 ? null : make(random.pick(free));
  };
  const hydrant = (d: Placement): boolean => d.kind === "hydrant";
  const gauge = (d: Placement): boolean => d.profile === JSON_GAUGE;
  switch (kind) {
    case "pressure":
      return from(hydrant, (p) => hydrantLowPressure(p, 0));
    case "knock":
      return from(hydrant, (p) => hydrantKnockedOver(p, 0));
    case "cap":
      return from(hydrant, (p) => hydrantCapOpen(p, 0));
    case "flood":
      return from(gauge, (p) => floodAndAllClear(p, GAUGE.surge * random.between(0.85, 1.1), 60_000, 0));
    case "culvert": {
      const probe = (d: Placement): boolean => d.kind === "flood_gauge" && d.profile !== JSON_GAUGE;
      return from(probe, (p) => walkMoves(p, "culvert fills", "flood.warning", PROBE.flooded, 0));
    }
    case "main":
      return from(
        (d) => d.kind === "pressure_sensor",
        (p) => walkMoves(p, "main loses pressure", "pressure.low", 0.08, 0),
      );
    case "silent":
      return from(gauge, (p) => deviceGoesSilent(p, 0));
    case "stall":
      return from(
        (d) => d.kind === "camera",
        (p) => stallInNoVendingZone(p, 0),
      );
    case "edge":
      return busy.has(`edge:${VICTIM}`) ? null : edgeGoesOffline(VICTIM, devicesOf(plan, VICTIM), 0);
    case "gateway": {
      const own = (key: string): Placement[] => plan.devices.filter((d) => d.gateway === key);
      const free = plan.gateways.filter(({ key }) => !busy.has(`edge:${key}`) && !own(key).some(taken));
      if (free.length === 0) return null;
      const { key } = random.pick(free);
      return edgeGoesOffline(
        key,
        own(key).map((d) => d.uid),
        0,
      );
    }
    case "vessel": {
      const away = world.formations.filter((f) => f.vessels.some((v) => busy.has(`mmsi:${v.mmsi}`))).map((f) => f.id);
      return vesselLeaves(pickStraggler(world, fleet, new Set(away)), 0);
    }
  }
}

function devicesOf(plan: Plan, agent: string): string[] {
  return plan.devices.filter((d) => d.agent === agent).map((d) => d.uid);
}
