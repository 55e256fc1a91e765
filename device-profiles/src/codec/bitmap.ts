import type { Path } from "../problem.ts";
import { reject, type Rejection } from "../rejection.ts";
import { compileFields } from "./field.ts";
import { fieldsCode, integerCode, outsideCode } from "./field-source.ts";
import { compileFrame, CONTENT, type FrameDecoder, hex } from "./frame.ts";
import type { Bitmap } from "./schema.ts";
import { type Code, js, Source } from "./source.ts";
import { type CompiledItem, compileItem, integer, itemCode } from "./tlv.ts";
import type { CompileContext } from "./value.ts";

/** A presence mask, then the groups whose bit is set, by ascending bit. */
export function compileBitmap(bitmap: Bitmap, path: Path, ctx: CompileContext): FrameDecoder {
  const src = new Source();
  const content = groupsCode(src, bitmap, path, ctx);
  return compileFrame(bitmap.frame, [...path, "frame"], ctx.report, src.build(content), ctx);
}

/** The mask and its groups alone, as a function; also a case of a fixed layout. */
export function groupsCode(src: Source, bitmap: Bitmap, path: Path, outer: CompileContext): Code {
  const ctx: CompileContext = { ...outer, type: bitmap.t };
  const endian = bitmap.endian ?? "be";
  const little = endian === "le";
  const partial = bitmap.frame?.short === "partial";
  const maySurplus = bitmap.frame?.trailing === "ignore";
  const header = compileFields(bitmap.header ?? [], endian, [...path, "header"], ctx);
  const maskAt = bitmap.mask.at;
  const maskSize = Number((bitmap.mask.t ?? "u16").slice(1)) / 8;
  const start = bitmap.start ?? maskAt + maskSize;
  const groups = new Map<number, CompiledItem>();
  for (const [key, item] of Object.entries(bitmap.groups)) {
    const bit = Number(key);
    const here = [...path, "groups", key];
    if (bit >= maskSize * 8) ctx.report(here, `the mask has bits 0 to ${maskSize * 8 - 1}`);
    else groups.set(bit, compileItem(item, endian, here, ctx));
  }

  const steps: Code[] = [];
  for (let bit = 0, unnamed = 0; bit < maskSize * 8; bit++) {
    const group = groups.get(bit);
    if (group === undefined) unnamed |= 1 << bit;
    else if (unnamed !== 0) steps.push(unnamedCode(src, unnamed));
    if (group !== undefined) {
      unnamed = 0;
      steps.push(presentCode(src, bit, group, partial));
    } else if (bit === maskSize * 8 - 1) steps.push(unnamedCode(src, unnamed));
  }
  const place = { base: null, limit: js`limit` };
  // groups that begin before the mask's end: a frame may end inside the mask
  const mask =
    start < maskAt + maskSize
      ? js`${src.bind(integer)}(b, ${maskAt}, ${maskSize}, ${little ? js`true` : js`false`})`
      : integerCode(js`${maskAt}`, maskSize, little, false);
  return src.define(
    CONTENT,
    js`
    if (limit < ${start}) return ${src.bind(endsBefore)}(b);
    if (${outsideCode(header, place)}) return ${src.bind(headerCut)}();
    ${fieldsCode(src, header, place)}
    const mask = ${mask};
    let p = ${start};
    ${steps}
    if (out.n === 0 && p === ${start}) return ${src.bind(empty)}();
    ${maySurplus ? js`` : js`if (p < limit) return ${src.bind(surplus)}(limit - p);`}
    return null;`,
  );
}

function unnamedCode(src: Source, bits: number): Code {
  return js`if ((mask & ${bits}) !== 0) return ${src.bind(unnamedBit)}(mask & ${bits});`;
}

function presentCode(src: Source, bit: number, group: CompiledItem, partial: boolean): Code {
  const end = js`p + ${group.size}`;
  return js`if ((mask & ${1 << bit}) !== 0) {
    if (${end} > limit) ${partial ? js`return out.n > 0 ? null : ` : js`return `}${src.bind(groupCut)}(${bit}, ${group.size}, limit - p);
    ${itemCode(src, group)}(b, p, ${end}, out);
    p += ${group.size};
  }`;
}

const endsBefore = (b: Uint8Array): Rejection =>
  reject("frame_short", `${b.length} bytes end before the presence mask`);
const headerCut = (): Rejection => reject("frame_short", "the header is cut off");
const unnamedBit = (bits: number): Rejection =>
  reject("frame_selector", `mask bit ${31 - Math.clz32(bits & -bits)} is set but names no group`);
const groupCut = (bit: number, size: number, left: number): Rejection =>
  reject("frame_short", `group ${bit} needs ${size} bytes, ${left} are left`);
const empty = (): Rejection => reject("frame_short", `mask ${hex(0)}: the frame holds no group`);
const surplus = (bytes: number): Rejection => reject("frame_trailing", `${bytes} bytes after the last group`);
