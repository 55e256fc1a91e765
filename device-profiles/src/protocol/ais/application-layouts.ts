import type { AisBits } from "./bits.ts";
import type { Field, FieldKind } from "./fields.ts";

type Row = readonly [name: string, width: number, kind?: FieldKind];

/** Fields that are repeated to the end of the payload, `at` counted from the begin of each. */
export interface Group {
  readonly name: string;
  readonly fields: readonly Field[];
  /** first bit of the first one */
  readonly at: number;
  readonly width: number;
  /**
   * "begun": every one of which there is a bit; "open": the whole ones and the rest behind them, even an empty rest (as gpsd
   * shows it); "counted": five bits before the first say how many; "four": always four
   */
  readonly count: "begun" | "open" | "counted" | "four";
  /** begins with two bits that say which identifier the next 42 hold */
  readonly identified?: boolean;
}

/** A payload of types 6 and 8 with a published layout; everything else is shown as data. */
export interface Application {
  readonly fields: readonly Field[];
  /** first bit behind the fields */
  readonly end: number;
  /** bits of the whole message, where other lengths are another use of the same code */
  readonly lengths?: readonly number[];
  readonly plausible?: (bits: AisBits) => boolean;
  readonly group?: Group;
  /** name of a text from `end` to the end of the message */
  readonly text?: string;
  readonly warning?: boolean;
  /** fields that gpsd does not know: the data is shown, too */
  readonly besideData?: boolean;
}

type Extra = Omit<Application, "fields" | "end">;
interface GroupRows extends Omit<Group, "fields" | "width" | "at"> {
  readonly rows: readonly Row[];
}

export const FIXED_GROUP = 4;
/** first bit of the payload: type 6 names an addressee before it */
const ADDRESSED = 88;
const BROADCAST = 56;

/** Rows stand one behind the other from `start`; a row without a name is spare. */
function fieldsOf(start: number, rows: readonly Row[]): { readonly fields: Field[]; readonly end: number } {
  const fields: Field[] = [];
  let at = start;
  for (const [name, width, kind = "u"] of rows) {
    if (name !== "") fields.push({ name, at, width, kind, na: notGiven(kind) });
    at += width;
  }
  return { fields, end: at };
}

function notGiven(kind: FieldKind): number | string {
  if (kind === "t") return "";
  if (kind === "eta") return "00-00T24:60Z";
  if (kind === "day") return "00T24:60Z";
  if (kind === "stop") return "00-00T24:60";
  return kind === "berth" ? "0-0T24:60" : 0;
}

function application(start: number, rows: readonly Row[], extra: Extra = {}): Application {
  return { ...fieldsOf(start, rows), ...extra };
}

