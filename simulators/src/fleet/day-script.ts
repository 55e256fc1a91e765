import { closedSeason, farmHours, noGoStrip, outOfArea, portVisit, recall, speedZone } from "./day-areas.ts";
import { dark, formationOutage, outage } from "./day-silences.ts";
import type { DayStage } from "./day-stage.ts";
import {
  anchorDrag, approach, beacon, buoys, clone, drift, drill, encounter, mayday, split, straggler,
} from "./day-vessels.ts"; // prettier-ignore
import type { Receiver } from "./receivers.ts";

/** The incidents of ten hours, hours after the start. @returns when the eastern station hears nothing, ms UTC */
export function writeTenHours(stage: DayStage, [west, east]: readonly Receiver[], eastGrid: string): [number, number] {
  straggler(stage, 1);
  closedSeason(stage, 1.2);
  dark(stage, 1.5, 70);
  mayday(stage, 2);
  drill(stage, 2.2);
  split(stage, 2.5);
  encounter(stage, 3);
  farmHours(stage, 3.25);
  clone(stage, 3.5, 50);
  portVisit(stage, 4);
  approach(stage, 4.5);
  speedZone(stage, 4.7);
  drift(stage, 5);
  outOfArea(stage, 5.2);
  anchorDrag(stage, 5.5);
  noGoStrip(stage, 6);
  recall(stage, 6.2);
  beacon(stage, 6.5);
  const out = outage(stage, 7.5, 26, east, west, eastGrid);
  straggler(stage, 8.4);
  dark(stage, 8.5, 60);
  formationOutage(stage, 8.8, 45);
  buoys(stage, 24);
  return out;
}
