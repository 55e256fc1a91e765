import { isUtf8 } from "node:buffer";
import { reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import { type Field, readFields, writeField } from "./protobuf.ts";

/** A metric of a payload (Sparkplug 3.0, section 6.4). What the message does not say is null. */
export interface SparkplugMetric {
  readonly name: string | null;
  readonly alias: bigint | null;
  /** ms UTC */
  readonly timestamp: number | null;
  readonly datatype: number | null;
  readonly historical: boolean;
  readonly isNull: boolean;
  /** the value's field: 10 int, 11 long, 12 float, 13 double, 14 boolean, 15 string, 16 bytes, 17 data set, 18 template */
  readonly value: Field | null;
}

export interface SparkplugPayload {
  /** ms UTC */
  readonly timestamp: number | null;
  /** 0-255 */
  readonly seq: number | null;
  readonly metrics: readonly SparkplugMetric[];
}

const WIRE: Readonly<Record<number, number>> = { 10: 0, 11: 0, 12: 5, 13: 1, 14: 0, 15: 2, 16: 2, 17: 2, 18: 2, 19: 2 };
const MAX_METRICS = 10_000;

/** Reads a Sparkplug B payload. */
export function readPayload(bytes: Buffer): SparkplugPayload | Rejection {
  const fields = readFields(bytes);
  if (fields === null) return reject("foreign_invalid", "not a protobuf message");
  let timestamp: number | null = null;
  let seq: number | null = null;
  const metrics: SparkplugMetric[] = [];
  for (const field of fields) {
    if (field.number === 1 && field.wire === 0) timestamp = timeOf(field.varint);
    else if (field.number === 3 && field.wire === 0) {
      if (field.varint > 255n) return reject("foreign_invalid", `seq ${field.varint}, at most 255`);
      seq = Number(field.varint);
    } else if (field.number === 2) {
      const metric = field.wire === 2 ? readMetric(field.bytes) : null;
      if (metric === null) return reject("foreign_invalid", `metric ${metrics.length} cannot be read`);
      if (metrics.length === MAX_METRICS) return reject("foreign_invalid", `more than ${MAX_METRICS} metrics`);
      metrics.push(metric);
    }
  }
  return { timestamp, seq, metrics };
}

function readMetric(bytes: Buffer): SparkplugMetric | null {
  const fields = readFields(bytes);
  if (fields === null) return null;
  let name: string | null = null;
  let alias: bigint | null = null;
  let timestamp: number | null = null;
  let datatype: number | null = null;
  let historical = false;
  let isNull = false;
  let value: Field | null = null;
  for (const field of fields) {
    const { number, wire, varint } = field;
    if (number === 1) {
      if (wire !== 2 || field.bytes.length > 512 || !isUtf8(field.bytes)) return null;
      name = field.bytes.toString("utf8");
    } else if (number === 2 && wire === 0) alias = varint;
    else if (number === 3 && wire === 0) timestamp = timeOf(varint);
    else if (number === 4 && wire === 0) datatype = Number(varint);
    else if (number === 5) historical = varint !== 0n;
    else if (number === 7) isNull = varint !== 0n;
    else if (number in WIRE) {
      if (wire !== WIRE[number]) return null;
      value = field;
    }
  }
  return { name: name === "" ? null : name, alias, timestamp, datatype, historical, isNull, value };
}

function timeOf(value: bigint): number | null {
  return value > 0n && value < 4_102_444_800_000n ? Number(value) : null;
}

const BITS: Readonly<Record<number, number>> = { 1: 8, 2: 16, 3: 32, 4: 64 };
const KINDS: Readonly<Record<number, string>> = {
  16: "a data set",
  17: "bytes",
  18: "a file",
  19: "a template",
  20: "a property set",
  21: "a property set",
};

/**
 * The value of a metric as a number, text or flag.
 * @param datatype as the birth certificate says (table of section 6.4.16)
 */
export function valueOf(
  metric: SparkplugMetric,
  datatype: number | null,
): number | string | boolean | null | Rejection {
  if (metric.isNull) return null;
  const { value } = metric;
  if (datatype !== null && (datatype in KINDS || datatype > 21))
    return reject("foreign_unsupported", `${KINDS[datatype] ?? `a value of type ${datatype}`} is no reading`);
  if (value === null) return reject("foreign_invalid", "no value");
  switch (value.number) {
    case 10:
    case 11: {
      const bits = BITS[datatype ?? 0];
      // signed integers are sent in two's complement of the field
      const n = bits === undefined ? value.varint : BigInt.asIntN(bits, value.varint);
      return Number(n);
    }
    case 12:
      return finite(shortest(value.bytes.readFloatLE(0)));
    case 13:
      return finite(value.bytes.readDoubleLE(0));
    case 14:
      return value.varint !== 0n;
    case 15:
      return isUtf8(value.bytes) ? value.bytes.toString("utf8") : reject("foreign_invalid", "not UTF-8");
    default:
      return reject("foreign_unsupported", `field ${value.number} is no reading`);
  }
}

function finite(x: number): number | null {
  return Number.isFinite(x) ? x : null;
}

/** A 32-bit float as the decimal that was meant: 21.4, not 21.399999618530273. */
function shortest(x: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return x;
}

/** NCMD that asks an edge node for its birth certificates (section 6.4.21). @param now ms UTC */
export function rebirthCommand(now: number): Buffer {
  const metric = Buffer.concat([
    writeField(1, "Node Control/Rebirth"),
    writeField(3, now),
    writeField(4, 11),
    writeField(14, 1),
  ]);
  return Buffer.concat([writeField(1, now), writeField(2, metric)]);
}
