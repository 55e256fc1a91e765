import type pg from "pg";
import { AreaDesk } from "./area-desk.ts";
import type { Config } from "./config.ts";
import type { EventBook } from "./events/event-book.ts";
import type { Finding } from "./finding.ts";
import type { Fleet } from "./fleet/fleet.ts";
import { GridKeeper, type GridKeeperOptions } from "./grid-keeper.ts";
import type { GridSet } from "./grids/grid-set.ts";
import { importGrids } from "./import-grids.ts";
import type { Log } from "./log.ts";
import type { PostureDesk } from "./posture-desk.ts";
import type { Registry } from "./registry/registry.ts";
import type { AreaRules } from "./rules/area/area-rules.ts";
import type { RoomStages } from "./stages.ts";

export interface GridHolders {
  readonly registry: Pick<Registry, "relocate" | "gridIn" | "devices">;
  readonly area: Pick<AreaRules, "setGrids">;
  readonly events: Pick<EventBook, "setGrids">;
  readonly fleet: Pick<Fleet, "setWaters">;
  readonly posture: Pick<PostureDesk, "regrid">;
  readonly stages: Pick<RoomStages, "regrid">;
  readonly pipeline: { readonly submit: GridKeeperOptions["submit"] };
}

export interface GridRoom {
  readonly gridKeeper: GridKeeper;
  readonly areas: AreaDesk;
  /** those in force */
  readonly grids: () => GridSet;
}

export interface GridDeskOptions {
  readonly pool: pg.Pool;
  readonly log: Log;
  readonly timeZone: string;
  /** asked when a version comes into force: most of them are made after the grids */
  readonly holders: () => GridHolders;
}

/**
 * The grids of the configuration and of the database.
 * @throws HubError GRID_INVALID
 */
export async function openGrids(
  { grids, time_zone: timeZone }: Pick<Config, "grids" | "time_zone">,
  options: Omit<GridDeskOptions, "timeZone">,
): Promise<GridRoom> {
  return gridDesk({ ...options, timeZone }, await importGrids(grids, options.pool, options.log));
}

/** The grids in force and the areas that people draw, joined with the rooms that hold them. @param first in force at the start */
export function gridDesk({ pool, log, timeZone, holders }: GridDeskOptions, first: GridSet): GridRoom {
  const gridKeeper = new GridKeeper(
    {
      pool,
      log,
      devices: () => holders().registry.devices(),
      gridOf: (device, set) => holders().registry.gridIn(device, set),
      submit: (change) => holders().pipeline.submit(change),
      swap: (...sets) => swapGrids(holders(), ...sets),
    },
    first,
  );
  const areas = new AreaDesk(pool, gridKeeper, timeZone);
  return { gridKeeper, areas, grids: () => gridKeeper.current };
}

/**
 * Every room that holds the grids takes the new ones, between two batches: what was found before is placed by the old ones first.
 * Rooms that ask for the grids each time (recalls, scopes, the map, reports) need no word. Timers stay where they are: nothing is
 * loaded anew.
 */
function swapGrids(holders: GridHolders, set: GridSet, before: GridSet, now: number): void {
  const { registry, area, events, fleet, posture, stages } = holders;
  stages.regrid(now, (out: Finding[]) => {
    posture.regrid(before, () => registry.relocate(set), now, out);
    events.setGrids(set);
    area.setGrids(set, now, out);
    fleet.setWaters(set.at(now));
  });
}
