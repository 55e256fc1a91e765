import type { Point } from "../world/polygon.ts";
import { type DayStage, distanceNm, HOUR, MINUTE } from "./day-stage.ts";
import type { Receiver } from "./receivers.ts";

// Incidents that are silences: of a vessel, of a formation, of a station, and of a vessel while its station is silent too.

/** NM that a station's range is taken shorter, so that a boat at its rim is no question */
const RIM_NM = 3;

/** Switches its transmitter off at sea. */
export function dark(stage: DayStage, atHour: number, minutes: number): void {
  const { formation, boat, from } = stage.cast(atHour);
  const { mmsi } = boat.vessel;
  stage.silences.push({ mmsi, from, to: from + minutes * MINUTE });
  stage.expect(`dark ${atHour}`, "vessel.dark", mmsi, formation.id, from, 45, { endsAfter: minutes + 10 });
}

/** A whole formation cannot be heard, while its station hears all the others. */
export function formationOutage(stage: DayStage, atHour: number, minutes: number): void {
  const { formation, from } = stage.cast(atHour, { size: 5 });
  for (const { mmsi } of formation.vessels) stage.silences.push({ mmsi, from, to: from + minutes * MINUTE });
  const times = { endsAfter: minutes + 10 };
  stage.expect("formation outage", "formation.link_outage", formation.id, formation.id, from, 25, times);
}

/**
 * A station hears nothing. Meanwhile one boat goes dark that the other station hears, and one that nobody else does; of that
 * one nothing can be known before the station is back.
 */
export function outage(
  stage: DayStage,
  atHour: number,
  minutes: number,
  station: Receiver,
  other: Receiver,
  grid: string,
): [number, number] {
  const from = stage.start + atHour * HOUR;
  const to = from + minutes * MINUTE;
  const times = { endsAfter: minutes + 10 };
  stage.expect("outage", "receiver.link_outage", station.name, grid, from, minutes, times);
  const hears = ({ at, rangeNm }: Receiver, ground: Point, rim: number) => distanceNm(at, ground) < rangeNm + rim;
  const both = stage.cast(atHour + 0.2, { at: (g) => hears(station, g, -RIM_NM) && hears(other, g, -RIM_NM) });
  const heard = both.boat.vessel.mmsi;
  stage.silences.push({ mmsi: heard, from: both.from, to: both.from + 60 * MINUTE });
  const early = { endsAfter: 70 };
  stage.expect("dark, heard by the other", "vessel.dark", heard, both.formation.id, both.from, 40, early);
  const alone = stage.cast(atHour + 0.1, { at: (g) => hears(station, g, -RIM_NM) && !hears(other, g, RIM_NM) });
  const unheard = alone.boat.vessel.mmsi;
  stage.silences.push({ mmsi: unheard, from: alone.from, to: to + 60 * MINUTE });
  const late = { endsAfter: 70 };
  stage.expect("dark behind the outage", "vessel.dark", unheard, alone.formation.id, to + 28 * MINUTE, 12, late);
  return [from, to];
}
