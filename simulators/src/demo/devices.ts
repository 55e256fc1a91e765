import type { Faults } from "../faults.ts";
import { FaultyLink, FaultySensor } from "../faults.ts";
import { FloodGauge } from "../flood-gauge.ts";
import { Hydrant, hydrantFrame } from "../hydrant.ts";
import { conductivityProbeUplink, levelProbeUplink, pressureUplink, Walk } from "../lorawan.ts";
import { createRandom, type Random } from "../random.ts";
import { createTide, type Tide } from "../tide.ts";
import type { Placement } from "./plan.ts";

/** A street gauge behind a sluice: half a metre of tide reaches it, so only a scenario's water passes the warning level. */
export const GAUGE = { meanLevel: 1, tideShare: 0.1, warning: 2, guarantee: 3.2, surge: 1.5, maxRise: 0.004 } as const;

/** A probe in a culvert or a stream: its usual level and the site's warning level, m. */
export const PROBE = { depth: 0.35, warning: 1.5, flooded: 1.9 } as const;

/** Limits of the site, as an integrator enters them. */
export function attributesOf({ kind, profile }: Placement): Readonly<Record<string, number | string | boolean>> {
  if (kind === "hydrant") return { min_pressure: 0.1 };
  if (kind === "pressure_sensor") return { min_pressure: 0.14 };
  if (kind === "flood_gauge" && profile !== JSON_GAUGE) return { warning_depth: PROBE.warning };
  if (kind === "flood_gauge")
    return {
      warning_level: GAUGE.warning,
      guarantee_level: GAUGE.guarantee,
      max_rise: GAUGE.maxRise,
      datum: "1985 国家高程基准",
    };
  // The lower two thirds of the picture are the street; the rest is walls and sky.
  if (kind === "camera") return { zone: "0.03,0.35 0.97,0.35 0.97,1 0.03,1" };
  return {};
}

export const JSON_GAUGE = "generic/flood-gauge-json";

/** What leaves a device: an undecoded frame, or decoded values. */
export type Report =
  | { readonly ts: number; readonly frame: Buffer; readonly port?: number }
  | { readonly ts: number; readonly values: Readonly<Record<string, number | boolean>> };

/** A battery device that sees something change says so several times: a rule may want two of three reports. */
const CHANGE_REPORTS = 4;

interface Model {
  readonly hydrant?: Hydrant;
  readonly gauge?: FloodGauge;
  readonly walk?: Walk;
  /** what a scenario may have moved: another text is a change that the device notices */
  readonly setting: () => string;
  readonly measure: (now: number) => Sample;
}

/** What was measured at `ts`; a sensor that is stuck shows the same under a later time. */
interface Sample {
  readonly ts: number;
  readonly report: (ts: number) => Report;
}

/** A device in the field: a model that measures, a link that loses now and then, and whoever carries its words. */
export class FieldDevice {
  readonly placement: Placement;
  silent = false;
  /** when the last reports left, ms UTC */
  readonly sentAt: number[] = [];
  private readonly model: Model;
  private readonly sensor: FaultySensor<Sample>;
  private readonly link: FaultyLink<Report>;
  private readonly deliver: (report: Report) => void;
  private dueAt = 0;
  private setting: string;
  private insist = 0;

  /** @param deliver hands a report to the edge agent, to the gateway or to the device's own MQTT client */
  constructor(placement: Placement, tide: Tide, faults: Faults, deliver: (report: Report) => void) {
    const random = createRandom(`device/${placement.uid}`);
    this.placement = placement;
    this.deliver = deliver;
    this.model = modelOf(placement, tide, random);
    this.setting = this.model.setting();
    this.sensor = new FaultySensor(this.model.measure, faults, random.fork("sensor"));
    this.link = new FaultyLink(faults, random.fork("link"));
  }

  get hydrant(): Hydrant | null {
    return this.model.hydrant ?? null;
  }

  get gauge(): FloodGauge | null {
    return this.model.gauge ?? null;
  }

  get walk(): Walk | null {
    return this.model.walk ?? null;
  }

