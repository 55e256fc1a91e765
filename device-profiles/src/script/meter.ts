/** Name under which the metered module exports its counter, a mutable i32. */
export const FUEL = "gridhub_fuel";

const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const;
const I32 = 0x7f;

/**
 * Adds a work counter to a WebAssembly module (binary format, core specification 2.0, chapter 5): every function entry and every turn of
 * a loop takes one from the exported global {@link FUEL}, bulk memory operations take one for each 64 bytes; below zero the module traps.
 *
 * This bounds what an interpreter's own interrupt handler cannot: time spent inside its native functions, which poll nothing
 * (`[].indexOf.call({length: 2 ** 53})` runs for months). It counts work, never time, so that a busy machine changes no result.
 *
 * @throws Error when the module uses something that this rewriter does not know (SIMD, threads): then it must not run unmetered
 */
export function meterModule(wasm: Uint8Array): Uint8Array {
  const sections = readSections(wasm);
  const section = (id: number): Reader => {
    const found = sections.find((s) => s.id === id);
    if (found === undefined) throw new Error(`the module has no section ${id}`);
    return new Reader(found.body);
  };
  const { functions, globals } = countImports(section(SECTION.import));
  const unary = unaryType(section(SECTION.type));
  const global = globals + section(SECTION.global).u32();
  const charge = functions + section(SECTION.function).u32();
  const added: Readonly<Record<number, readonly number[]>> = {
    [SECTION.function]: leb(unary),
    // (global (mut i32) (i32.const 0x7fffffff)): full, for what the module does while it starts
    [SECTION.global]: [I32, 1, 0x41, 0xff, 0xff, 0xff, 0xff, 0x07, 0x0b],
    [SECTION.export]: [FUEL.length, ...Buffer.from(FUEL), 3, ...leb(global)],
  };
  const out = new Writer();
  out.bytes(wasm.subarray(0, 8));
  for (const { id, body } of sections) {
    let content = body;
    if (id in added) content = append(body, added[id]);
    else if (id === SECTION.code) content = meterCode(body, global, charge);
    out.byte(id);
    out.u32(content.length);
    out.bytes(content);
  }
  return out.result();
}

function meterCode(body: Uint8Array, global: number, charge: number): Uint8Array {
  const tick = [0x23, ...leb(global), 0x41, 1, 0x6b, 0x24, ...leb(global), ...trapBelowZero(global)];
  const reader = new Reader(body);
  const out = new Writer();
  const count = reader.u32();
  out.u32(count + 1);
  for (let i = 0; i < count; i++) {
    const size = reader.u32();
    const end = reader.at + size;
    const code = meterFunction(reader, end, tick, [0x10, ...leb(charge)]);
    out.u32(code.length);
    out.bytes(code);
  }
  // (func (param n) (result n) fuel -= n >> 6; trap below zero; n)
  const cost = [0x23, ...leb(global), 0x20, 0, 0x41, 6, 0x76, 0x6b, 0x24, ...leb(global)];
  const own = [0, ...cost, ...trapBelowZero(global), 0x20, 0, 0x0b];
  out.u32(own.length);
  out.bytes(Uint8Array.from(own));
  return out.result();
}

/** global.get; i32.const 0; i32.lt_s; if; unreachable; end */
function trapBelowZero(global: number): number[] {
  return [0x23, ...leb(global), 0x41, 0, 0x48, 0x04, 0x40, 0x00, 0x0b];
}

function meterFunction(r: Reader, end: number, tick: readonly number[], charge: readonly number[]): Uint8Array {
  const out = new Writer();
  let from = r.at;
  const insert = (at: number, code: readonly number[]): void => {
    out.bytes(r.b.subarray(from, at));
    out.bytes(Uint8Array.from(code));
    from = at;
  };
  for (let groups = r.u32(); groups > 0; groups--) {
    r.u32();
    r.at++;
  }
  insert(r.at, tick);
  while (r.at < end) {
    const at = r.at;
    const op = r.b[r.at++];
    if (op === 0xfc) {
      const bulk = r.u32();
      // the length lies on top of the stack; `charge` leaves it there
      if (bulk === 10 || bulk === 11) insert(at, charge);
      skipBulk(r, bulk);
    } else {
      skipImmediates(r, op);
      if (op === 0x03) insert(r.at, tick);
    }
  }
  out.bytes(r.b.subarray(from, end));
  return out.result();
}

