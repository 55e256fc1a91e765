import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { Position } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { type CommitBatch, emptyBatch, type FoldStateRow } from "../store/batch.ts";
import { Fleet } from "./fleet.ts";
import type { FormationMembership } from "./membership.ts";
import type { FleetOptions } from "./options.ts";

export const START = 1_763_776_800_000;
export const MINUTE = 60_000;
/** boats of these tests move miles between two reports */
export const LEAPING = { maxSpeedKn: 5000 };
export const CREW = [412_000_001, 412_000_002, 412_000_003, 412_000_004, 412_000_005];

export function membership(formations: Record<string, readonly number[]>): FormationMembership {
  const of = new Map(Object.entries(formations).flatMap(([id, list]) => list.map((mmsi) => [mmsi, id] as const)));
  return {
    formationOf: (mmsi) => of.get(mmsi) ?? null,
    members: (id) => formations[id] ?? [],
    formations: () => Object.keys(formations),
  };
}

function receiver(id: number): Device {
  const edge = { id, key: `harbour/e${id}`, site: "harbour", name: `e${id}`, title: "" };
  const profile = { id: "generic/ais-receiver@1.0.0", positions: true } as unknown as CompiledProfile;
  return {
    id,
    uid: `harbour/ais-${id}`,
    site: "harbour",
    name: `ais-${id}`,
    edge,
    title: "",
    profile,
    lon: null,
    lat: null,
    gridId: null,
    attributes: {},
    series: new Int32Array(0),
  };
}

export function at(mmsi: number, ts: number, northNm: number, more: Partial<Position> = {}): Position {
  return {
    mmsi,
    type: 18,
    ts,
    lon: 122 + (mmsi % 10) / 1000,
    lat: 30 + northNm / 60,
    sog: 0,
    cog: 0,
    heading: null,
    status: null,
    class: "B",
    ...more,
  };
}

/** For the tests of this room: a fleet with its surroundings - time, the batch of the transaction, what the database keeps. */
export class Sea {
  now = START;
  readonly findings: Finding[] = [];
  batch: CommitBatch = emptyBatch(1);
  readonly stored = new Map<string, unknown>();
  readonly options: FleetOptions;
  fleet: Fleet;
  readonly north = receiver(1);
  readonly south = receiver(2);
  members = membership({ f1: CREW });

  constructor(options: Partial<FleetOptions> = {}) {
    this.options = { durationScale: 1, ...options };
    this.fleet = new Fleet(this.options, this.members);
  }

  hear(p: Position, from = this.north, late = false): boolean {
    return this.fleet.observe(p, from, late, this.now, this.batch, this.findings);
  }

  /** A report that arrives when it was made. */
  arrive(p: Position): boolean {
    this.now = p.ts;
    return this.hear(p);
  }

  /** Everybody reports; `astray` NM north of the others for the first of the crew. */
  report(astrayNm: number): void {
    for (const mmsi of CREW) this.hear(at(mmsi, this.now, mmsi === CREW[0] ? astrayNm : (mmsi % 5) * 0.1));
  }

  tick(ms: number): void {
    this.now += ms;
    this.fleet.tick(this.now, this.findings);
  }

  /** Reports every 30 s and ticks every second. */
  pass(ms: number, astrayNm: number): void {
    for (let t = 0; t < ms; t += 1000) {
      if (t % 30_000 === 0) this.report(astrayNm);
      this.tick(1000);
    }
  }

  commit(): void {
    const rows: FoldStateRow[] = [];
    this.fleet.drain(rows);
    for (const { key, state } of rows) {
      if (state === null) this.stored.delete(key);
      else this.stored.set(key, JSON.parse(JSON.stringify(state)));
    }
  }

  restart(): void {
    this.fleet = new Fleet(this.options, this.members);
    this.fleet.load([...this.stored].map(([key, state]) => ({ room: "fleet" as const, key, state })));
  }

  phases(kind = "vessel.straggler"): string[] {
    return this.findings.filter((f) => f.kind === kind).map((f) => f.phase);
  }
}
