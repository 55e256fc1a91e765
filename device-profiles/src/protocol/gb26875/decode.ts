import { isRejection, reject, type Rejection } from "../../rejection.ts";
import type { FieldProtocol, Sample, SampleValue } from "../field-protocol.ts";
import { COMMAND, readGb26875, readTime } from "./frame.ts";

/** Kinds of data unit that stations send (section 8, type identifier): bytes of one object, its reader, where its time stands. */
const OBJECTS: ReadonlyMap<number, { readonly size: number; readonly read: (b: Uint8Array) => SampleValue[] }> =
  new Map([
    [1, { size: 10, read: readSystem }],
    [2, { size: 46, read: readComponent }],
    [3, { size: 16, read: readAnalogue }],
    [4, { size: 10, read: readOperation }],
    [21, { size: 7, read: readDevice }],
  ]);
const TIME_SIZE = 6;
const GBK = new TextDecoder("gbk");

/** Words and flags of the state bits; low bit first (section 8.2.1, systems; the first nine are those of components, 8.2.2). */
const STATES: readonly (readonly [bit: number, word: string, metric: string | null])[] = [
  [1, "fire", "fire"],
  [2, "fault", "fault"],
  [3, "shielded", "shielded"],
  [4, "supervised", "supervised"],
  [5, "started", "started"],
  [6, "feedback", "feedback"],
  [7, "delayed", null],
  [8, "power fault", "mains_failed"],
  [9, "backup power fault", "backup_failed"],
  [10, "bus fault", "fault"],
  [11, "manual", null],
  [12, "configuration changed", null],
  [13, "reset", null],
];

/** Analogue kinds, table 6: metric and divisor to its unit. */
const ANALOGUE: ReadonlyMap<number, readonly [metric: string, divisor: number]> = new Map([
  [2, ["height", 100]],
  [3, ["temperature", 10]],
  // 0.1 MPa and 0.1 kPa
  [4, ["pressure", 10]],
  [5, ["pressure", 10_000]],
  [6, ["gas", 10]],
  [8, ["voltage", 10]],
  [9, ["current", 10]],
  [10, ["flow", 10]],
  [12, ["wind_speed", 1]],
]);

export const GB26875_METRICS: ReadonlySet<string> = new Set([
  ...["status", "component", "location"],
  ...STATES.flatMap(([, , metric]) => metric ?? []),
  "link_fault",
  ...[...ANALOGUE.values()].map(([metric]) => metric),
]);

/** The samples of one frame: one for each object that it lists. */
export const gb26875: FieldProtocol = {
  yields: GB26875_METRICS,
  read(b) {
    const frame = readGb26875(b);
    if (isRejection(frame)) return frame;
    const { command, data } = frame;
    if (command !== COMMAND.send && command !== COMMAND.answer)
      return reject("frame_unsupported", `command ${command} carries no readings`);
    if (data.length < 2) return reject("frame_short", "a data unit without type and count");
    // the host's clock: a sign of life
    if (data[0] === 28) return [{ ts: frame.sentAt, values: [] }];
    const object = OBJECTS.get(data[0]);
    if (object === undefined) return reject("frame_unsupported", `data of type ${data[0]} is not supported`);
    return readObjects(data, object, frame.sentAt);
  },
};

function readObjects(
  data: Uint8Array,
  { size, read }: { readonly size: number; readonly read: (b: Uint8Array) => SampleValue[] },
  sentAt: number,
): Sample[] | Rejection {
  const count = data[1];
  const expected = 2 + count * size;
  if (count === 0) return reject("frame_short", "no object in the data unit");
  if (data.length < expected) return reject("frame_short", `${data.length} bytes of data, ${expected} expected`);
  if (data.length > expected) return reject("frame_trailing", `${data.length} bytes of data, ${expected} expected`);
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const b = data.subarray(2 + i * size, 2 + (i + 1) * size);
    const own = readTime(b, size - TIME_SIZE);
    const ts = Number.isNaN(own) ? sentAt : own;
    // objects of the same second stay apart: a reading's identity is its time
    samples.push({ ts: ts + i, values: read(b) });
  }
  return samples.sort((x, y) => x.ts - y.ts);
}

