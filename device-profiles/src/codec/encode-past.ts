import { parseDuration } from "../duration.ts";
import { type Body, encodeFields, type EncodeInput, type PastInput, type Style } from "./encode-fields.ts";
import { EncodeFault } from "./encode-value.ts";
import { MAX_PAST, type Past } from "./past-schema.ts";
import type { Item } from "./schema.ts";

/** Times of a list that lie further from their interval than this are not written, ms. */
const TOLERANCE_MS = 500;

/**
 * The fields of a frame and the list of earlier samples behind them. Samples may come in any order; a list of a certain length that is
 * not full is filled up with what says "not available".
 *
 * @param present encodes the fields before the list, knowing the count and the interval
 */
export function encodePast(
  past: Past,
  style: Style,
  input: EncodeInput,
  present: (input: EncodeInput) => Body | EncodeFault,
): Body | EncodeFault {
  const samples = [...(input.past ?? [])].sort((a, b) => b.ts - a.ts);
  const count = typeof past.count === "number" ? past.count : samples.length;
  if (samples.length > Math.min(count, MAX_PAST))
    return new EncodeFault(`${samples.length} earlier samples, the list holds ${Math.min(count, MAX_PAST)}`);
  const interval = intervalOf(past, samples, input.ts);
  if (interval instanceof EncodeFault) return interval;
  const hidden = new Map(input.hidden);
  if (typeof past.count === "string") hidden.set(past.count, samples.length);
  if (past.every?.startsWith("_") === true) hidden.set(past.every, interval / 1000);
  const body = present({ ...input, hidden });
  if (body instanceof EncodeFault) return body;
  const at = past.at ?? body.content.length;
  if (at < body.content.length) return new EncodeFault("the list begins within the fields before it");
  const parts: Uint8Array[] = [body.content, new Uint8Array(at - body.content.length)];
  const empty: PastInput = { values: {}, ts: 0 };
  const all = [...samples, ...Array.from({ length: count - samples.length }, () => empty)];
  if (past.order === "oldest") all.reverse();
  for (const sample of all) {
    const age = past.age === undefined ? [] : ([[past.age, (input.ts - sample.ts) / 1000]] as const);
    const known = new Map([...hidden, ...age]);
    const { content, fault } = one(past.fields, style, { ...input, ...sample, hidden: known }, past.size ?? 0);
    if (fault !== null) return fault;
    parts.push(content);
  }
  return { ...body, content: Buffer.concat(parts) };
}

/** The item that holds an earlier sample. */
export function encodeItemPast(
  items: readonly (readonly [id: string, item: Item])[],
  style: Style,
  sample: PastInput,
  input: EncodeInput,
): { readonly id: number; readonly content: Uint8Array } | EncodeFault {
  const names = Object.keys(sample.values);
  for (const [id, item] of items) {
    if (Array.isArray(item) || item.past !== true) continue;
    if (!names.every((name) => item.fields.some((field) => field.n === name))) continue;
    const { content, fault } = one(item.fields, style, { ...input, ...sample }, item.size ?? 0);
    return fault ?? { id: Number(id), content };
  }
  return new EncodeFault(`no item holds an earlier sample of ${names.join(", ")}`);
}

function one(
  fields: Past["fields"],
  style: Style,
  input: EncodeInput,
  size: number,
): { readonly content: Uint8Array; readonly fault: EncodeFault | null } {
  const body = encodeFields(fields, style, input, size);
  return body instanceof EncodeFault
    ? { content: new Uint8Array(), fault: body }
    : { content: body.content, fault: null };
}

/** Ms between samples, 0 where they say their time themselves; a fault where they do not lie on that grid. */
function intervalOf({ every, newest = 1 }: Past, samples: readonly PastInput[], ts: number): number | EncodeFault {
  if (every === undefined || samples.length === 0) return every?.startsWith("_") === false ? (parseDuration(every) ?? 0) : 0; // prettier-ignore
  const last = samples.length - 1 + newest;
  const interval = every.startsWith("_") ? (last === 0 ? 0 : (ts - samples[samples.length - 1].ts) / last) : (parseDuration(every) ?? 0); // prettier-ignore
  const off = samples.some((sample, i) => Math.abs(ts - (i + newest) * interval - sample.ts) > TOLERANCE_MS);
  return off ? new EncodeFault("the earlier samples are not evenly spaced before the present one") : interval;
}
