/**
 * How a field is read: unsigned, signed (two's complement), flag, six-bit text, `MM-DDTHH:MMZ` (4+5+5+6 bits), the same
 * as `M-DTH:M` ("berth"), as `MM-DDTHH:MM` with the day sent first ("stop"), `DDTHH:MMZ` (5+5+6 bits), or `YYYY-MM-DDTHH:MM:SSZ` (14+4+5+5+6+6 bits).
 */
export type FieldKind = "u" | "i" | "b" | "t" | "eta" | "stop" | "berth" | "day" | "time";

export interface Field {
  readonly name: string;
  /** first bit, from 0 */
  readonly at: number;
  /** bits; six a character */
  readonly width: number;
  readonly kind: FieldKind;
  /** the raw value that means "not available": what the encoder writes when the field is not given */
  readonly na: number | boolean | string;
}

/** The bits of one message type (ITU-R M.1371-5 annex 8) under the field names of gpsd, without type, repeat and mmsi. */
export interface Layout {
  readonly fields: readonly Field[];
  /** shortest and longest message accepted, bits */
  readonly min: number;
  readonly max: number;
  /** length that the encoder writes */
  readonly bits: number;
}

const u = (name: string, at: number, width: number, na = 0): Field => ({ name, at, width, kind: "u", na });
const i = (name: string, at: number, width: number, na: number): Field => ({ name, at, width, kind: "i", na });
const b = (name: string, at: number, na = false): Field => ({ name, at, width: 1, kind: "b", na });
const t = (name: string, at: number, chars: number): Field => ({ name, at, width: chars * 6, kind: "t", na: "" });

/** Raw "not available" of a position, in the unit of each message: 1/10,000 minute and 1/10 minute. */
export const LON_NA = 181 * 600_000;
export const LAT_NA = 91 * 600_000;
export const LON_NA_COARSE = 181 * 600;
export const LAT_NA_COARSE = 91 * 600;

const position = (at: number): Field[] => [i("lon", at, 28, LON_NA), i("lat", at + 28, 27, LAT_NA)];
const hull = (at: number): Field[] => [
  u("to_bow", at, 9),
  u("to_stern", at + 9, 9),
  u("to_port", at + 18, 6),
  u("to_starboard", at + 24, 6),
];
const slot = (n: number, at: number): Field[] => [
  u(`offset${n}`, at, 12),
  u(`number${n}`, at + 12, 4),
  u(`timeout${n}`, at + 16, 3),
  u(`increment${n}`, at + 19, 11),
];
const area = (at: number): Field[] => [
  i("ne_lon", at, 18, LON_NA_COARSE),
  i("ne_lat", at + 18, 17, LAT_NA_COARSE),
  i("sw_lon", at + 35, 18, LON_NA_COARSE),
  i("sw_lat", at + 53, 17, LAT_NA_COARSE),
];
const layout = (bits: number, min: number, max: number, fields: Field[]): Layout => ({ bits, min, max, fields });
/** Over-long messages are met in the wild; the fields stand where they should. */
const ANY = 1100;

const CLASS_A = layout(168, 163, ANY, [
  u("status", 38, 4, 15),
  i("turn", 42, 8, -128),
  u("speed", 50, 10, 1023),
  b("accuracy", 60),
  ...position(61),
  u("course", 116, 12, 3600),
  u("heading", 128, 9, 511),
  u("second", 137, 6, 60),
  u("maneuver", 143, 2),
  b("raim", 148),
  u("radio", 149, 19),
]);

const BASE = layout(168, 168, ANY, [
  { name: "timestamp", at: 38, width: 40, kind: "time", na: "0000-00-00T24:60:60Z" },
  b("accuracy", 78),
  ...position(79),
  u("epfd", 134, 4),
  b("raim", 148),
  u("radio", 149, 19),
]);

const ACKNOWLEDGE = layout(72, 72, 168, [
  u("mmsi1", 40, 30),
  u("mmsi2", 72, 30),
  u("mmsi3", 104, 30),
  u("mmsi4", 136, 30),
]);

const CLASS_B = [
  u("reserved", 38, 8),
  u("speed", 46, 10, 1023),
  b("accuracy", 56),
  ...position(57),
  u("course", 112, 12, 3600),
  u("heading", 124, 9, 511),
  u("second", 133, 6, 60),
];

