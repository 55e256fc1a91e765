import type { Field } from "../codec/schema.ts";
import type { Reading } from "../reading.ts";
import { convert } from "../unit.ts";

type Read = (frame: Uint8Array) => Map<string, Reading> | null;
type Type = NonNullable<Field["t"]>;

/** What changing single bits of a frame says about it. */
export interface Sensitivity {
  /** metric -> bits (8 * byte + 7 - place) that change it */
  readonly affects: ReadonlyMap<string, readonly number[]>;
  /** bits that change which metrics there are, or whether the frame is taken */
  readonly selects: readonly number[];
}

export function flipped(frame: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(frame);
  copy[bit >> 3] ^= 0x80 >> (bit & 7);
  return copy;
}

export function sensitivity(read: Read, base: Uint8Array, from: number): Sensitivity {
  const affects = new Map<string, number[]>();
  const selects = new Set<number>();
  const shown = read(base);
  if (shown === null) return { affects, selects: [] };
  for (const name of shown.keys()) affects.set(name, []);
  // a flag may ask for one value of a byte: what a single change of this frame hides, one of an emptier frame may show
  const zero = base.map((b, i) => (i < from ? b : 0));
  const bare = read(zero);
  const bases = [{ frame: base, shown }];
  if (bare !== null && sameNames(bare, shown)) bases.push({ frame: zero, shown: bare });
  for (let bit = from * 8; bit < base.length * 8; bit++) {
    const hit = new Set<string>();
    for (const { frame, shown: before } of bases) {
      const other = read(flipped(frame, bit));
      if (other === null || !sameNames(other, before)) selects.add(bit);
      else
        for (const [name, { value, quality }] of other) {
          const was = before.get(name);
          if (was !== undefined && (was.value !== value || was.quality !== quality)) hit.add(name);
        }
    }
    for (const name of hit) affects.get(name)?.push(bit);
  }
  return { affects, selects: [...selects] };
}

function sameNames(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every((name) => b.has(name));
}

/** How a metric stands in the frames that `read` takes, from the bits that change it; null = in no way that a field can say. */
export function fitField(name: string, bits: readonly number[], read: Read, base: Uint8Array): Field | null {
  if (bits.length === 0) return null;
  const value = (frame: Uint8Array) => read(frame)?.get(name)?.value;
  const kind = typeof value(base);
  if (kind === "number")
    return (
      fitNumber(name, bits, value, base) ??
      fitFloat(name, bits, value, base) ??
      fitRounded(name, bits, value, base) ??
      fitTable(name, bits, value, base)
    );
  return fitTable(name, bits, value, base);
}

type Value = (frame: Uint8Array) => Reading["value"] | undefined;

function fitNumber(name: string, bits: readonly number[], value: Value, base: Uint8Array): Field | null {
  const zero = withBits(base, bits, 0);
  const origin = value(zero);
  if (typeof origin !== "number") return null;
  const weights: { bit: number; weight: number }[] = [];
  for (const bit of bits) {
    const x = value(flipped(zero, bit));
    if (typeof x !== "number") return null;
    weights.push({ bit, weight: x - origin });
  }
  weights.sort((a, b) => Math.abs(a.weight) - Math.abs(b.weight));
  const unitWeight = weights[0].weight;
  if (unitWeight === 0) return null;
  for (let k = 0; k < weights.length; k++) {
    const ratio = weights[k].weight / (unitWeight * 2 ** k);
    const last = k === weights.length - 1 && k > 0;
    if (Math.abs(ratio - 1) > 1e-6 && !(last && Math.abs(ratio + 1) < 1e-6)) return null;
  }
  const signed = weights.length > 1 && Math.sign(weights.at(-1)!.weight) !== Math.sign(unitWeight);
  const place = placeOf(weights.map((w) => w.bit));
  if (place === null) return null;
  return { n: name, ...place.where(signed), ...scaling(unitWeight, origin) };
}

