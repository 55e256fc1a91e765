import type { Position } from "@gridhub/device-profiles/reading.ts";
import { expect } from "vitest";
import type { SeaAttributes } from "../sea.ts";
import type { FormationMembership, SeaArea } from "./membership.ts";
import type { FleetOptions } from "./options.ts";
import { at, CREW, membership, Sea, START } from "./sea.testing.ts";

export const STEP = 30_000;
/** a second formation */
export const OTHERS = [413_000_011, 413_000_012, 413_000_013, 413_000_014];
export const crew: SceneOptions = { formations: { f1: CREW }, minutes: 60 };
export const both: SceneOptions = { formations: { f1: CREW, f2: OTHERS }, minutes: 60 };

/** What the sea looks like `ms` after the start: the reports of this moment. */
export type Script = (ms: number, sea: Sea) => void;

export interface SceneOptions {
  readonly formations: Record<string, readonly number[]>;
  readonly areas?: readonly SeaArea[];
  readonly areaAt?: FormationMembership["areaAt"];
  readonly seaOf?: Readonly<Record<string, SeaAttributes>>;
  readonly gear?: Readonly<Record<number, string>>;
  readonly fleet?: Partial<FleetOptions>;
  readonly minutes: number;
}

export function waters({ formations, areas = [], areaAt, seaOf = {}, gear = {} }: SceneOptions): FormationMembership {
  return {
    ...membership(formations),
    above: () => ["town"],
    seaOf: (id) => seaOf[id] ?? null,
    gearOf: (mmsi) => gear[mmsi] ?? "",
    areas: () => areas,
    areaAt,
  };
}

/** Runs the script once; with `restartAt` the hub is stopped and started again before that step. */
export function play(options: SceneOptions, script: Script, restartAt = -1): Sea {
  const sea = new Sea({ saveTrackMs: 0, ...options.fleet });
  sea.members = waters(options);
  sea.restart();
  for (let i = 0; i * STEP < options.minutes * 60_000; i++) {
    if (i === restartAt) {
      sea.commit();
      sea.restart();
    }
    sea.now = START + i * STEP;
    script(i * STEP, sea);
    sea.fleet.tick(sea.now, sea.findings);
  }
  return sea;
}

/** The scene without a restart, after it was shown that a restart in the middle, wherever that is, changes no finding. */
export function scene(options: SceneOptions, script: Script, restarts = 12): Sea {
  const plain = play(options, script);
  const steps = (options.minutes * 60_000) / STEP;
  for (let k = 1; k <= restarts; k++) {
    const restartAt = Math.floor((k * steps) / (restarts + 1));
    expect(play(options, script, restartAt).findings, `restart before step ${restartAt}`).toEqual(plain.findings);
  }
  return plain;
}

/** kind and phase of everything that was found, updates left out */
export function told(sea: Sea): string[] {
  return sea.findings.filter((f) => f.phase !== "update").map((f) => `${f.kind} ${f.phase}`);
}

/** A vessel that reports every 30 s: `east`, `north` in NM of 122 E 30 N. */
export function boat(mmsi: number, sea: Sea, east: number, north: number, more: Partial<Position> = {}): Position {
  const lon = 122 + east / (60.0405 * Math.cos(Math.PI / 6));
  return { ...at(mmsi, sea.now, 0, { sog: 4, cog: 0, ...more }), lon, lat: 30 + north / 60.0405 };
}

export function hear(sea: Sea, mmsi: number, east: number, north: number, more = {}, from = sea.north): boolean {
  return sea.hear(boat(mmsi, sea, east, north, more), from);
}

/** Boats side by side, heading north at 4 knots. */
export function sail(sea: Sea, ms: number, list: readonly number[], east: number, from = sea.north): void {
  for (const [i, mmsi] of list.entries()) hear(sea, mmsi, east + i * 0.3, (4 * ms) / 3_600_000, {}, from);
}

/** A box around a point, `width` and `height` in NM of the same plane. */
export function box(east: number, north: number, width: number, height: number): [number, number][][] {
  const x = (nm: number) => 122 + nm / (60.0405 * Math.cos(Math.PI / 6));
  const y = (nm: number) => 30 + nm / 60.0405;
  const [w, e, s, n] = [x(east - width / 2), x(east + width / 2), y(north - height / 2), y(north + height / 2)];
  return [[[w, s], [e, s], [e, n], [w, n], [w, s]]]; // prettier-ignore
}

export function area(
  id: string,
  rule: SeaArea["rule"],
  polygon: [number, number][][],
  sea: SeaAttributes = {},
): SeaArea {
  return { id, name: `area ${id}`, rule, polygons: [polygon], sea };
}
