import { crc16Kermit, crc16Modbus, crc16Xmodem, sum8, xor8 } from "./check.ts";
import { type Body, encodeFields, type EncodeInput, type Style } from "./encode-fields.ts";
import { encodeItemPast, encodePast } from "./encode-past.ts";
import { EncodeFault, rawValue, sizeOf, writeField } from "./encode-value.ts";
import { bytes } from "./frame.ts";
import type { Frame } from "./frame-schema.ts";
import type { Bitmap, Codec, Field, Fixed, Item, Json, Layout, Selector, Tlv } from "./schema.ts";

export interface Encoded {
  readonly frame: Uint8Array;
  /** port that the layout asks for; 0 = any */
  readonly port: number;
}

/**
 * A frame that decodes to the values: the inverse of fixed, tlv and bitmap layouts, for simulators and round-trip tests. Values are
 * rounded to what the wire can say; every field of the chosen layout needs a value or a sentinel.
 *
 * @returns why not, as an {@link EncodeFault}, where the layout has no inverse (formulas, curves, scripts) or a value does not fit
 */
export function encodeFrame(codec: Codec, input: EncodeInput): Encoded | EncodeFault {
  if (codec.fixed !== undefined) return finish(codec.fixed.frame, encodeFixed(codec.fixed, input));
  if (codec.tlv !== undefined) return finish(codec.tlv.frame, encodeTlv(codec.tlv, input));
  if (codec.bitmap !== undefined) return finish(codec.bitmap.frame, encodeBitmap(codec.bitmap, input));
  return new EncodeFault("only fixed, tlv and bitmap layouts can be encoded");
}

/** `m` of a telemetry record: the profile's own paths, or canonical names where it has no json codec. */
export function encodeRecord(
  json: Json | undefined,
  { values, ts, metrics }: EncodeInput,
): Record<string, unknown> | EncodeFault {
  if (json === undefined) return { ...values };
  const record: Record<string, unknown> = {};
  for (const field of json.fields) {
    const def = metrics.get(field.n);
    if (def === undefined || !Object.hasOwn(values, field.n)) continue;
    const value = values[field.n];
    const raw = value === null ? null : rawValue(field, def, value);
    if (raw instanceof EncodeFault) return raw;
    // keys of a map are text in YAML; the device sends what they spell
    const sent = field.map !== undefined && typeof raw === "string" ? spelled(raw) : raw;
    put(record, [field.path ?? field.n].flat()[0], sent);
  }
  if (json.time !== undefined) {
    const { path, unit = "ms" } = json.time;
    put(record, path, unit === "iso" ? new Date(ts).toISOString() : unit === "s" ? ts / 1000 : ts);
  }
  return record;
}

function spelled(raw: string): unknown {
  if (raw === "true" || raw === "false") return raw === "true";
  return raw.trim() !== "" && Number.isFinite(Number(raw)) ? Number(raw) : raw;
}