/**
 * Type 1, a whole system. The fire alarm system (0 general, 1 fire alarm) says both that something is so and that it no longer
 * is; that the sprinklers are well does not say that nothing burns.
 */
function readSystem(b: Uint8Array): SampleValue[] {
  const state = b[2] | (b[3] << 8);
  const flags = new Map<string, boolean>();
  for (const [bit, , metric] of STATES) {
    const set = (state & (1 << bit)) !== 0;
    if (metric !== null && (set || b[0] <= 1)) flags.set(metric, set || flags.get(metric) === true);
  }
  return [["component", `${b[0]}.${b[1]}`], ["status", words(state, STATES.length)], ...flags];
}

/**
 * Type 2, one component of many: raises flags and never lowers them. That one detector is normal does not say that the house is;
 * the system's own state (type 1) or a reset (type 4) does.
 */
function readComponent(b: Uint8Array): SampleValue[] {
  const state = b[7] | (b[8] << 8);
  const address = (b[3] | (b[4] << 8) | (b[5] << 16) | (b[6] << 24)) >>> 0;
  const values: SampleValue[] = [
    ["component", `${b[0]}.${b[1]}/${b[2]}.${address.toString(16).toUpperCase().padStart(8, "0")}`],
    ["status", words(state, 8)],
    ["location", text(b.subarray(9, 40))],
  ];
  for (const [bit, , metric] of STATES.slice(0, 8))
    if (metric !== null && (state & (1 << bit)) !== 0) values.push([metric, true]);
  return values;
}

/** Type 3: one measured value of a component, two's complement. */
function readAnalogue(b: Uint8Array): SampleValue[] {
  const address = (b[3] | (b[4] << 8) | (b[5] << 16) | (b[6] << 24)) >>> 0;
  const raw = ((b[8] | (b[9] << 8)) << 16) >> 16;
  const known = ANALOGUE.get(b[7]);
  const component = `${b[0]}.${b[1]}/${b[2]}.${address.toString(16).toUpperCase().padStart(8, "0")}`;
  return [["component", component], ...(known === undefined ? [] : [[known[0], raw / known[1]] as const])];
}

/** Type 4: what an operator did. The operator's number (a person) is not read. */
function readOperation(b: Uint8Array): SampleValue[] {
  const done = b[2];
  const names = ["reset", "silenced", "manual alarm", "alarm cancelled", "self test", "roll call answered", "test"];
  const values: SampleValue[] = [["component", `${b[0]}.${b[1]}`]];
  values.push(["status", names.filter((_, bit) => (done & (1 << bit)) !== 0).join(", ") || "operation"]);
  if ((done & 0b1001) !== 0) values.push(["fire", false]);
  if ((done & 0b0001) !== 0) values.push(["fault", false]);
  if ((done & 0b0100) !== 0) values.push(["fire", true]);
  return values;
}

/** Type 21: the transmission device itself. It raises fire and fault (its own button, its own trouble) and never lowers them. */
function readDevice(b: Uint8Array): SampleValue[] {
  const bit = (i: number) => (b[0] & (1 << i)) !== 0;
  const values: SampleValue[] = [
    ["status", (b[0] & 0b1111_1110) === 0 ? "normal" : "alarm"],
    ["mains_failed", bit(3)],
    ["backup_failed", bit(4)],
    // the line to the centre, the line to the fire alarm control unit
    ["link_fault", bit(5) || bit(6)],
  ];
  if (bit(1)) values.push(["fire", true]);
  if (bit(2)) values.push(["fault", true]);
  return values;
}

function words(state: number, count: number): string {
  const said = STATES.slice(0, count).filter(([bit]) => (state & (1 << bit)) !== 0);
  return said.length === 0 ? "normal" : said.map(([, word]) => word).join(", ");
}

/** GBK (GB 18030), padded with zeros. */
function text(b: Uint8Array): string {
  const end = b.indexOf(0);
  return GBK.decode(end < 0 ? b : b.subarray(0, end))
    .replace(/\p{Cc}/gu, " ")
    .trim();
}
