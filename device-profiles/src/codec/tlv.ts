import { SAMPLED_AT } from "../metric.ts";
import type { Path } from "../problem.ts";
import { reject, type Rejection } from "../rejection.ts";
import { compileFields, type FieldOp } from "./field.ts";
import { fieldsCode, integerCode, outsideCode } from "./field-source.ts";
import { compileFrame, CONTENT, type FrameDecoder, hex } from "./frame.ts";
import { MAX_PAST } from "./past-schema.ts";
import type { Item, Tlv } from "./schema.ts";
import { type Code, js, Source } from "./source.ts";
import type { CompileContext } from "./value.ts";

export interface CompiledItem {
  readonly ops: readonly FieldOp[];
  /** bytes of the value, -1 = the frame's length byte says it */
  readonly size: number;
  /** an earlier sample: a record of its own */
  readonly past: boolean;
}

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
  const src = new Source();
  const content = itemsCode(src, tlv, path, ctx);
  return compileFrame(tlv.frame, [...path, "frame"], ctx.report, src.build(content), ctx);
}

/** The items alone, as a function; also a case of a fixed layout. */
export function itemsCode(src: Source, tlv: Tlv, path: Path, outer: CompileContext): Code {
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

  const place = { base: null, limit: js`limit` };
  const cases = [...items].map(
    ([id, item]) => js`case ${id}: {
      ${sizeCode(src, item, lengthSize > 0)}
      ${item.past ? js`if (out.pasts === ${MAX_PAST}) return ${src.bind(tooMany)}();` : js``}
      ${itemCode(src, item)}(b, at, at + size, ${item.past ? js`out.nextPast()` : js`out`});
      break;
    }`,
  );
  const unlisted = skipUnknown
    ? js`size = said; if (at + size > limit) break items;`
    : stopAtUnknown
      ? js`p = limit; break items;`
      : js`return ${src.bind(unknown)}(id, p);`;
  const said = lengthSize === 0 ? js`0` : integerCode(js`p + ${idSize}`, lengthSize, endian === "le", false);
  return src.define(
    CONTENT,
    js`
    if (limit <= ${start}) return ${src.bind(noItem)}(b);
    if (${outsideCode(header, place)}) return ${src.bind(headerCut)}();
    ${fieldsCode(src, header, place)}
    let p = ${start};
    let complete = 0;
    items: while (p < limit) {
      const at = p + ${idSize + lengthSize};
      if (at > limit) break;
      const id = ${integerCode(js`p`, idSize, idLittle, false)};
      const said = ${said};
      let size = 0;
      switch (id) {
        ${cases}
        default: ${unlisted}
      }
      p = at + size;
      complete++;
    }
    if (p < limit${partial ? js` && complete === 0` : js``}) return ${src.bind(cutOff)}(p, limit);
    return null;`,
  );
}

/** A function of a value's fields: `(b, base, limit, out)`, for bytes that are all there. */
export function itemCode(src: Source, item: CompiledItem): Code {
  return src.define(js`b, base, limit, out`, fieldsCode(src, item, { base: js`base`, limit: js`limit` }));
}

/** Sets the item's size, and leaves the loop where the frame ends inside it. */
function sizeCode(src: Source, { size }: CompiledItem, saidByFrame: boolean): Code {
  const short = js`if (said < ${size}) return ${src.bind(saysLess)}(id, said, ${size});`;
  const taken = saidByFrame ? js`${size > 0 ? short : js``} size = said;` : js`size = ${size};`;
  return js`${taken} if (at + size > limit) break items;`;
}

const noItem = (b: Uint8Array): Rejection => reject("frame_short", `${b.length} bytes hold no item`);
const headerCut = (): Rejection => reject("frame_short", "the header is cut off");
const tooMany = (): Rejection => reject("frame_trailing", `more than ${MAX_PAST} earlier samples`);
const unknown = (id: number, p: number): Rejection =>
  reject("frame_selector", `item ${hex(id)} at byte ${p} is not in the profile`);
const saysLess = (id: number, said: number, size: number): Rejection =>
  reject("frame_short", `item ${hex(id)} says ${said} bytes, ${size} expected`);
const cutOff = (p: number, limit: number): Rejection =>
  reject("frame_short", `the item at byte ${p} is cut off after ${limit - p} bytes`);

export function integer(b: Uint8Array, p: number, size: number, little: boolean): number {
  let x = 0;
  for (let i = 0; i < size; i++) x = x * 256 + b[little ? p + size - 1 - i : p + i];
  return x;
}