/** Bits by rising weight -> where their integer stands: byte order, size, bit field. */
function placeOf(bits: readonly number[]): { where: (signed: boolean) => Partial<Field> } | null {
  const low = bits[0];
  const shift = 7 - (low & 7);
  const top = shift + bits.length - 1;
  const size = (top >> 3) + 1;
  if (size > 4) return null;
  for (const step of [-1, 1]) {
    const fits = bits.every(
      (bit, k) => bit >> 3 === (low >> 3) + step * ((shift + k) >> 3) && 7 - (bit & 7) === ((shift + k) & 7),
    );
    if (!fits) continue;
    const at = step === -1 ? (low >> 3) - size + 1 : low >> 3;
    const whole = shift === 0 && bits.length === size * 8;
    return {
      where: (signed) => ({
        at,
        t: `${signed && whole ? "i" : "u"}${size * 8}` as Type,
        ...(size > 1 && step === 1 ? { endian: "le" as const } : {}),
        ...(whole ? {} : { bits: [shift, top], ...(signed ? { signed: true } : {}) }),
      }),
    };
  }
  return null;
}

function scaling(scale: number, offset: number): Partial<Field> {
  const own = tidy(scale);
  const shift = tidy(offset);
  return { ...(own === 1 ? {} : { scale: own }), ...(shift === 0 ? {} : { offset: shift }) };
}

function fitFloat(name: string, bits: readonly number[], value: Value, base: Uint8Array): Field | null {
  const at = Math.min(...bits.map((b) => b >> 3));
  const last = Math.max(...bits.map((b) => b >> 3));
  if (last - at > 3 || at + 4 > base.length) return null;
  for (const endian of ["be", "le"] as const) {
    const seen = [1.5, 3, -20.25].map((x) => {
      const copy = Uint8Array.from(base);
      new DataView(copy.buffer).setFloat32(at, x, endian === "le");
      return value(copy);
    });
    const [a, b, c] = seen;
    if (typeof a !== "number" || typeof b !== "number" || typeof c !== "number") continue;
    const scale = (b - a) / 1.5;
    if (scale === 0 || Math.abs(c - (a + scale * (-20.25 - 1.5))) > 1e-6 * Math.abs(c)) continue;
    return { n: name, at, t: "f32", ...(endian === "le" ? { endian } : {}), ...scaling(scale, a - scale * 1.5) };
  }
  return null;
}

/** An integer that is scaled and then rounded to some decimals, as with `Math.round(x * 10) / 10` or `toFixed(1)`. */
function fitRounded(name: string, bits: readonly number[], value: Value, base: Uint8Array): Field | null {
  const at = Math.min(...bits.map((b) => b >> 3));
  const size = Math.max(...bits.map((b) => b >> 3)) - at + 1;
  if (size > 2) return null;
  const places = size === 1 ? ["u8", "i8"] : ["u16", "i16", "u16 le", "i16 le"].filter(() => at + 2 <= base.length);
  for (const place of places) {
    const [t, endian] = place.split(" ") as [Type, "le" | undefined];
    const sign = t.startsWith("i") ? -1 : 1;
    const most = 2 ** (8 * size) - 1;
    // the upper half tells a signed integer from an unsigned one
    const raws = [...SAMPLES, ...(sign < 0 ? SAMPLES.map((x) => -x) : [most, most - 5])].filter((x) => x <= most);
    const seen = raws.map((x) => ({ x, y: value(withInteger(base, at, size, x, endian === "le")) }));
    if (!seen.every((p): p is { x: number; y: number } => typeof p.y === "number")) continue;
    const last = seen.reduce((a, b) => (b.x > a.x ? b : a));
    const offset = tidy(seen[0].y);
    const scale = Number(((last.y - offset) / last.x).toPrecision(3));
    const decimals = [0, 1, 2, 3, 4].find((d) => seen.every(({ y }) => isWhole(y * 10 ** d)));
    if (decimals === undefined || scale === 0) continue;
    const step = 10 ** decimals;
    // 0.01 divides by 100, here as in a profile: what lies between two steps is rounded alike
    const divisor = Math.round(1 / scale);
    const scaled = (x: number) => (Math.abs(divisor * scale - 1) < 1e-9 ? x / divisor : x * scale) + offset;
    if (seen.some(({ x, y }) => Math.abs(y - Math.round(scaled(x) * step) / step) > 1e-9)) continue;
    const calc = step === 1 ? "round(x)" : `round(x * ${step}) / ${step}`;
    return { n: name, at, t, ...(endian === undefined ? {} : { endian }), ...scaling(scale, offset), calc };
  }
  return null;
}

