import type { Field, Item, Tlv } from "../codec/schema.ts";
import { fitField, sensitivity } from "./fit-field.ts";
import type { Seed } from "./fixed-layout.ts";
import type { Oracle } from "./oracle.ts";

const LARGEST_ITEM = 12;
const MOST_ITEMS = 64;

interface Found {
  readonly id: readonly number[];
  readonly size: number;
  readonly fields: Field[];
}

/**
 * The list of items behind a decoder that loops over channels and types: ids of one or two bytes are tried from the script's constants and
 * the examples; an item is as long as the first size after which the next item is read. null = no such list. A guess until compared.
 */
export function findTlv(
  oracle: Oracle,
  seeds: readonly Seed[],
  constants: readonly number[],
  width: 1 | 2,
): Tlv | null {
  return ofWidth(oracle, seeds, constants, width, seeds[0]?.port ?? 1);
}

function ofWidth(
  oracle: Oracle,
  seeds: readonly Seed[],
  constants: readonly number[],
  width: 1 | 2,
  port: number,
): Tlv | null {
  const ids = candidates(seeds, constants, width);
  const known = firstKnown(oracle, ids, port);
  if (known === null) return null;
  const items: Found[] = [];
  for (const id of ids) {
    const found = itemOf(oracle, id, known, port);
    if (found === "unsuited") return null;
    if (found === null) continue;
    if (items.length === MOST_ITEMS) return null;
    items.push(found);
  }
  if (items.length < 2) return null;
  const key = (id: readonly number[]) => `0x${Buffer.from(id).toString("hex")}`;
  return {
    ...(width === 2 ? { id: { t: "u16" as const } } : {}),
    items: Object.fromEntries(
      items.map(({ id, size, fields }): [string, Item] => {
        const end = Math.max(0, ...fields.map((f) => (f.at ?? 0) + Number(/\d+$/.exec(f.t ?? "u8")?.[0] ?? 8) / 8));
        return [key(id), fields.length > 0 && end === size ? fields : { size, fields }];
      }),
    ),
    ...(stopsAtUnknown(oracle, items[0], ids, items, port) ? { unknown: "stop" as const } : {}),
  };
}

function candidates(seeds: readonly Seed[], constants: readonly number[], width: 1 | 2): number[][] {
  if (width === 1) return Array.from({ length: 256 }, (_, i) => [i]);
  const found = new Map<string, number[]>();
  const add = (a: number, b: number) => void found.set(`${a},${b}`, [a, b]);
  for (const { bytes } of seeds) for (let i = 0; i + 1 < bytes.length; i++) add(bytes[i], bytes[i + 1]);
  for (const a of constants) for (const b of constants) if (found.size < 6000) add(a, b);
  return [...found.values()];
}

/** The smallest frame of one item that gives something: an end to test other items by. */
function firstKnown(oracle: Oracle, ids: readonly (readonly number[])[], port: number): Uint8Array | null {
  for (const id of ids)
    for (let size = 1; size <= 4; size++) {
      const frame = Uint8Array.from([...id, ...new Array<number>(size).fill(1)]);
      const shown = oracle.read(frame, port);
      if (shown === null || shown.size === 0 || [...shown.values()].some((r) => r.value === null)) continue;
      // one item and no more: a byte less is not enough
      if (oracle.read(frame.subarray(0, frame.length - 1), port) === null) return frame;
      break;
    }
  return null;
}

function itemOf(oracle: Oracle, id: readonly number[], known: Uint8Array, port: number): Found | "unsuited" | null {
  const end = oracle.read(known, port);
  if (end === null) return null;
  const own = id.every((b, i) => known[i] === b);
  for (let size = 0; size <= LARGEST_ITEM; size++) {
    const base = Uint8Array.from([...id, ...new Array<number>(size).fill(0)]);
    const both = oracle.read(Uint8Array.from([...base, ...known]), port);
    if (both === null) continue;
    const follows = [...end].every(([name, r]) => both.get(name)?.value === r.value) && both.size > 0;
    if (!follows) continue;
    if (own) {
      const alone = oracle.read(base, port);
      if (alone === null || base.length !== known.length) continue;
    }
    // an item that gives nothing and no bytes is how an unknown one looks too
    if (size === 0) return null;
    const read = (frame: Uint8Array) => oracle.read(frame, port);
    if (both.size === end.size && !own && read(base) === null) {
      const same = [...both.keys()].every((k) => end.has(k));
      return same && !overwrites(oracle, base, end, port) ? { id, size, fields: [] } : null;
    }
    return fieldsOf(read, id, base, size);
  }
  return null;
}

function overwrites(oracle: Oracle, base: Uint8Array, end: ReadonlyMap<string, unknown>, port: number): boolean {
  const shown = oracle.read(base, port);
  return shown !== null && [...shown.keys()].some((name) => end.has(name));
}

function fieldsOf(
  read: (frame: Uint8Array) => ReturnType<Oracle["read"]>,
  id: readonly number[],
  base: Uint8Array,
  size: number,
): Found | "unsuited" | null {
  if (read(base) === null) return "unsuited";
  const { affects, selects } = sensitivity(read, base, id.length);
  if (selects.length > 0) return "unsuited";
  const fields: Field[] = [];
  for (const [name, bits] of affects) {
    const field = fitField(name, bits, read, base);
    if (field === null) return "unsuited";
    fields.push({ ...field, at: (field.at ?? 0) - id.length });
  }
  return { id, size, fields };
}

/** Whether a frame with an id that is in no list keeps what came before it. */
function stopsAtUnknown(
  oracle: Oracle,
  item: Found,
  ids: readonly (readonly number[])[],
  items: readonly Found[],
  port: number,
): boolean {
  const known = [...item.id, ...new Array<number>(item.size).fill(1)];
  const listed = new Set(items.map((i) => i.id.join()));
  const strange = [...ids, [0xfa, 0xfb].slice(0, item.id.length)].find((id) => !listed.has(id.join()));
  return strange !== undefined && oracle.read(Uint8Array.from([...known, ...strange, 1, 2, 3]), port) !== null;
}

/** Frames of items in any order with any content: what a comparison is made on. */
export function* itemFrames(tlv: Tlv, port: number, count: number, random: () => number): Generator<Seed> {
  const sizes = Object.entries(tlv.items).map(([key, item]) => ({
    id: [...Buffer.from(key.slice(2), "hex")],
    size: Array.isArray(item)
      ? Math.max(...item.map((f) => (f.at ?? 0) + Number(/\d+$/.exec(f.t ?? "u8")?.[0] ?? 8) / 8))
      : (item.size ?? 0),
  }));
  for (let i = 0; i < count; i++) {
    const order = [...sizes].sort(() => (random() & 1) - 0.5).slice(0, 1 + (random() % 5));
    const content = i < sizes.length * 4 ? [sizes[i >> 2]] : order;
    const fill = i < sizes.length * 4 ? [0, 0xff, 0x7f, 0x80][i & 3] : null;
    const bytes = content.flatMap(({ id, size }) => [
      ...id,
      ...Array.from({ length: size }, () => fill ?? random() & 255),
    ]);
    const cut =
      i % 9 === 8
        ? bytes.slice(0, 1 + (random() % bytes.length))
        : i % 17 === 16
          ? [...bytes, random() & 255, random() & 255]
          : bytes;
    yield { bytes: Uint8Array.from(cut), port };
  }
}
