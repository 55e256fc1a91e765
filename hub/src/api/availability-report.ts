import type { Device } from "../device.ts";
import type { GridSet } from "../grids/grid-set.ts";
import type { AvailabilityRow } from "../store/queries/availability.ts";
import type { AvailabilityInfo } from "./reports-schema.ts";
import type { HealthState } from "../store/batch.ts";

export type GroupBy = "device" | "grid" | "town" | "maker" | "profile" | "kind" | "site";

/** A device or an edge of a report. */
export interface Subject {
  readonly subject: string;
  /** uid or key of the edge */
  readonly key: string;
  readonly title: string;
  readonly place: string;
  readonly health: HealthState;
  /** null = an edge */
  readonly device: Device | null;
}

interface Sums {
  subjects: number;
  judged: number;
  upMs: number;
  downMs: number;
  edgeMs: number;
  flappingMs: number;
  outages: number;
  repaired: number;
  repairMs: number;
  longestMs: number;
  flaps: number;
}

/** Adds up what the store knows of each subject, group by group. Without rows of its own a subject is counted, not judged. */
export class AvailabilityGroups {
  readonly #groups = new Map<string, { title: string; place: string; health: HealthState | null; sums: Sums }>();
  readonly #total = none();

  add(subject: Subject, row: AvailabilityRow | undefined, group: { key: string; title: string; place: string }): void {
    let found = this.#groups.get(group.key);
    if (found === undefined) {
      const health = group.key === subject.key ? subject.health : null;
      this.#groups.set(group.key, (found = { title: group.title, place: group.place, health, sums: none() }));
    }
    for (const sums of [found.sums, this.#total]) {
      sums.subjects++;
      // known, but nothing was expected of it yet
      if (row === undefined || row.upMs + row.downMs + row.edgeMs === 0) continue;
      sums.judged++;
      for (const name of SUMMED) sums[name] += row[name];
      sums.longestMs = Math.max(sums.longestMs, row.longestMs);
    }
  }

  total(title: string): AvailabilityInfo {
    return info("", title, "", null, this.#total);
  }

  items(): AvailabilityInfo[] {
    return [...this.#groups].map(([key, { title, place, health, sums }]) => info(key, title, place, health, sums));
  }
}

const SUMMED = ["upMs", "downMs", "edgeMs", "flappingMs", "outages", "repaired", "repairMs", "flaps"] as const;

function none(): Sums {
  return { subjects: 0, judged: 0, upMs: 0, downMs: 0, edgeMs: 0, flappingMs: 0, outages: 0, repaired: 0, repairMs: 0, longestMs: 0, flaps: 0 }; // prettier-ignore
}

function info(
  key: string,
  title: string,
  place: string,
  health: HealthState | null,
  { repaired, repairMs, ...sums }: Sums,
): AvailabilityInfo {
  const { upMs, downMs, edgeMs, outages } = sums;
  return {
    key,
    title,
    place,
    ...sums,
    availability: share(upMs, upMs + downMs),
    reach: share(upMs, upMs + downMs + edgeMs),
    mtbfMs: outages === 0 ? null : upMs / outages,
    mttrMs: repaired === 0 ? null : repairMs / repaired,
    health,
  };
}

export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** What a device is counted under. */
export function groupOf(device: Device, by: GroupBy, grids: GridSet): { key: string; title: string; place: string } {
  const named = (key: string, title = key, place = "") => ({ key, title, place });
  switch (by) {
    case "device":
      return named(device.uid, device.title || device.uid, placeOf(grids, device.gridId));
    case "grid": {
      const grid = device.gridId === null ? undefined : grids.get(device.gridId);
      const above = grid?.parent ?? null;
      return grid === undefined ? named("") : named(grid.id, grid.name, placeOf(grids, above));
    }
    case "town": {
      const town = townOf(grids, device.gridId);
      return town === null ? named("") : named(town.id, town.name);
    }
    case "maker":
      return named(device.profile.id.replace(/\/.*$/, ""));
    case "profile":
      return named(device.profile.id, device.profile.titleZh || device.profile.id);
    case "kind":
      return named(device.profile.kind);
    case "site":
      return named(device.site);
  }
}

/** The town above a grid, or the highest that there is below the county. */
export function townOf(grids: GridSet, gridId: string | null): { readonly id: string; readonly name: string } | null {
  if (gridId === null) return null;
  const path = grids.path(gridId);
  return path.find((grid) => grid.level === "town") ?? path.at(-1) ?? null;
}

/** Names from the town down. */
export function placeOf(grids: GridSet, gridId: string | null): string {
  if (gridId === null) return "";
  const names = grids.path(gridId).filter((grid) => grid.level !== "county");
  return names.map((grid) => grid.name).join(" / ");
}
