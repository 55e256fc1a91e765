import { RowRefused } from "./store.ts";

// PostgreSQL's binary format of one-dimensional arrays: dimensions, has-null flag, element type, size, lower bound, then each
// element with its length (-1 = NULL). A whole column travels as one parameter; nothing is printed and parsed again.
// Source: src/backend/utils/adt/arrayfuncs.c, array_recv.

export const OID = {
  int2: 21,
  int4: 23,
  int8: 20,
  float8: 701,
  bool: 16,
  text: 25,
  bytea: 17,
  timestamptz: 1184,
  "int2[]": 1005,
  "int4[]": 1007,
  "int8[]": 1016,
  "float8[]": 1022,
  "bool[]": 1000,
  "text[]": 1009,
  "bytea[]": 1001,
  "timestamptz[]": 1185,
} as const;

const HEADER = 20;
/** 2000-01-01, PostgreSQL's day zero, ms UTC */
const EPOCH = 946_684_800_000;
/** Times that the hub stores at all, ms UTC: from 1970 to 2200. */
const MIN_TIME = 0;
const MAX_TIME = 7_258_118_400_000;
const TWO_32 = 4_294_967_296;

interface Column {
  readonly buffer: Buffer;
  readonly view: DataView;
}

/** @param bytes of all elements with their length prefixes */
function column(type: number, n: number, bytes: number): Column {
  const buffer = Buffer.allocUnsafe(HEADER + bytes);
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  view.setInt32(0, n === 0 ? 0 : 1);
  view.setInt32(4, 1);
  view.setInt32(8, type);
  view.setInt32(12, n);
  view.setInt32(16, 1);
  // an empty array has no dimension at all
  return { buffer: n === 0 ? buffer.subarray(0, 12) : buffer, view };
}

function putTime(view: DataView, at: number, ms: number): void {
  // also false for NaN
  if (!(ms >= MIN_TIME && ms < MAX_TIME)) throw new RowRefused("22008", `time ${ms} is outside 1970 to 2200`);
  const us = Math.round((ms - EPOCH) * 1000);
  const high = Math.floor(us / TWO_32);
  view.setInt32(at, high);
  view.setUint32(at + 4, us - high * TWO_32);
}

export function seriesColumn(series: Int32Array, n: number): Buffer {
  const { buffer, view } = column(OID.int4, n, n * 8);
  for (let i = 0, at = HEADER; i < n; i++, at += 8) {
    if (series[i] <= 0) throw new RowRefused("23503", `series ${series[i]} does not exist`);
    view.setInt32(at, 4);
    view.setInt32(at + 4, series[i]);
  }
  return buffer;
}

export function timeColumn(time: Float64Array, n: number): Buffer {
  const { buffer, view } = column(OID.timestamptz, n, n * 12);
  for (let i = 0, at = HEADER; i < n; i++, at += 12) {
    view.setInt32(at, 8);
    putTime(view, at + 4, time[i]);
  }
  return buffer;
}

/** NaN becomes NULL. */
export function valueColumn(value: Float64Array, n: number): Buffer {
  const { buffer, view } = column(OID.float8, n, n * 12);
  let at = HEADER;
  for (let i = 0; i < n; i++) {
    const x = value[i];
    if (x !== x) {
      view.setInt32(at, -1);
      at += 4;
    } else {
      view.setInt32(at, 8);
      view.setFloat64(at + 4, x);
      at += 12;
    }
  }
  return buffer.subarray(0, n === 0 ? 12 : at);
}

export function qualityColumn(quality: Int16Array, n: number): Buffer {
  const { buffer, view } = column(OID.int2, n, n * 6);
  for (let i = 0, at = HEADER; i < n; i++, at += 6) {
    view.setInt32(at, 2);
    view.setInt16(at + 4, quality[i]);
  }
  return buffer;
}

type Pick<T, V> = (row: T) => V | null;

