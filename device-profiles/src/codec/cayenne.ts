import type { Path } from "../problem.ts";
import { isRejection, reject, type Rejection } from "../rejection.ts";
import { hex, type FrameDecoder } from "./frame.ts";
import { compileJson } from "./json.ts";
import type { Preset } from "./result-schema.ts";
import type { JsonField } from "./schema.ts";
import { integer } from "./tlv.ts";
import type { CompileContext } from "./value.ts";

/** Parts of one item: name ("" = the item itself), bytes, divisor; signed where `signed`. */
interface Type {
  readonly name: string;
  readonly parts: readonly (readonly [name: string, size: number, divisor: number])[];
  readonly signed: boolean;
}

const scalar = (name: string, size: number, divisor = 1, signed = false): Type => ({
  name,
  parts: [["", size, divisor]],
  signed,
});
const axes = (name: string, divisor: number): Type => ({
  name,
  parts: [
    ["x", 2, divisor],
    ["y", 2, divisor],
    ["z", 2, divisor],
  ],
  signed: true,
});

/** Cayenne Low Power Payload 2.0: IPSO object id less 3200; and the further types that common libraries send. All big endian. */
const TYPES: Readonly<Record<number, Type>> = {
  0: scalar("digital_in", 1),
  1: scalar("digital_out", 1),
  2: scalar("analog_in", 2, 100, true),
  3: scalar("analog_out", 2, 100, true),
  100: scalar("generic", 4),
  101: scalar("luminosity", 2),
  102: scalar("presence", 1),
  103: scalar("temperature", 2, 10, true),
  104: scalar("relative_humidity", 1, 2),
  113: axes("accelerometer", 1000),
  115: scalar("barometric_pressure", 2, 10),
  116: scalar("voltage", 2, 100),
  117: scalar("current", 2, 1000),
  118: scalar("frequency", 4),
  120: scalar("percentage", 1),
  121: scalar("altitude", 2, 1, true),
  125: scalar("concentration", 2),
  128: scalar("power", 2),
  130: scalar("distance", 4, 1000),
  131: scalar("energy", 4, 1000),
  132: scalar("direction", 2),
  133: scalar("unixtime", 4),
  134: axes("gyrometer", 100),
  136: {
    name: "gps",
    parts: [
      ["latitude", 3, 10_000],
      ["longitude", 3, 10_000],
      ["altitude", 3, 100],
    ],
    signed: true,
  },
  142: scalar("switch", 1),
};

/** What the types mean where the profile maps nothing itself; the others have no meaning without a map. */
const MEANINGS: readonly JsonField[] = [
  { n: "temperature" },
  { n: "humidity", path: "relative_humidity" },
  { n: "air_pressure", path: "barometric_pressure" },
  { n: "illuminance", path: "luminosity" },
  { n: "motion", path: "presence", map: { 0: false, 1: true } },
  { n: "latitude", path: "gps.latitude" },
  { n: "longitude", path: "gps.longitude" },
  { n: "altitude", path: ["gps.altitude", "altitude"] },
  { n: "voltage" },
  { n: "current" },
  { n: "power" },
  { n: "distance" },
  { n: "energy" },
  { n: "co2", path: "concentration" },
];

/**
 * Cayenne LPP: items of channel, type and value. The record has `temperature_3` for channel 3, and `temperature` for the first of its
 * type, so that one map serves devices that number their channels differently.
 */
export function compileCayenne(preset: Preset, path: Path, ctx: CompileContext): FrameDecoder {
  const { map, ports: only } = typeof preset === "string" ? { map: undefined, ports: undefined } : preset;
  const fields = map ?? MEANINGS.map((field) => ({ ...field }));
  const values = compileJson({ fields }, path, ctx, { key: "map" });
  const ports = only === undefined ? null : new Set(only);
  return (b, port, out) => {
    out.reset();
    if (ports !== null && port !== 0 && !ports.has(port)) return reject("frame_selector", `no layout for port ${port}`);
    const record = decodeCayenne(b);
    return isRejection(record) ? record : values(record, out);
  };
}

/** Items by type and channel (`temperature_3`), the first of a type also under the type alone. */
export function decodeCayenne(b: Uint8Array): Record<string, unknown> | Rejection {
  if (b.length < 3) return reject("frame_short", `${b.length} bytes hold no item`);
  const record: Record<string, unknown> = {};
  let p = 0;
  while (p < b.length) {
    if (p + 2 > b.length) return reject("frame_short", `the item at byte ${p} is cut off`);
    const [channel, id] = [b[p], b[p + 1]];
    if (!Object.hasOwn(TYPES, id)) return reject("frame_selector", `type ${hex(id)} at byte ${p + 1} is unknown`);
    const type = TYPES[id];
    const at = p + 2;
    const value = readItem(type, b, at);
    if (value === null) return reject("frame_short", `the item at byte ${p} is cut off`);
    record[`${type.name}_${channel}`] = value;
    record[type.name] ??= value;
    p = at + type.parts.reduce((sum, [, size]) => sum + size, 0);
  }
  return record;
}

function readItem({ parts, signed }: Type, b: Uint8Array, at: number): number | Record<string, number> | null {
  const value: Record<string, number> = {};
  let p = at;
  for (const [name, size, divisor] of parts) {
    if (p + size > b.length) return null;
    const raw = integer(b, p, size, false);
    const number = (signed && b[p] & 0x80 ? raw - 2 ** (8 * size) : raw) / divisor;
    if (name === "") return number;
    value[name] = number;
    p += size;
  }
  return value;
}
