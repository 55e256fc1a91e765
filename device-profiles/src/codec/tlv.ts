import { SAMPLED_AT } from "../metric.ts";
import type { Path } from "../problem.ts";
import { reject } from "../rejection.ts";
import { compileFields, type FieldOp, runFields } from "./field.ts";
import { compileFrame, type Content, type FrameDecoder, hex } from "./frame.ts";
import type { Item, Tlv } from "./schema.ts";
import type { CompileContext } from "./value.ts";

export interface CompiledItem {
  readonly ops: readonly FieldOp[];
  /** bytes of the value, -1 = the frame's length byte says it */
  readonly size: number;
  /** an earlier sample: a record of its own */
  readonly past: boolean;
}

/** Earlier samples that one frame may carry. */
export const MAX_PAST = 500;

/** @param hasLength whether the frame carries the item's length, so that an item without fields may have any size */
export function compileItem(
  item: Item,
  endian: "be" | "le",
  path: Path,
  ctx: CompileContext,
  hasLength = false,
): CompiledItem {
  const list = Array.isArray(item) ? item : item.fields;
  const { ops, size } = compileFields(list, endian, Array.isArray(item) ? path : [...path, "fields"], ctx);
  for (const [i, field] of list.entries())
    if (field.at !== undefined && field.at < 0)
      ctx.report([...path, i, "at"], "positions inside an item count from its start");
  if (Array.isArray(item)) {
    if (size === 0 && !hasLength) ctx.report(path, "expected fields, or {size: N, fields: []} to step over the item");
    return { ops, size: hasLength && size === 0 ? -1 : size, past: false };
  }
  if (item.size !== undefined && item.size < size) ctx.report([...path, "size"], `the fields need ${size} bytes`);
  const past = item.past === true;
  if (past && !list.some((field) => field.n === SAMPLED_AT))
    ctx.report([...path, "past"], `an earlier sample needs its time: {n: ${SAMPLED_AT}, t: unix_s}`);
  return { ops, size: item.size ?? size, past };
}

/** Items of an id and a value, in any order, until the frame ends. */
export function compileTlv(tlv: Tlv, path: Path, ctx: CompileContext): FrameDecoder {
  return compileFrame(tlv.frame, [...path, "frame"], ctx.report, compileItems(tlv, path, ctx), ctx);
}

/** The items alone; also a case of a fixed layout. */
export function compileItems(tlv: Tlv, path: Path, outer: CompileContext): Content {
  const ctx: CompileContext = { ...outer, type: tlv.t };
  const endian = tlv.endian ?? "be";
  const partial = tlv.frame?.short === "partial";
  const stopAtUnknown = tlv.unknown === "stop";
  const skipUnknown = tlv.unknown === "skip";
  const idSize = Number((tlv.id?.t ?? "u8").slice(1)) / 8;
  const idLittle = (tlv.id?.endian ?? "be") === "le";
  const lengthSize = tlv.length === undefined ? 0 : Number(tlv.length.slice(1)) / 8;
  if (skipUnknown && lengthSize === 0) ctx.report([...path, "unknown"], "only items with a length can be skipped");
  const header = compileFields(tlv.header ?? [], endian, [...path, "header"], ctx);
  const start = tlv.start ?? header.size;
  const items = new Map<number, CompiledItem>();
  for (const key of Object.keys(tlv.items))
    if (Number(key) >= 2 ** (idSize * 8))
      ctx.report([...path, "items", key], `never reached: an id has ${idSize} byte(s); two are id: {t: u16}`);
  for (const [key, item] of Object.entries(tlv.items))
    items.set(Number(key), compileItem(item, endian, [...path, "items", key], ctx, lengthSize > 0));

  return (b, limit, _port, out) => {
    if (limit <= start) return reject("frame_short", `${b.length} bytes hold no item`);
    if (runFields(header.ops, b, 0, limit, out) !== 0) return reject("frame_short", "the header is cut off");
    let p = start;
    let complete = 0;
    while (p < limit) {
      let at = p + idSize + lengthSize;
      if (at > limit) break;
      const id = integer(b, p, idSize, idLittle);
      const item = items.get(id);
      if (item === undefined && stopAtUnknown) {
        p = limit;
        break;
      }
      if (item === undefined && !skipUnknown)
        return reject("frame_selector", `item ${hex(id)} at byte ${p} is not in the profile`);
      let size = item?.size ?? 0;
      if (lengthSize !== 0) {
        const said = integer(b, p + idSize, lengthSize, endian === "le");
        if (said < size) return reject("frame_short", `item ${hex(id)} says ${said} bytes, ${size} expected`);
        size = said;
      }
      if (at + size > limit) break;
      if (item !== undefined) {
        if (item.past && out.pasts === MAX_PAST)
          return reject("frame_trailing", `more than ${MAX_PAST} earlier samples`);
        runFields(item.ops, b, at, at + size, item.past ? out.nextPast() : out);
      }
      at += size;
      p = at;
      complete++;
    }
    if (p < limit && (!partial || complete === 0))
      return reject("frame_short", `the item at byte ${p} is cut off after ${limit - p} bytes`);
    return null;
  };
}

export function integer(b: Uint8Array, p: number, size: number, little: boolean): number {
  let x = 0;
  for (let i = 0; i < size; i++) x = x * 256 + b[little ? p + size - 1 - i : p + i];
  return x;
}
