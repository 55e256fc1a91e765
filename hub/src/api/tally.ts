import type { HealthState } from "../store/batch.ts";
import type { ApiContext } from "./context.ts";
import type { Scope } from "./scope.ts";

type Needs = Pick<ApiContext, "registry" | "health" | "events" | "clock">;

export interface Tallied {
  readonly devices: number;
  /** devices by state */
  readonly health: Record<HealthState, number>;
  /** live active events by severity "1".."4" */
  readonly active: Record<string, number>;
}

interface Row {
  readonly health: Record<HealthState, number>;
  readonly active: Record<string, number>;
}

/** How old the counts of scoped accounts may be, ms. */
const MAX_AGE_MS = 1500;

/**
 * Devices by health and active events by severity. Without limits the rooms' own counters answer; for scoped accounts one pass
 * counts by grid, and every scope sums its grids.
 */
export class Tally {
  readonly #of: Needs;
  #byGrid = new Map<string, Row>();
  #at = -Infinity;

  constructor(context: Needs) {
    this.#of = context;
  }

  of(scope: Scope): Tallied {
    const { registry, health, events, clock } = this.#of;
    if (scope.grids === null) {
      const active = noActive();
      for (const event of events.active()) active[event.severity]++;
      return { devices: registry.size, health: health.counts(), active };
    }
    if (Math.abs(clock() - this.#at) > MAX_AGE_MS) this.#count(clock());
    const sum: Row = { health: noHealth(), active: noActive() };
    for (const gridId of scope.grids) {
      const row = this.#byGrid.get(gridId);
      if (row === undefined) continue;
      for (const state of STATES) sum.health[state] += row.health[state];
      for (const severity of SEVERITIES) sum.active[severity] += row.active[severity];
    }
    return { devices: STATES.reduce((n, state) => n + sum.health[state], 0), ...sum };
  }

  #count(now: number): void {
    this.#at = now;
    this.#byGrid = new Map();
    for (const device of this.#of.registry.devices()) {
      if (device.gridId === null) continue;
      this.#row(device.gridId).health[this.#of.health.of(`device:${device.uid}`)?.state ?? "unknown"]++;
    }
    for (const { gridId, severity } of this.#of.events.active()) {
      if (gridId !== null) this.#row(gridId).active[severity]++;
    }
  }

  #row(gridId: string): Row {
    let row = this.#byGrid.get(gridId);
    if (row === undefined) this.#byGrid.set(gridId, (row = { health: noHealth(), active: noActive() }));
    return row;
  }
}

const STATES = ["unknown", "online", "late", "offline", "flapping"] as const;
const SEVERITIES = ["1", "2", "3", "4"] as const;
const noHealth = (): Record<HealthState, number> => ({ unknown: 0, online: 0, late: 0, offline: 0, flapping: 0 });
const noActive = (): Record<string, number> => ({ "1": 0, "2": 0, "3": 0, "4": 0 });