const SAMPLES = [0, 1, 3, 5, 7, 15, 25, 45, 55, 75, 99, 105, 255, 999, 1005, 12_345, 16_384];

function withInteger(base: Uint8Array, at: number, size: number, x: number, le: boolean): Uint8Array {
  const copy = Uint8Array.from(base);
  for (let i = 0; i < size; i++) copy[le ? at + i : at + size - 1 - i] = (x >> (8 * i)) & 255;
  return copy;
}

function isWhole(x: number): boolean {
  return Math.abs(x - Math.round(x)) < 1e-6;
}

/** A flag or a word (or a number that is no multiple) of one byte: a table of what each pattern gives, or one pattern against all others. */
function fitTable(name: string, bits: readonly number[], value: Value, base: Uint8Array): Field | null {
  const at = bits[0] >> 3;
  if (bits.some((bit) => bit >> 3 !== at)) return null;
  const all = Array.from({ length: 256 }, (_, raw) => value(base.with(at, raw)));
  if (all.includes(undefined)) return null;
  const places = [0, 1, 2, 3, 4, 5, 6, 7].filter((k) => all.some((x, raw) => x !== all[raw ^ (1 << k)]));
  if (places.length === 0) return null;
  const [low, high] = [places[0], places.at(-1) ?? 7];
  const map: Record<string, string | number | boolean> = {};
  for (let raw = 0; raw < 2 ** (high - low + 1); raw++) {
    const x = all[(base[at] & ~((2 ** (high - low + 1) - 1) << low) & 255) | (raw << low)];
    if (x !== null && x !== undefined) map[String(raw)] = x;
  }
  if (low === high && map["0"] === false && map["1"] === true) return { n: name, at, bit: low };
  const part = { n: name, at, ...(low === 0 && high === 7 ? {} : { bits: [low, high] }) };
  if (Object.keys(map).length === 0) return null;
  for (const one of [true, false]) {
    const only = Object.keys(map).filter((raw) => map[raw] === one);
    if (only.length === 1 && Object.keys(map).length > 8 && typeof map["0"] === "boolean")
      return { ...part, calc: one ? `x == ${only[0]}` : `x == ${only[0]} ? 0 : 1` };
  }
  return Object.keys(map).length > 64 ? null : { ...part, map };
}

function withBits(base: Uint8Array, bits: readonly number[], to: 0 | 1): Uint8Array {
  const copy = Uint8Array.from(base);
  for (const bit of bits)
    if (to === 0) copy[bit >> 3] &= ~(0x80 >> (bit & 7));
    else copy[bit >> 3] |= 0x80 >> (bit & 7);
  return copy;
}

/** Removes what binary fractions add: 0.1 * 3 / 3. */
export function tidy(x: number): number {
  const near = Number(x.toPrecision(11));
  return Math.abs(near) < 1e-12 ? 0 : near;
}

/** A field that `fitField` gave in canonical units, said in the published one. */
export function inPublishedUnit(field: Field, published: string | undefined, canonical: string): Field {
  const by =
    published === undefined || published === canonical || field.map !== undefined || field.calc !== undefined
      ? null
      : convert(published, canonical);
  if (by === null) return field;
  const scale = tidy((field.scale ?? 1) / by.factor);
  const offset = tidy(((field.offset ?? 0) - by.shift) / by.factor);
  const { scale: _s, offset: _o, ...rest } = field;
  return { ...rest, ...(scale === 1 ? {} : { scale }), ...(offset === 0 ? {} : { offset }), unit: published };
}
