import type { AisBits } from "./bits.ts";
import { type AisValue, readFields } from "./decode.ts";
import type { Field, FieldKind } from "./fields.ts";

type Row = readonly [name: string, width: number, kind?: FieldKind];

/** A payload of types 6 and 8 with a published layout; everything else is shown as data. */
interface Application {
  readonly fields: readonly Field[];
  /** bits of the whole message: exactly so many, or at least */
  readonly bits: number;
  readonly exact: boolean;
}

/** Rows stand one behind the other from `start`; a row without a name is spare. */
function application(start: number, bits: number, exact: boolean, rows: readonly Row[]): Application {
  const fields: Field[] = [];
  let at = start;
  for (const [name, width, kind = "u"] of rows) {
    if (name !== "") fields.push({ name, at, width, kind, na: 0 });
    at += width;
  }
  return { fields, bits, exact };
}

const weather = (signed: "u" | "i"): Row[] => [
  ["wspeed", 7],
  ["wgust", 7],
  ["wdir", 9],
  ["wgustdir", 9],
  ["airtemp", 11, signed],
  ["humidity", 7],
  ["dewpoint", 10, signed],
  ["pressure", 9],
  ["pressuretend", 2],
];
const water = (signed: "u" | "i"): Row[] => [
  ["leveltrend", 2],
  ["cspeed", 8],
  ["cdir", 9],
  ["cspeed2", 8],
  ["cdir2", 9],
  ["cdepth2", 5],
  ["cspeed3", 8],
  ["cdir3", 9],
  ["cdepth3", 5],
  ["waveheight", 8],
  ["waveperiod", 6],
  ["wavedir", 9],
  ["swellheight", 8],
  ["swellperiod", 6],
  ["swelldir", 9],
  ["seastate", 4],
  ["watertemp", 10, signed],
  ["preciptype", 3],
  ["salinity", 9],
  ["ice", 2],
];
const DAY_TIME: Row = ["timestamp", 16, "day"];

/** IMO SN/Circ.236: meteorological and hydrological data, temperatures with an offset */
const WEATHER_236 = application(56, 346, false, [
  ["lat", 24, "i"],
  ["lon", 25, "i"],
  DAY_TIME,
  ...weather("u"),
  ["visibility", 8],
  ["waterlevel", 9],
  ...water("u"),
]);
/** IMO SN.1/Circ.289: the same, with signed temperatures */
const WEATHER_289 = application(56, 350, false, [
  ["lon", 25, "i"],
  ["lat", 24, "i"],
  ["accuracy", 1, "b"],
  DAY_TIME,
  ...weather("i"),
  ["visgreater", 1, "b"],
  ["visibility", 7],
  ["waterlevel", 12],
  ...water("i"),
]);
/** ES-RIS inland: ship and voyage data */
const INLAND_SHIP = application(56, 168, true, [
  ["vin", 48, "t"],
  ["length", 13],
  ["beam", 10],
  ["shiptype", 14],
  ["hazard", 3],
  ["draught", 11],
  ["loaded", 2],
  ["speed_q", 1, "b"],
  ["course_q", 1, "b"],
  ["heading_q", 1, "b"],
]);
/** General Lighthouse Authorities: monitoring of an aid to navigation */
const AID_MONITOR = application(88, 136, true, [
  ["ana_int", 10],
  ["ana_ext1", 10],
  ["ana_ext2", 10],
  ["racon", 2],
  ["light", 2],
  ["alarm", 1, "b"],
  ["stat_ext", 8],
  ["off_pos", 1, "b"],
]);
const PERSONS_INLAND = application(88, 168, true, [
  ["crew", 8],
  ["passengers", 13],
  ["personnel", 8],
]);
const DANGEROUS_CARGO = application(88, 357, false, [
  ["lastport", 30, "t"],
  ["departure", 20, "eta"],
  ["nextport", 30, "t"],
  ["eta", 20, "eta"],
  ["dangerous", 120, "t"],
  ["imdcat", 24, "t"],
  ["unid", 13],
  ["amount", 10],
  ["unit", 2],
]);
const CLEARANCE = application(88, 317, false, [
  ["linkage", 10],
  ["arrival", 20, "eta"],
  ["portname", 120, "t"],
  ["destination", 30, "t"],
  ["lon", 25, "i"],
  ["lat", 24, "i"],
]);

const key = (type: number, dac: number, fid: number) => (type * 1024 + dac) * 64 + fid;
const APPLICATIONS: ReadonlyMap<number, Application> = new Map([
  [key(8, 1, 11), WEATHER_236],
  [key(8, 1, 31), WEATHER_289],
  [key(8, 200, 10), INLAND_SHIP],
  [key(6, 235, 10), AID_MONITOR],
  [key(6, 250, 10), AID_MONITOR],
  [key(6, 200, 55), PERSONS_INLAND],
  [key(6, 1, 12), DANGEROUS_CARGO],
  [key(6, 1, 18), CLEARANCE],
]);
/** blue cones 0-3, 4 = B flag, 5 = unknown: more is another use of the same code */
const HAZARD_MAX = 5;

/**
 * Reads the payload of a type 6 or 8 message whose `dac` and `fid` are known.
 * @returns false when the payload has no known layout or another length: the caller shows it as data
 */
export function decodeApplication(bits: AisBits, type: number, into: Record<string, AisValue>): boolean {
  const app = APPLICATIONS.get(key(type, into.dac as number, into.fid as number));
  if (app === undefined || bits.length < app.bits || (app.exact && bits.length !== app.bits)) return false;
  if (app === INLAND_SHIP && bits.uint(141, 3) > HAZARD_MAX) return false;
  readFields(bits, app.fields, into);
  return true;
}
