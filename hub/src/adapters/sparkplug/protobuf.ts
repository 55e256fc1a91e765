/** One field of a protobuf message. `bytes` is a view into the message. */
export interface Field {
  readonly number: number;
  /** wire type: 0 varint, 1 fixed 64 bit, 2 length-delimited, 5 fixed 32 bit */
  readonly wire: number;
  /** wire type 0, unsigned 64 bit */
  readonly varint: bigint;
  /** wire types 1, 2, 5 */
  readonly bytes: Buffer;
}

const NOTHING = Buffer.alloc(0);

/**
 * Reads the fields of a protobuf message (encoding of protobuf.dev, wire types 0, 1, 2, 5; groups are no part of Sparkplug). Bounded by
 * the message: nothing is allocated by announced lengths.
 * @returns null where the bytes are no protobuf message
 */
export function readFields(message: Buffer): Field[] | null {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint | null => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= message.length) return null;
      const byte = message[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return null;
  };
  while (at < message.length) {
    const tag = varint();
    if (tag === null) return null;
    const number = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    if (number < 1 || number > 536_870_911) return null;
    if (wire === 0) {
      const value = varint();
      if (value === null) return null;
      fields.push({ number, wire, varint: value, bytes: NOTHING });
      continue;
    }
    const length = wire === 1 ? 8n : wire === 5 ? 4n : wire === 2 ? varint() : null;
    if (length === null || length > BigInt(message.length - at)) return null;
    const end = at + Number(length);
    fields.push({ number, wire, varint: 0n, bytes: message.subarray(at, end) });
    at = end;
  }
  return fields;
}

/** A field to write: an unsigned integer as varint, bytes or text as length-delimited. */
export function writeField(number: number, value: bigint | number | string | Buffer): Buffer {
  if (typeof value === "bigint" || typeof value === "number")
    return Buffer.concat([writeVarint(BigInt(number << 3)), writeVarint(BigInt(value))]);
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([writeVarint(BigInt((number << 3) | 2)), writeVarint(BigInt(bytes.length)), bytes]);
}

function writeVarint(value: bigint): Buffer {
  const out: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 0x80n) {
      out.push(Number(rest));
      return Buffer.from(out);
    }
    out.push(Number(rest & 0x7fn) | 0x80);
  }
}