function skipImmediates(r: Reader, op: number): void {
  if (op >= 0x45 && op <= 0xc4) return; // comparisons, arithmetic, conversions, sign extensions
  if (op >= 0x28 && op <= 0x3e) return r.leb(2); // loads and stores: alignment, offset
  switch (op) {
    case 0x00:
    case 0x01:
    case 0x05:
    case 0x0b:
    case 0x0f:
    case 0x1a:
    case 0x1b: // prettier-ignore
      return;
    case 0x02:
    case 0x03:
    case 0x04: // block, loop, if: block type
    case 0x0c:
    case 0x0d:
    case 0x10: // br, br_if, call
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x24:
    case 0x25:
    case 0x26: // locals, globals, tables
    case 0x3f:
    case 0x40:
    case 0x41:
    case 0x42: // memory.size, memory.grow, i32.const, i64.const
      return r.leb(1); // prettier-ignore
    case 0x0e: // br_table
      return r.leb(r.u32() + 1);
    case 0x11: // call_indirect
      return r.leb(2);
    case 0x43:
      r.at += 4;
      return;
    case 0x44:
      r.at += 8;
      return;
    default:
      throw new Error(`unknown instruction 0x${op.toString(16)} at byte ${r.at - 1} of the code`);
  }
}

function skipBulk(r: Reader, op: number): void {
  if (op <= 7) return; // saturating truncations
  if (op === 9 || op === 11) return r.leb(1); // data.drop, memory.fill
  if (op === 8 || op === 10) return r.leb(2); // memory.init, memory.copy
  throw new Error(`unknown instruction 0xfc ${op} at byte ${r.at} of the code`);
}

function countImports(r: Reader): { functions: number; globals: number } {
  let functions = 0;
  let globals = 0;
  for (let n = r.u32(); n > 0; n--) {
    r.skip(r.u32());
    r.skip(r.u32());
    const kind = r.b[r.at++];
    if (kind === 0) {
      functions++;
      r.leb(1);
    } else if (kind === 2) {
      r.leb(r.b[r.at++] & 1 ? 2 : 1);
    } else if (kind === 3) {
      globals++;
      r.at += 2;
    } else throw new Error(`unknown import kind ${kind}`);
  }
  return { functions, globals };
}

/** Index of the function type [i32] -> [i32]. */
function unaryType(r: Reader): number {
  const count = r.u32();
  for (let i = 0; i < count; i++) {
    if (r.b[r.at++] !== 0x60) throw new Error("unknown kind of type");
    const params = r.take(r.u32());
    const results = r.take(r.u32());
    if (params.length === 1 && params[0] === I32 && results.length === 1 && results[0] === I32) return i;
  }
  throw new Error("the module has no function type [i32] -> [i32]");
}

/** A vector with one more element. */
function append(body: Uint8Array, element: readonly number[]): Uint8Array {
  const reader = new Reader(body);
  const out = new Writer();
  out.u32(reader.u32() + 1);
  out.bytes(body.subarray(reader.at));
  out.bytes(Uint8Array.from(element));
  return out.result();
}

function readSections(wasm: Uint8Array): { id: number; body: Uint8Array }[] {
  const reader = new Reader(wasm);
  reader.at = 8;
  const sections = [];
  while (reader.at < wasm.length) {
    const id = wasm[reader.at++];
    sections.push({ id, body: reader.take(reader.u32()) });
  }
  return sections;
}

function leb(x: number): number[] {
  const out: number[] = [];
  do out.push((x & 0x7f) | (x > 0x7f ? 0x80 : 0));
  while ((x >>>= 7) !== 0);
  return out;
}

class Reader {
  readonly b: Uint8Array;
  at = 0;

  constructor(b: Uint8Array) {
    this.b = b;
  }

  u32(): number {
    let x = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.b[this.at++];
      x |= (byte & 0x7f) << shift;
      if (byte < 0x80) return x >>> 0;
    }
  }

  /** Steps over `n` LEB128 integers of any width. */
  leb(n: number): void {
    for (; n > 0; n--) while (this.b[this.at++] >= 0x80);
  }

  skip(n: number): void {
    this.at += n;
  }

  take(n: number): Uint8Array {
    this.at += n;
    return this.b.subarray(this.at - n, this.at);
  }
}

class Writer {
  private b = new Uint8Array(1 << 16);
  private n = 0;

  byte(x: number): void {
    this.bytes(Uint8Array.of(x));
  }

  u32(x: number): void {
    this.bytes(Uint8Array.from(leb(x)));
  }

  bytes(x: Uint8Array): void {
    while (this.n + x.length > this.b.length) {
      const larger = new Uint8Array(this.b.length * 2);
      larger.set(this.b);
      this.b = larger;
    }
    this.b.set(x, this.n);
    this.n += x.length;
  }

  result(): Uint8Array {
    return this.b.slice(0, this.n);
  }
}
