import type { Path } from "../problem.ts";
import { reject } from "../rejection.ts";
import type { FrameDecoder } from "./frame.ts";
import { compileJson } from "./json.ts";
import type { Cbor } from "./result-schema.ts";
import type { CompileContext } from "./value.ts";

const MAX_DEPTH = 16;
/** items of one frame, nested ones included */
const MAX_ITEMS = 4096;

/** One CBOR map a frame; values by path, integer keys as text. */
export function compileCbor(cbor: Cbor, path: Path, ctx: CompileContext): FrameDecoder {
  const values = compileJson({ fields: cbor.fields, time: cbor.time }, path, ctx);
  const ports = cbor.ports === undefined ? null : new Set(cbor.ports);
  return (b, port, out) => {
    out.reset();
    if (ports !== null && port !== 0 && !ports.has(port)) return reject("frame_selector", `no layout for port ${port}`);
    const reader = new CborReader(b);
    const value = reader.read();
    if (value instanceof CborFault) return reject(value.short ? "frame_short" : "value_invalid", value.message);
    if (reader.at < b.length) return reject("frame_trailing", `${b.length - reader.at} bytes after the item`);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return reject("value_invalid", "expected a CBOR map");
    return values(value as Readonly<Record<string, unknown>>, out);
  };
}

/** @returns the value, or a fault; for tests and tools. A map is an object without prototype. */
export function decodeCbor(b: Uint8Array): unknown {
  const reader = new CborReader(b);
  const value = reader.read();
  return value instanceof CborFault || reader.at === b.length ? value : new CborFault("bytes after the item", false);
}

export class CborFault {
  readonly message: string;
  /** the input ends too early, rather than being wrong */
  readonly short: boolean;

  constructor(message: string, short: boolean) {
    this.message = message;
    this.short = short;
  }
}

const BREAK = Symbol("break");
const INDEFINITE = -1;

/** RFC 8949, well-formed items up to a depth and a number; byte strings become hex, tags are read through. */
class CborReader {
  at = 0;
  private readonly b: Uint8Array;
  private readonly view: DataView;
  private items = 0;

  constructor(b: Uint8Array) {
    this.b = b;
    this.view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  }

  read(): unknown {
    const value = this.item(0);
    return value === BREAK ? new CborFault("a break outside of a list", false) : value;
  }

  private item(depth: number): unknown {
    if (depth > MAX_DEPTH) return new CborFault(`nested deeper than ${MAX_DEPTH}`, false);
    if (++this.items > MAX_ITEMS) return new CborFault(`more than ${MAX_ITEMS} items`, false);
    if (this.at >= this.b.length) return this.short();
    const initial = this.b[this.at++];
    const major = initial >> 5;
    const info = initial & 31;
    if (major === 7) return this.simple(info);
    const n = this.argument(info, major);
    if (typeof n !== "number") return n;
    switch (major) {
      case 0:
        return n;
      case 1:
        return -1 - n;
      case 2:
      case 3:
        return this.string(n, major, depth);
      case 4:
        return this.list(n, depth);
      case 5:
        return this.map(n, depth);
      default:
        return n === INDEFINITE ? new CborFault("a tag without a number", false) : this.item(depth + 1);
    }
  }

  private argument(info: number, major: number): number | CborFault {
    if (info < 24) return info;
    if (info === 31)
      return major >= 2 && major <= 5 ? INDEFINITE : new CborFault("an integer of indefinite length", false);
    if (info > 27) return new CborFault(`reserved length ${info}`, false);
    const size = 1 << (info - 24);
    if (this.at + size > this.b.length) return this.short();
    const at = this.at;
    this.at += size;
    if (size === 1) return this.b[at];
    if (size === 2) return this.view.getUint16(at);
    if (size === 4) return this.view.getUint32(at);
    return this.view.getUint32(at) * 2 ** 32 + this.view.getUint32(at + 4);
  }

  private simple(info: number): unknown {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22 || info === 23) return null;
    if (info === 31) return BREAK;
    const size = info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : 0;
    if (size === 0) return new CborFault(`simple value ${info}`, false);
    if (this.at + size > this.b.length) return this.short();
    const at = this.at;
    this.at += size;
    const value =
      size === 2 ? half(this.view.getUint16(at)) : size === 4 ? this.view.getFloat32(at) : this.view.getFloat64(at);
    // not a number = not available
    return Number.isFinite(value) ? value : null;
  }

  private string(n: number, major: number, depth: number): unknown {
    if (n === INDEFINITE) {
      let text = "";
      for (;;) {
        if (this.at < this.b.length && this.b[this.at] >> 5 !== major && this.b[this.at] !== 0xff)
          return new CborFault("a part of another kind in a string", false);
        const part = this.item(depth + 1);
        if (part === BREAK) return text;
        if (typeof part !== "string") return part;
        text += part;
      }
    }
    if (n > this.b.length - this.at) return this.short();
    const part = this.b.subarray(this.at, this.at + n);
    this.at += n;
    const buffer = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    return buffer.toString(major === 2 ? "hex" : "utf8");
  }

  private list(n: number, depth: number): unknown {
    const list: unknown[] = [];
    for (let i = 0; i !== n; i++) {
      const value = this.item(depth + 1);
      if (value instanceof CborFault) return value;
      if (value === BREAK) return n === INDEFINITE ? list : new CborFault("a break inside a list", false);
      list.push(value);
    }
    return list;
  }

  private map(n: number, depth: number): unknown {
    const map = Object.create(null) as Record<string, unknown>;
    for (let i = 0; i !== n; i++) {
      const key = this.item(depth + 1);
      if (key === BREAK) return n === INDEFINITE ? map : new CborFault("a break inside a map", false);
      if (key instanceof CborFault) return key;
      if (typeof key !== "string" && typeof key !== "number")
        return new CborFault("a key is neither text nor integer", false);
      const value = this.item(depth + 1);
      if (value instanceof CborFault) return value;
      if (value === BREAK) return new CborFault("a key without a value", false);
      map[key] = value;
    }
    return map;
  }

  private short(): CborFault {
    return new CborFault(`${this.b.length} bytes end inside an item`, true);
  }
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Infinity
          : Number.NaN
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}
