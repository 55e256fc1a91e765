import type { Faults } from "../faults.ts";
import { FaultyLink, FaultySensor } from "../faults.ts";
import { FloodGauge, type FloodSample } from "../flood-gauge.ts";
import { Hydrant, hydrantFrame, type HydrantSample } from "../hydrant.ts";
import { createRandom, type Random } from "../random.ts";
import { createTide, type Tide } from "../tide.ts";
import type { Placement } from "./plan.ts";

/** A street gauge behind a sluice: half a metre of tide reaches it, so only a scenario's water passes the warning level. */
export const GAUGE = { meanLevel: 1, tideShare: 0.1, warning: 2, guarantee: 3.2, surge: 1.5, maxRise: 0.004 } as const;

/** Limits of the site, as an integrator enters them. */
export function attributesOf({ kind }: Placement): Readonly<Record<string, number | string | boolean>> {
  if (kind === "hydrant") return { min_pressure: 0.1 };
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

/** What leaves a device: an undecoded frame, or decoded values. */
export type Report =
  | { readonly ts: number; readonly frame: Buffer }
  | { readonly ts: number; readonly values: Readonly<Record<string, number>> };

/** A device in the field: a model that measures, a link that loses now and then, and whoever carries its words. */
export class FieldDevice {
  readonly placement: Placement;
  readonly hydrant: Hydrant | null;
  readonly gauge: FloodGauge | null;
  silent = false;
  private readonly measure: (now: number) => Report;
  private readonly link: FaultyLink<Report>;
  private readonly deliver: (report: Report) => void;

  /** @param deliver hands a report to the edge agent or to the device's own MQTT client */
  constructor(placement: Placement, tide: Tide, faults: Faults, deliver: (report: Report) => void) {
    const random = createRandom(`device/${placement.uid}`);
    this.placement = placement;
    this.deliver = deliver;
    this.link = new FaultyLink(faults, random.fork("link"));
    this.hydrant = placement.kind === "hydrant" ? new Hydrant(random) : null;
    this.gauge = placement.kind === "flood_gauge" ? new FloodGauge(tide, GAUGE, random) : null;
    this.measure = this.hydrant ? hydrantReport(this.hydrant, faults, random) : gaugeReport(this.gauge, faults, random);
  }

  /** Measures once and sends what the link lets through. */
  tick(now: number): void {
    if (this.silent) return;
    for (const report of this.link.push(this.measure(now))) this.deliver(report);
  }
}

function hydrantReport(hydrant: Hydrant, faults: Faults, random: Random): (now: number) => Report {
  const sensor = new FaultySensor<HydrantSample>((now) => hydrant.sample(now), faults, random.fork("sensor"));
  return (now) => {
    const sample = sensor.sample(now);
    return { ts: sample.ts, frame: hydrantFrame(sample) };
  };
}

function gaugeReport(gauge: FloodGauge | null, faults: Faults, random: Random): (now: number) => Report {
  if (gauge === null) throw new TypeError("only hydrants and flood gauges report by themselves");
  const sensor = new FaultySensor<FloodSample>((now) => gauge.sample(now), faults, random.fork("sensor"));
  return (now) => {
    const { ts, level, rain, battery } = sensor.sample(now);
    return { ts, values: { water_level: round(level, 3), rain: round(rain, 2), battery: round(battery, 2) } };
  };
}

export function demoTide(seed: string): Tide {
  return createTide(createRandom(`${seed}/tide`));
}

function round(x: number, decimals: number): number {
  return Number(x.toFixed(decimals));
}