function grouped(
  start: number,
  rows: readonly Row[],
  { rows: of, ...group }: GroupRows,
  extra: Extra = {},
): Application {
  const head = fieldsOf(start, rows);
  const { fields, end: width } = fieldsOf(0, of);
  const at = group.count === "counted" ? head.end + 5 : head.end;
  return { ...head, ...extra, group: { ...group, fields, at, width } };
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
/** position in 1/1,000 minute */
const PLACE: readonly Row[] = [
  ["lon", 25, "i"],
  ["lat", 24, "i"],
];
const FINE_PLACE: readonly Row[] = [
  ["lon", 28, "i"],
  ["lat", 27, "i"],
];
const WINDOW: readonly Row[] = [
  ["from_hour", 5],
  ["from_min", 6],
  ["to_hour", 5],
  ["to_min", 6],
  ["cdir", 9],
];
const MONTH_DAY: readonly Row[] = [
  ["month", 4],
  ["day", 5],
];

/** IMO SN/Circ.236: meteorological and hydrological data, temperatures with an offset */
const WEATHER_236 = application(BROADCAST, [
  ["lat", 24, "i"],
  ["lon", 25, "i"],
  DAY_TIME,
  ...weather("u"),
  ["visibility", 8],
  ["waterlevel", 9],
  ...water("u"),
]);
/** IMO SN.1/Circ.289: the same, with signed temperatures */
const WEATHER_289 = application(BROADCAST, [
  ...PLACE,
  ["accuracy", 1, "b"],
  DAY_TIME,
  ...weather("i"),
  ["visgreater", 1, "b"],
  ["visibility", 7],
  ["waterlevel", 12],
  ...water("i"),
]);
/** blue cones 0-3, 4 = B flag, 5 = unknown: more is another use of the same code */
const HAZARD_MAX = 5;
/** ES-RIS inland: ship and voyage data */
const INLAND_SHIP = application(
  BROADCAST,
  [
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
  ],
  { lengths: [168], plausible: (bits) => bits.uint(141, 3) <= HAZARD_MAX },
);
/** General Lighthouse Authorities: monitoring of an aid to navigation */
const AID_MONITOR = application(
  ADDRESSED,
  [
    ["ana_int", 10],
    ["ana_ext1", 10],
    ["ana_ext2", 10],
    ["racon", 2],
    ["light", 2],
    ["alarm", 1, "b"],
    ["stat_ext", 8],
    ["off_pos", 1, "b"],
  ],
  { lengths: [136] },
);
const PERSONS_INLAND = application(
  ADDRESSED,
  [
    ["crew", 8],
    ["passengers", 13],
    ["personnel", 8],
  ],
  { lengths: [168] },
);
/** ISRS location code and time of ES-RIS lock messages */
const LOCK: readonly Row[] = [
  ["country", 12, "t"],
  ["locode", 18, "t"],
  ["section", 30, "t"],
  ["terminal", 30, "t"],
  ["hectometre", 30, "t"],
  ["eta", 20, "berth"],
];
const LOCK_ETA = application(ADDRESSED, [...LOCK, ["tugs", 3], ["airdraught", 12]], { lengths: [248] });
const LOCK_RTA = application(ADDRESSED, [...LOCK, ["status", 2]], { lengths: [232] });
/** `warning` and `classification` are ES-RIS' type and class of the warning, which are a message's type and class for gpsd */
const WEATHER_WARNING = application(
  BROADCAST,
  [
    ["", 56],
    ["start_lon", 28, "i"],
    ["start_lat", 27, "i"],
    ["end_lon", 28, "i"],
    ["end_lat", 27, "i"],
    ["warning", 4],
    ["min", 9, "i"],
    ["max", 9, "i"],
    ["classification", 2],
    ["wind", 4],
  ],
  { lengths: [256], warning: true },
);
const WATER_LEVELS = grouped(
  BROADCAST,
  [["country", 12, "t"]],
  {
    name: "gauges",
    count: "four",
    rows: [
      ["id", 11],
      ["level", 14, "i"],
    ],
  },
  { lengths: [168] },
);
const SIGNAL_STATUS = application(
  BROADCAST,
  [...FINE_PLACE, ["form", 4], ["facing", 9], ["direction", 3], ["status", 30]],
  { lengths: [168] },
);
const DANGEROUS_CARGO = application(ADDRESSED, [
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
const TIDAL_WINDOW_236 = grouped(ADDRESSED, MONTH_DAY, {
  name: "tidals",
  count: "open",
  rows: [["lat", 27, "i"], ["lon", 28, "i"], ...WINDOW, ["cspeed", 7]],
});
const TIDAL_WINDOW_289 = grouped(ADDRESSED, MONTH_DAY, {
  name: "tidals",
  count: "open",
  rows: [...PLACE, ...WINDOW, ["cspeed", 8]],
});
const CLEARANCE = application(ADDRESSED, [
  ["linkage", 10],
  ["arrival", 20, "eta"],
  ["portname", 120, "t"],
  ["destination", 30, "t"],
  ...PLACE,
]);
/** who and what is there for the ship: two bits each */
const SERVICES = [
  ..."agent fuel chandler stevedore electrical water customs cartage crane lift medical navrepair provisions".split(
    " ",
  ),
  ..."shiprepair surveyor steam tugs solidwaste liquidwaste hazardouswaste ballast additional".split(" "),
  ..."regional1 regional2 future1 future2".split(" "),
];
const BERTHING = application(ADDRESSED, [
  ["linkage", 10],
  ["berth_length", 9],
  ["berth_depth", 8],
  ["position", 3],
  ["arrival", 20, "berth"],
  ["availability", 1],
  ...SERVICES.map((name): Row => [name, 2]),
  ["berth_name", 120, "t"],
  ["berth_lon", 25, "i"],
  ["berth_lat", 24, "i"],
]);
const CARGO_CODES = grouped(
  ADDRESSED,
  [
    ["unit", 2],
    ["amount", 10],
  ],
  {
    name: "cargos",
    count: "begun",
    rows: [
      ["code", 4],
      ["subtype", 13],
    ],
  },
);
const route = (start: number): Application =>
  grouped(
    start,
    [
      ["linkage", 10],
      ["sender", 3],
      ["rtype", 5],
      ["start", 20, "eta"],
      ["duration", 18],
    ],
    { name: "waypoints", count: "counted", rows: FINE_PLACE },
  );
const TEXT_ROWS: readonly Row[] = [["linkage", 10]];
const FAIRWAY_CLOSED = application(BROADCAST, [
  ["reason", 120, "t"],
  ["closefrom", 120, "t"],
  ["closeto", 120, "t"],
  ["radius", 10],
  ["extunit", 2],
  ["from", 20, "stop"],
  ["to", 20, "stop"],
]);
const VTS_TARGETS = grouped(BROADCAST, [], {
  name: "targets",
  count: "open",
  identified: true,
  rows: [
    ["", 48],
    ["lat", 24, "i"],
    ["lon", 25, "i"],
    ["course", 9],
    ["second", 6],
    ["speed", 10],
  ],
});
const TRAFFIC_SIGNAL = application(BROADCAST, [
  ["linkage", 10],
  ["station", 120, "t"],
  ...PLACE,
  ["status", 2],
  ["signal", 5],
  ["hour", 5],
  ["minute", 6],
  ["nextsignal", 5],
]);
/** gpsd reads these two of type 6 out of the header, and shows the last as data in type 8: hence names of their own */
const PERSONS: readonly Row[] = [["persons_on_board", 13]];
const AIR_DRAUGHT: readonly Row[] = [["air_draught", 11]];

export const applicationKey = (type: number, dac: number, fid: number): number => (type * 1024 + dac) * 64 + fid;

export const APPLICATIONS: ReadonlyMap<number, Application> = new Map([
  [applicationKey(6, 1, 12), DANGEROUS_CARGO],
  [applicationKey(6, 1, 14), TIDAL_WINDOW_236],
  [applicationKey(6, 1, 15), application(ADDRESSED, AIR_DRAUGHT)],
  [applicationKey(6, 1, 16), application(ADDRESSED, PERSONS)],
  [applicationKey(6, 1, 18), CLEARANCE],
  [applicationKey(6, 1, 20), BERTHING],
  [applicationKey(6, 1, 25), CARGO_CODES],
  [applicationKey(6, 1, 28), route(ADDRESSED)],
  [applicationKey(6, 1, 30), application(ADDRESSED, TEXT_ROWS, { text: "text" })],
  [applicationKey(6, 1, 32), TIDAL_WINDOW_289],
  [applicationKey(6, 200, 21), LOCK_ETA],
  [applicationKey(6, 200, 22), LOCK_RTA],
  [applicationKey(6, 200, 55), PERSONS_INLAND],
  [applicationKey(6, 235, 10), AID_MONITOR],
  [applicationKey(6, 250, 10), AID_MONITOR],
  [applicationKey(8, 1, 11), WEATHER_236],
  [applicationKey(8, 1, 13), FAIRWAY_CLOSED],
  [applicationKey(8, 1, 15), application(BROADCAST, [["airdraught", 11]])],
  [applicationKey(8, 1, 16), application(BROADCAST, PERSONS, { lengths: [72], besideData: true })],
  [applicationKey(8, 1, 17), VTS_TARGETS],
  [applicationKey(8, 1, 19), TRAFFIC_SIGNAL],
  [applicationKey(8, 1, 27), route(BROADCAST)],
  [applicationKey(8, 1, 29), application(BROADCAST, TEXT_ROWS, { text: "text" })],
  [applicationKey(8, 1, 31), WEATHER_289],
  [applicationKey(8, 200, 10), INLAND_SHIP],
  [applicationKey(8, 200, 23), WEATHER_WARNING],
  [applicationKey(8, 200, 24), WATER_LEVELS],
  [applicationKey(8, 200, 40), SIGNAL_STATUS],
]);
