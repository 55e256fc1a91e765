import type { FloodGauge } from "./flood-gauge.ts";
import type { Departure, Fleet } from "./fleet.ts";
import type { Hydrant } from "./hydrant.ts";
import type { Walk } from "./lorawan.ts";

/** What a scene does while a stall is put up and taken away. */
export interface StallScene {
  /** a person and goods come and stay */
  putUpStall(): void;
  clearStall(): void;
}

/** Everything that a scenario may touch: the world outside the hub. */
export interface Stage {
  now(): number;
  /** resolves early (and the scenario ends) when the run is over */
  sleep(ms: number): Promise<void>;
  hydrant(uid: string): Hydrant;
  gauge(uid: string): FloodGauge;
  /** the quantity of a LoRaWAN sensor: water depth (m) or pressure (MPa) */
  walk(uid: string): Walk;
  /** the device keeps its connection but reports nothing */
  silence(uid: string, silent: boolean): void;
  readonly fleet: Fleet;
  /** ends the edge's process without a goodbye */
  killEdge(key: string): void;
  startEdge(key: string): Promise<void>;
  scene(uid: string): StallScene;
}

/** The event that a scenario must cause, and nothing else of this kind and subject. */
export interface Expectation {
  readonly kind: string;
  /** `device:<site>/<name>`, `edge:<site>/<name>`, `mmsi:<n>`, `place:<site>/<name>`; null = any on the grid */
  readonly subject: string | null;
  /** null = the event has no grid of its own (an edge) and the grid is not compared */
  readonly gridId: string | null;
  readonly expect: "active" | "cleared";
  /** devices that must stay without an event of their own */
  readonly quiet?: readonly string[];
  /** kinds that may come with it on the same subject, because they are consequences of the same cause */
  readonly alongside?: readonly string[];
}

export interface Scenario extends Expectation {
  readonly name: string;
  /** after the start of the run, ms */
  readonly startsAtMs: number;
  run(stage: Stage): Promise<void>;
  /** puts things back, so that it can be played again elsewhere */
  restore(stage: Stage): Promise<void>;
}

interface At {
  readonly uid: string;
  readonly gridId: string;
}

const device = ({ uid }: At): string => `device:${uid}`;

/** Water main loses its pressure: below the 0.10 MPa that a fire needs, for longer than the profile's hold. */
export function hydrantLowPressure(at: At, startsAtMs: number): Scenario {
  return {
    name: "hydrant loses pressure",
    kind: "hydrant.low_pressure",
    subject: device(at),
    gridId: at.gridId,
    expect: "active",
    startsAtMs,
    run: async (stage) => void (stage.hydrant(at.uid).setPressure = 0.06),
    restore: async (stage) => void (stage.hydrant(at.uid).setPressure = 0.28),
  };
}

/** A lorry knocks the hydrant over. */
export function hydrantKnockedOver(at: At, startsAtMs: number): Scenario {
  return {
    name: "hydrant knocked over",
    kind: "hydrant.knocked_over",
    subject: device(at),
    gridId: at.gridId,
    expect: "active",
    startsAtMs,
    run: async (stage) => void (stage.hydrant(at.uid).lean = 74),
    restore: async (stage) => void (stage.hydrant(at.uid).lean = 0),
  };
}

/** Someone takes the cap off and leaves it. */
export function hydrantCapOpen(at: At, startsAtMs: number): Scenario {
  return {
    name: "hydrant cap open",
    kind: "hydrant.cap_open",
    subject: device(at),
    gridId: at.gridId,
    expect: "active",
    startsAtMs,
    run: async (stage) => void (stage.hydrant(at.uid).capOpen = true),
    restore: async (stage) => void (stage.hydrant(at.uid).capOpen = false),
  };
}

/** What a LoRaWAN sensor watches moves to `level` (m or MPa) and back to where it was: a culvert fills, a main loses pressure. */
export function walkMoves(at: At, name: string, kind: string, level: number, startsAtMs: number): Scenario {
  let usual: number | null = null;
  return {
    name,
    kind,
    subject: device(at),
    gridId: at.gridId,
    expect: "active",
    startsAtMs,
    run: async (stage) => {
      const walk = stage.walk(at.uid);
      usual = walk.level;
      walk.level = level;
    },
    restore: async (stage) => {
      if (usual !== null) stage.walk(at.uid).level = usual;
    },
  };
}

/** The water rises above the warning level, stays, and falls again: one event, opened and cleared. */
export function floodAndAllClear(at: At, surge: number, highMs: number, startsAtMs: number): Scenario {
  return {
    name: "flood warning, then all-clear",
    kind: "flood.warning",
    subject: device(at),
    gridId: at.gridId,
    expect: "cleared",
    alongside: ["flood.rapid_rise"], // a metre and a half in six seconds is that, too
    startsAtMs,
    run: async (stage) => {
      const gauge = stage.gauge(at.uid);
      gauge.rainRate = 45;
      gauge.surgeTarget = surge;
      await stage.sleep(highMs);
      gauge.rainRate = 0;
      gauge.surgeTarget = 0;
    },
    restore: async (stage) => void (stage.gauge(at.uid).surgeTarget = 0),
  };
}

/** Someone sells where selling is not allowed: person and goods stay in the zone. */
export function stallInNoVendingZone(at: At, startsAtMs: number): Scenario {
  return {
    name: "stall in a no-vending zone",
    kind: "vision.stall",
    subject: `place:${at.uid}`,
    gridId: at.gridId,
    expect: "active",
    startsAtMs,
    run: async (stage) => stage.scene(at.uid).putUpStall(),
    restore: async (stage) => stage.scene(at.uid).clearStall(),
  };
}

/** In a short run the boat is on its way out from the first report; later ones leave from their place. */
export function vesselLeaves(departure: Departure, startsAtMs: number): Scenario {
  const { mmsi, formation, knots } = departure;
  return {
    name: "vessel leaves its formation",
    kind: "vessel.straggler",
    subject: `mmsi:${mmsi}`,
    gridId: formation,
    expect: "active",
    startsAtMs,
    run: async (stage) => {
      if (stage.fleet.distanceNm(mmsi, stage.now()) < 1) stage.fleet.sendAway(mmsi, knots, stage.now());
    },
    restore: async (stage) => stage.fleet.recall(mmsi, knots, stage.now()),
  };
}

/** A device stops reporting while its connection stands. */
export function deviceGoesSilent(at: At, startsAtMs: number): Scenario {
  return {
    name: "device goes silent",
    kind: "device.silent",
    subject: device(at),
    gridId: at.gridId,
    expect: "active",
    startsAtMs,
    run: async (stage) => stage.silence(at.uid, true),
    restore: async (stage) => stage.silence(at.uid, false),
  };
}

/** An edge agent dies: one event for the edge, its devices become unknown and none of them alarms. */
export function edgeGoesOffline(key: string, devices: readonly string[], startsAtMs: number): Scenario {
  return {
    name: "edge goes offline",
    kind: "edge.offline",
    subject: `edge:${key}`,
    gridId: null,
    expect: "active",
    quiet: devices,
    startsAtMs,
    run: async (stage) => stage.killEdge(key),
    restore: (stage) => stage.startEdge(key),
  };
}