  /** Measures once and sends what the link lets through. */
  tick(now: number): void {
    if (this.silent) return;
    const sample = this.sensor.sample(now);
    for (const report of this.link.push(sample.report(sample.ts))) {
      this.sentAt.push(now);
      if (this.sentAt.length > 60) this.sentAt.shift();
      this.deliver(report);
    }
  }

  /** Reports when its time has come or something changed. Costs next to nothing otherwise. */
  poll(now: number): void {
    const setting = this.model.setting();
    if (setting !== this.setting) {
      this.setting = setting;
      this.insist = CHANGE_REPORTS;
    }
    if (this.insist === 0 && now < this.dueAt) return;
    if (this.insist > 0) this.insist--;
    this.dueAt = now + this.placement.everyMs;
    this.tick(now);
  }

  /** When the first report after the one at the start is due; spreads devices of one cadence over time. */
  dephase(share: number): void {
    this.dueAt = Math.min(this.dueAt, Date.now() + share * this.placement.everyMs);
  }
}

function modelOf({ kind, profile }: Placement, tide: Tide, random: Random): Model {
  switch (profile) {
    case "generic/hydrant-nb":
    case "generic/hydrant-json": {
      const hydrant = new Hydrant(random);
      const setting = (): string => `${hydrant.setPressure} ${hydrant.lean} ${hydrant.capOpen}`;
      return {
        hydrant,
        setting,
        measure: profile === "generic/hydrant-nb" ? rawHydrant(hydrant) : jsonHydrant(hydrant),
      };
    }
    case JSON_GAUGE: {
      const gauge = new FloodGauge(tide, GAUGE, random);
      return { gauge, setting: () => `${gauge.surgeTarget}`, measure: gaugeReport(gauge) };
    }
    case "milesight/em500-swl": {
      const walk = new Walk(PROBE.depth, 0.02, random);
      const battery = random.int(71, 98);
      return probe(walk, () => levelProbeUplink(walk.next(), battery));
    }
    case "decentlab/dl-ctd10": {
      const walk = new Walk(PROBE.depth, 0.03, random);
      const water = new Walk(random.between(13, 15), 0.3, random);
      return probe(walk, () => conductivityProbeUplink(walk.next(), water.next(), 3));
    }
    case "ellenex/pts2-l": {
      const walk = new Walk(random.between(0.3, 0.4), 0.02, random);
      return probe(walk, () => pressureUplink(walk.next(), 3.5));
    }
    default:
      throw new TypeError(`a ${kind} with the profile ${profile} does not report by itself`);
  }
}

function probe(walk: Walk, uplink: () => { frame: Buffer; port: number }): Model {
  return { walk, setting: () => `${walk.level}`, measure: (ts) => fixed(ts, uplink()) };
}

/** A report whose content does not depend on the time it is sent. */
function fixed(
  ts: number,
  content: { frame: Buffer; port: number } | { values: Record<string, number | boolean> },
): Sample {
  return { ts, report: (at) => ({ ts: at, ...content }) };
}

function rawHydrant(hydrant: Hydrant): Model["measure"] {
  return (now) => {
    const sample = hydrant.sample(now);
    return { ts: now, report: (ts) => ({ ts, frame: hydrantFrame({ ...sample, ts }) }) };
  };
}

function jsonHydrant(hydrant: Hydrant): Model["measure"] {
  return (now) => {
    const { pressure, tilt, capOpen, battery } = hydrant.sample(now);
    const values = {
      pressure: round(pressure, 3),
      tilt: round(tilt, 1),
      cap_open: capOpen,
      battery: round(battery, 2),
    };
    return fixed(now, { values });
  };
}

function gaugeReport(gauge: FloodGauge): Model["measure"] {
  return (now) => {
    const { level, rain, battery } = gauge.sample(now);
    const values = { water_level: round(level, 3), rain: round(rain, 2), battery: round(battery, 2) };
    return fixed(now, { values });
  };
}

export function demoTide(seed: string): Tide {
  return createTide(createRandom(`${seed}/tide`));
}

function round(x: number, decimals: number): number {
  return Number(x.toFixed(decimals));
}
