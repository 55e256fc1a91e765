import type { Path } from "../problem.ts";
import { reject } from "../rejection.ts";
import { compileFields, runFields } from "./field.ts";
import { compileFrame, type Content, type FrameDecoder, hex } from "./frame.ts";
import type { Bitmap } from "./schema.ts";
import { type CompiledItem, compileItem, integer } from "./tlv.ts";
import type { CompileContext } from "./value.ts";

/** A presence mask, then the groups whose bit is set, by ascending bit. */
export function compileBitmap(bitmap: Bitmap, path: Path, ctx: CompileContext): FrameDecoder {
  return compileFrame(bitmap.frame, [...path, "frame"], ctx.report, compileGroups(bitmap, path, ctx), ctx);
}

/** The mask and its groups alone; also a case of a fixed layout. */
export function compileGroups(bitmap: Bitmap, path: Path, outer: CompileContext): Content {
  const ctx: CompileContext = { ...outer, type: bitmap.t };
  const endian = bitmap.endian ?? "be";
  const little = endian === "le";
  const partial = bitmap.frame?.short === "partial";
  const maySurplus = bitmap.frame?.trailing === "ignore";
  const header = compileFields(bitmap.header ?? [], endian, [...path, "header"], ctx);
  const maskAt = bitmap.mask.at;
  const maskSize = Number((bitmap.mask.t ?? "u16").slice(1)) / 8;
  const start = bitmap.start ?? maskAt + maskSize;
  const groups: (CompiledItem | undefined)[] = [];
  for (const [key, item] of Object.entries(bitmap.groups)) {
    const bit = Number(key);
    const here = [...path, "groups", key];
    if (bit >= maskSize * 8) ctx.report(here, `the mask has bits 0 to ${maskSize * 8 - 1}`);
    else groups[bit] = compileItem(item, endian, here, ctx);
  }

  return (b, limit, _port, out) => {
    if (limit < start) return reject("frame_short", `${b.length} bytes end before the presence mask`);
    if (runFields(header.ops, b, 0, limit, out) !== 0) return reject("frame_short", "the header is cut off");
    let mask = integer(b, maskAt, maskSize, little);
    let p = start;
    for (let bit = 0; mask > 0; bit++) {
      const present = mask % 2 === 1;
      mask = Math.floor(mask / 2);
      if (!present) continue;
      const group = bit < groups.length ? groups[bit] : undefined;
      if (group === undefined) return reject("frame_selector", `mask bit ${bit} is set but names no group`);
      if (p + group.size > limit) {
        if (partial && out.n > 0) return null;
        return reject("frame_short", `group ${bit} needs ${group.size} bytes, ${limit - p} are left`);
      }
      runFields(group.ops, b, p, p + group.size, out);
      p += group.size;
    }
    if (out.n === 0 && p === start) return reject("frame_short", `mask ${hex(0)}: the frame holds no group`);
    return p < limit && !maySurplus ? reject("frame_trailing", `${limit - p} bytes after the last group`) : null;
  };
}