function put(record: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split(/\.|(?=\[)/).map((step) => (step.startsWith("[") ? Number(step.slice(1, -1)) : step));
  let node = record as Record<string | number, unknown>;
  for (let i = 0; i < steps.length - 1; i++) {
    node[steps[i]] ??= typeof steps[i + 1] === "number" ? [] : {};
    node = node[steps[i]] as Record<string | number, unknown>;
  }
  node[steps[steps.length - 1]] = value;
}

function encodeFixed(fixed: Fixed, input: EncodeInput): Body | EncodeFault {
  const style: Style = { endian: fixed.endian ?? "be", type: fixed.t ?? "u8" };
  const { fields, past } = fixed;
  const layout: Layout | undefined =
    (fields !== undefined && past !== undefined ? { fields, past } : fields) ??
    (fixed.select === undefined || fixed.cases === undefined
      ? undefined
      : { select: fixed.select, cases: fixed.cases, common: fixed.common });
  return layout === undefined ? new EncodeFault("the layout is empty") : encodeLayout(layout, style, input, []);
}

function encodeLayout(layout: Layout, style: Style, input: EncodeInput, common: readonly Field[]): Body | EncodeFault {
  if (Array.isArray(layout)) return encodeFields([...layout, ...common], style, input, 0);
  if ("fields" in layout)
    return encodePast(layout.past, style, input, (known) =>
      encodeFields([...layout.fields, ...common], style, known, 0),
    );
  if (!("select" in layout)) return new EncodeFault("layouts of another technique inside a case are not encoded");
  let fault = new EncodeFault("no case holds the values");
  let best: { body: Body; key: number; fits: number } | null = null;
  for (const [key, inner] of Object.entries(layout.cases)) {
    const body = encodeLayout(inner, style, input, [...common, ...(layout.common ?? [])]);
    if (body instanceof EncodeFault) {
      fault = body;
      continue;
    }
    // the case that says most of what is to be said
    const fits = namesOf(inner).filter((name) => Object.hasOwn(input.values, name)).length;
    if (best === null || fits > best.fits) best = { body, key: Number(key), fits };
  }
  return best === null ? fault : select(layout.select, best.key, style, best.body);
}

function namesOf(layout: Layout): string[] {
  if (Array.isArray(layout)) return layout.map((field) => field.n ?? "");
  if ("fields" in layout) return namesOf(layout.fields);
  return "select" in layout ? Object.values(layout.cases).flatMap(namesOf) : [];
}

function select(selector: Selector, key: number, style: Style, body: Body): Body | EncodeFault {
  if (selector.by === "port") return { ...body, port: key };
  if (selector.by === "length") {
    if (body.content.length > key)
      return new EncodeFault(`the case of length ${key} needs ${body.content.length} bytes`);
    const content = new Uint8Array(key);
    content.set(body.content);
    return { ...body, content };
  }
  const at = selector.at ?? 0;
  const type = selector.t ?? selector.type ?? "u8";
  if (at < 0) return new EncodeFault("a selector at the frame's end is not written");
  const content = new Uint8Array(Math.max(body.content.length, at + sizeOf(type, 0)));
  content.set(body.content);
  const little = (selector.endian ?? style.endian) === "le";
  const field: Field = { n: "the selector", ...(selector.bits === undefined ? {} : { bits: selector.bits, t: "u32" }) };
  const signed = type.startsWith("i") || key < 0;
  return writeField(content, at, field, signed ? type.replace("u", "i") : type, little, key) ?? { ...body, content };
}

const fieldsOf = (item: Item): Field[] => (Array.isArray(item) ? item : item.fields);
const wanted = (item: Item, input: EncodeInput, done: ReadonlySet<string>): boolean =>
  fieldsOf(item).some(({ n }) => n !== undefined && Object.hasOwn(input.values, n) && !done.has(n)) &&
  (Array.isArray(item) || item.past !== true);

function encodeTlv(tlv: Tlv, input: EncodeInput): Body | EncodeFault {
  const style: Style = { endian: tlv.endian ?? "be", type: tlv.t ?? "u8" };
  const header = encodeFields(tlv.header ?? [], style, input, tlv.start ?? 0);
  if (header instanceof EncodeFault) return header;
  const parts: Uint8Array[] = [header.content];
  const done = new Set<string>();
  let fault = new EncodeFault("no item holds the values");
  for (const [id, item] of Object.entries(tlv.items)) {
    if (!wanted(item, input, done)) continue;
    const body = encodeFields(fieldsOf(item), style, input, Array.isArray(item) ? 0 : (item.size ?? 0));
    if (body instanceof EncodeFault) {
      fault = body;
      continue;
    }
    parts.push(integer(Number(id), tlv.id?.t ?? "u8", tlv.id?.endian ?? "be"));
    if (tlv.length !== undefined) parts.push(integer(body.content.length, tlv.length, style.endian));
    parts.push(body.content);
    for (const { n } of fieldsOf(item)) if (n !== undefined) done.add(n);
  }
  for (const sample of input.past ?? []) {
    const found = encodeItemPast(Object.entries(tlv.items), style, sample, input);
    if (found instanceof EncodeFault) return found;
    parts.push(integer(found.id, tlv.id?.t ?? "u8", tlv.id?.endian ?? "be"));
    if (tlv.length !== undefined) parts.push(integer(found.content.length, tlv.length, style.endian));
    parts.push(found.content);
  }
  return done.size === 0 ? fault : { content: Buffer.concat(parts), port: 0, fromEnd: header.fromEnd };
}

function encodeBitmap(bitmap: Bitmap, input: EncodeInput): Body | EncodeFault {
  const style: Style = { endian: bitmap.endian ?? "be", type: bitmap.t ?? "u8" };
  const type = bitmap.mask.t ?? "u16";
  const start = bitmap.start ?? bitmap.mask.at + sizeOf(type, 0);
  const header = encodeFields(bitmap.header ?? [], style, input, start);
  if (header instanceof EncodeFault) return header;
  const parts: Uint8Array[] = [header.content];
  let mask = 0;
  let fault = new EncodeFault("no group holds the values");
  for (const [bit, item] of Object.entries(bitmap.groups).sort(([a], [b]) => Number(a) - Number(b))) {
    if (!wanted(item, input, new Set())) continue;
    const body = encodeFields(fieldsOf(item), style, input, Array.isArray(item) ? 0 : (item.size ?? 0));
    if (body instanceof EncodeFault) {
      fault = body;
      continue;
    }
    mask += 2 ** Number(bit);
    parts.push(body.content);
  }
  if (mask === 0) return fault;
  header.content.set(integer(mask, type, style.endian), bitmap.mask.at);
  return { content: Buffer.concat(parts), port: 0, fromEnd: header.fromEnd };
}

function integer(x: number, type: string, endian: "be" | "le"): Uint8Array {
  const b = new Uint8Array(sizeOf(type, 0));
  for (let i = 0; i < b.length; i++) b[endian === "le" ? i : b.length - 1 - i] = Math.floor(x / 2 ** (8 * i)) & 0xff;
  return b;
}

const CHECKS = { crc16_modbus: crc16Modbus, crc16_kermit: crc16Kermit, crc16_xmodem: crc16Xmodem, xor: xor8, sum8 };

/** Markers, check bytes and byte stuffing around the content. */
function finish(frame: Frame | undefined, body: Body | EncodeFault): Encoded | EncodeFault {
  if (body instanceof EncodeFault) return body;
  const start = bytes(frame?.start);
  const end = bytes(frame?.end);
  const check = frame?.check;
  const kind = (Object.keys(CHECKS) as (keyof typeof CHECKS)[]).find((name) => check?.[name] !== undefined);
  const at = kind === undefined ? [] : (check?.[kind] ?? []);
  const tail = Math.max(end.length, ...at.map((p) => -p));
  const least = Array.isArray(frame?.length) ? frame.length[0] : (frame?.length ?? 0);
  const b = new Uint8Array(Math.max(body.content.length + tail, least));
  b.set(body.content);
  b.set(start);
  b.set(end, b.length - end.length);
  for (const write of body.fromEnd) {
    const fault = write(b);
    if (fault !== null) return fault;
  }
  if (kind !== undefined && at.length > 0) {
    const first = b.length + at[0];
    const sum = CHECKS[kind](b, check?.from ?? 0, first);
    const little = (check?.endian ?? "le") === "le";
    if (at.length === 1) b[first] = sum;
    else b.set(little ? [sum & 0xff, sum >> 8] : [sum >> 8, sum & 0xff], first);
  }
  const port = body.port !== 0 ? body.port : (frame?.ports?.[0] ?? 0);
  return { frame: escape(b, frame?.unescape, start.length, end.length), port };
}

function escape(
  b: Uint8Array,
  table: Readonly<Record<string, string>> | undefined,
  head: number,
  tail: number,
): Uint8Array {
  if (table === undefined) return b;
  const stuffed = new Map(Object.entries(table).map(([from, to]) => [parseInt(to, 16), bytes(from)]));
  const out: number[] = [];
  b.forEach((byte, i) => {
    const pair = i >= head && i < b.length - tail ? stuffed.get(byte) : undefined;
    out.push(...(pair ?? [byte]));
  });
  return Uint8Array.from(out);
}