function fixed<T, V>(
  type: number,
  size: number,
  rows: readonly T[],
  pick: Pick<T, V>,
  put: (view: DataView, at: number, value: V) => void,
): Buffer {
  const { buffer, view } = column(type, rows.length, rows.length * (4 + size));
  let at = HEADER;
  for (const row of rows) {
    const value = pick(row);
    view.setInt32(at, value === null ? -1 : size);
    at += 4;
    if (value === null) continue;
    put(view, at, value);
    at += size;
  }
  return buffer.subarray(0, rows.length === 0 ? 12 : at);
}

function whole(value: number, limit: number): number {
  if (!(Number.isInteger(value) && value >= -limit && value < limit)) {
    throw new RowRefused("22003", `${value} is not a whole number within the column's range`);
  }
  return value;
}

export function int2s<T>(rows: readonly T[], pick: Pick<T, number>): Buffer {
  return fixed(OID.int2, 2, rows, pick, (view, at, x) => view.setInt16(at, whole(x, 32_768)));
}

export function int4s<T>(rows: readonly T[], pick: Pick<T, number>): Buffer {
  return fixed(OID.int4, 4, rows, pick, (view, at, x) => view.setInt32(at, whole(x, 2_147_483_648)));
}

/** 53 bits: what a number holds exactly. */
export function int8s<T>(rows: readonly T[], pick: Pick<T, number>): Buffer {
  return fixed(OID.int8, 8, rows, pick, (view, at, x) => {
    const high = Math.floor(whole(x, 2 ** 53) / TWO_32);
    view.setInt32(at, high);
    view.setUint32(at + 4, x - high * TWO_32);
  });
}

/** NaN becomes NULL: JSON has no NaN, and no comparison would find it again. */
export function float8s<T>(rows: readonly T[], pick: Pick<T, number>): Buffer {
  return fixed(
    OID.float8,
    8,
    rows,
    (row) => {
      const x = pick(row);
      return x === null || Number.isNaN(x) ? null : x;
    },
    (view, at, x) => view.setFloat64(at, x),
  );
}

export function bools<T>(rows: readonly T[], pick: Pick<T, boolean>): Buffer {
  return fixed(OID.bool, 1, rows, pick, (view, at, x) => view.setInt8(at, x ? 1 : 0));
}

/** @param pick ms UTC */
export function times<T>(rows: readonly T[], pick: Pick<T, number>): Buffer {
  return fixed(OID.timestamptz, 8, rows, pick, putTime);
}

export function byteas<T>(rows: readonly T[], pick: Pick<T, Buffer>): Buffer {
  return variable(OID.bytea, rows.map(pick));
}

/** PostgreSQL stores no NUL character in text: it is dropped. Half surrogates become U+FFFD. */
export function texts<T>(rows: readonly T[], pick: Pick<T, string>): Buffer {
  return variable(
    OID.text,
    rows.map((row) => {
      const text = pick(row);
      return text === null ? null : Buffer.from(withoutNul(text), "utf8");
    }),
  );
}

/** As text; the statement casts to jsonb, which refuses NUL and half surrogates: both are mended as in {@link texts}. */
export function jsons<T>(rows: readonly T[], pick: (row: T) => unknown): Buffer {
  return texts(rows, (row) => {
    const value = pick(row);
    return value === null || value === undefined ? null : jsonText(value);
  });
}

export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  // the escapes that jsonb refuses; may also match an escaped backslash, which the slow way leaves alone
  if (!/\\u(?:0000|d[89a-f])/i.test(text)) return text;
  return JSON.stringify(mend(value));
}

function mend(value: unknown): unknown {
  if (typeof value === "string") return withoutNul(value).toWellFormed();
  if (Array.isArray(value)) return value.map(mend);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, x]) => [withoutNul(key).toWellFormed(), mend(x)]));
}

export function withoutNul(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "") : text;
}

function variable(type: number, values: readonly (Buffer | null)[]): Buffer {
  let bytes = 0;
  for (const value of values) bytes += 4 + (value?.length ?? 0);
  const { buffer, view } = column(type, values.length, bytes);
  let at = HEADER;
  for (const value of values) {
    view.setInt32(at, value === null ? -1 : value.length);
    at += 4;
    if (value === null) continue;
    value.copy(buffer, at);
    at += value.length;
  }
  return buffer;
}