/** Layouts by type. Types 6, 8, 12, 14, 17, 25 and 26 end in data or text of free length, 22 and 24 have variants: decode.ts. */
export const LAYOUTS: readonly (Layout | undefined)[] = [
  undefined,
  CLASS_A,
  CLASS_A,
  CLASS_A,
  BASE,
  layout(424, 420, ANY, [
    u("ais_version", 38, 2),
    u("imo", 40, 30),
    t("callsign", 70, 7),
    t("shipname", 112, 20),
    u("shiptype", 232, 8),
    ...hull(240),
    u("epfd", 270, 4),
    { name: "eta", at: 274, width: 20, kind: "eta", na: "00-00T24:60Z" },
    u("draught", 294, 8),
    t("destination", 302, 20),
    u("dte", 422, 1, 1),
  ]),
  layout(88, 88, 1008, [
    u("seqno", 38, 2),
    u("dest_mmsi", 40, 30),
    b("retransmit", 70),
    u("dac", 72, 10),
    u("fid", 82, 6),
  ]),
  ACKNOWLEDGE,
  layout(56, 56, 1008, [u("dac", 40, 10), u("fid", 50, 6)]),
  layout(168, 168, ANY, [
    u("alt", 38, 12, 4095),
    u("speed", 50, 10, 1023),
    b("accuracy", 60),
    ...position(61),
    u("course", 116, 12, 3600),
    u("second", 128, 6, 60),
    u("regional", 134, 8),
    u("dte", 142, 1, 1),
    b("raim", 147),
    u("radio", 148, 20),
  ]),
  layout(72, 72, ANY, [u("dest_mmsi", 40, 30)]),
  BASE,
  layout(72, 72, 1008, [u("seqno", 38, 2), u("dest_mmsi", 40, 30), b("retransmit", 70)]),
  ACKNOWLEDGE,
  layout(40, 40, 1008, []),
  layout(88, 88, 168, [
    u("mmsi1", 40, 30),
    u("type1_1", 70, 6),
    u("offset1_1", 76, 12),
    u("type1_2", 90, 6),
    u("offset1_2", 96, 12),
    u("mmsi2", 110, 30),
    u("type2_1", 140, 6),
    u("offset2_1", 146, 12),
  ]),
  layout(96, 96, 168, [
    u("mmsi1", 40, 30),
    u("offset1", 70, 12),
    u("increment1", 82, 10),
    u("mmsi2", 92, 30),
    u("offset2", 122, 12),
    u("increment2", 134, 10),
  ]),
  layout(80, 80, 816, [i("lon", 40, 18, LON_NA_COARSE), i("lat", 58, 17, LAT_NA_COARSE)]),
  layout(168, 168, ANY, [
    ...CLASS_B,
    u("regional", 139, 2),
    b("cs", 141, true),
    b("display", 142),
    b("dsc", 143),
    b("band", 144),
    b("msg22", 145),
    b("raim", 147),
    u("radio", 148, 20),
  ]),
  layout(312, 312, ANY, [
    ...CLASS_B,
    u("regional", 139, 4),
    t("shipname", 143, 20),
    u("shiptype", 263, 8),
    ...hull(271),
    u("epfd", 301, 4),
    b("raim", 305),
    u("dte", 306, 1, 1),
    b("assigned", 307),
  ]),
  layout(160, 72, 186, [...slot(1, 40), ...slot(2, 70), ...slot(3, 100), ...slot(4, 130)]),
  layout(272, 272, 368, [
    u("aid_type", 38, 5),
    b("accuracy", 163),
    ...position(164),
    ...hull(219),
    u("epfd", 249, 4),
    u("second", 253, 6, 60),
    b("off_position", 259),
    u("regional", 260, 8),
    b("raim", 268),
    b("virtual_aid", 269),
  ]),
  layout(168, 168, ANY, [
    u("channel_a", 40, 12),
    u("channel_b", 52, 12),
    u("txrx", 64, 4),
    b("power", 68),
    b("addressed", 139),
    b("band_a", 140),
    b("band_b", 141),
    u("zonesize", 142, 3),
  ]),
  layout(160, 160, ANY, [
    ...area(40),
    u("stationtype", 110, 4),
    u("shiptype", 114, 8),
    u("interval", 146, 4),
    u("quiet", 150, 4),
  ]),
  undefined,
  layout(40, 40, 168, [b("addressed", 38), b("structured", 39)]),
  layout(60, 60, 1064, [b("addressed", 38), b("structured", 39)]),
  layout(96, 96, 168, [
    b("accuracy", 38),
    b("raim", 39),
    u("status", 40, 4, 15),
    i("lon", 44, 18, LON_NA_COARSE),
    i("lat", 62, 17, LAT_NA_COARSE),
    u("speed", 79, 6, 63),
    u("course", 85, 9, 511),
    b("gnss", 94),
  ]),
];

/** Type 22 covers an area or names two stations. */
export const CHANNEL_AREA: readonly Field[] = area(69);
export const CHANNEL_STATIONS: readonly Field[] = [u("dest1", 69, 30), u("dest2", 104, 30)];

export const STATIC_A: Layout = layout(160, 160, 168, [t("shipname", 40, 20)]);
export const STATIC_B: Layout = layout(168, 168, ANY, [
  u("shiptype", 40, 8),
  t("vendorid", 48, 7),
  u("model", 66, 4),
  u("serial", 70, 20),
  t("callsign", 90, 7),
]);
/** End of a type 24 part B: the hull, or the mother ship of an auxiliary craft (MMSI 98xxxxxxx). */
export const STATIC_B_HULL: readonly Field[] = hull(132);
export const STATIC_B_MOTHERSHIP: readonly Field[] = [u("mothership_mmsi", 132, 30)];

export function isAuxiliary(mmsi: number): boolean {
  return mmsi >= 980_000_000 && mmsi < 990_000_000;
}
