import type { Path } from "../problem.ts";
import type { RecordBuffer } from "../reading.ts";
import { reject, type Rejection } from "../rejection.ts";
import { compileGroups } from "./bitmap.ts";
import { compileFields, extract, type FieldOp, runFields } from "./field.ts";
import { compileFrame, type FrameDecoder, hex, roomOf } from "./frame.ts";
import type { Field, Fixed, Layout, Selector } from "./schema.ts";
import { compileItems } from "./tlv.ts";
import type { CompileContext } from "./value.ts";

interface Options {
  readonly endian: "be" | "le";
  readonly partial: boolean;
  readonly trailing: boolean;
  /** most bytes of content that a frame can have */
  readonly room: number;
  /** ports that reach the layout; null = any */
  readonly ports: ReadonlySet<number> | null;
  /** bytes that each layout needs, collected while compiling */
  readonly sizes: number[];
}

type Step = (b: Uint8Array, limit: number, port: number, out: RecordBuffer) => Rejection | null;

/** A layout of fixed positions, chosen by port, length or an integer of the frame; choices nest. */
export function compileFixed(fixed: Fixed, path: Path, outer: CompileContext): FrameDecoder {
  const ctx: CompileContext = { ...outer, type: fixed.t };
  const options: Options = {
    endian: fixed.endian ?? "be",
    partial: fixed.frame?.short === "partial",
    trailing: fixed.frame?.trailing === "reject",
    room: roomOf(fixed.frame),
    ports: fixed.frame?.ports === undefined ? null : new Set(fixed.frame.ports),
    sizes: [],
  };
  const { fields, select, cases } = fixed;
  if ((fields === undefined) === (select === undefined))
    ctx.report(path, "expected either fields, or select with cases");
  let step: Step = () => reject("frame_selector", "the layout is empty");
  if (fields !== undefined) step = compileRun(fields, [...path, "fields"], options, ctx);
  else if (select !== undefined && cases !== undefined)
    step = compileChoice({ select, cases, default: fixed.default, common: fixed.common }, path, options, ctx);
  else if (select !== undefined) ctx.report([...path, "select"], "select needs cases");
  const shortest = options.partial || options.sizes.length === 0 ? 0 : Math.min(...options.sizes);
  return compileFrame(fixed.frame, [...path, "frame"], ctx.report, step, { shortest, temporaries: ctx.temporaries });
}

function compileLayout(layout: Layout, path: Path, options: Options, ctx: CompileContext): Step {
  if (Array.isArray(layout)) return compileRun(layout, path, options, ctx);
  if ("select" in layout) return compileChoice(layout, path, options, ctx);
  options.sizes.push(0);
  const inner = "tlv" in layout ? layout.tlv : layout.bitmap;
  const here = [...path, "tlv" in layout ? "tlv" : "bitmap"];
  if (inner.frame !== undefined)
    ctx.report([...here, "frame"], "the frame's markers, checks and policies stand at the outer layout");
  const whole = {
    ...inner,
    endian: inner.endian ?? options.endian,
    frame: { short: options.partial ? "partial" : "reject" } as const,
  };
  return "mask" in whole ? compileGroups(whole, here, ctx) : compileItems(whole, here, ctx);
}

interface ChoiceLayout {
  readonly select: Selector;
  readonly cases: Readonly<Record<string, Layout>>;
  readonly default?: Layout;
  readonly common?: Field[];
}

function compileChoice(choice: ChoiceLayout, path: Path, options: Options, ctx: CompileContext): Step {
  const read = compileSelector(choice.select, [...path, "select"], options.endian, ctx);
  const what = choice.select.by ?? `the selector at byte ${choice.select.at}`;
  const cases = new Map<number, Step>();
  checkKeys(choice, [...path, "cases"], options, ctx);
  for (const [key, layout] of Object.entries(choice.cases))
    cases.set(Number(key), compileLayout(layout, [...path, "cases", key], options, ctx));
  const otherwise =
    choice.default === undefined ? null : compileLayout(choice.default, [...path, "default"], options, ctx);
  const common =
    choice.common === undefined
      ? null
      : compileRun(choice.common, [...path, "common"], { ...options, trailing: false }, ctx);
  return (b, limit, port, out) => {
    const key = read(b, limit, port);
    if (key !== key) return reject("frame_short", `${b.length} bytes end before ${what}`);
    const step = cases.get(key) ?? otherwise;
    if (step === null)
      return reject(
        "frame_selector",
        `${what} is ${choice.select.by === undefined ? hex(key) : key}, which no case names`,
      );
    if (common !== null) {
      const rejection = common(b, limit, port, out);
      if (rejection !== null) return rejection;
    }
    return step(b, limit, port, out);
  };
}

/** Cases that no frame can select. */
function checkKeys({ select, cases }: ChoiceLayout, path: Path, { ports }: Options, ctx: CompileContext): void {
  const type = select.t ?? select.type ?? "u8";
  const bits = select.bits === undefined ? Number(type.slice(1)) : select.bits[1] - select.bits[0] + 1;
  const [least, most] = type.startsWith("i") ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  for (const key of Object.keys(cases)) {
    const value = Number(key);
    if (select.by === "port" && ports !== null && !ports.has(value))
      ctx.report([...path, key], `never reached: frame.ports lets ${[...ports].join(", ")} pass`, "warning");
    if (select.by === undefined && (value < least || value > most))
      ctx.report([...path, key], `never reached: the selector has ${bits} bits, ${least} to ${most}`);
  }
}

/** Reads what decides; NaN = the frame ends before it. */
function compileSelector(
  select: Selector,
  path: Path,
  endian: "be" | "le",
  ctx: CompileContext,
): (b: Uint8Array, limit: number, port: number) => number {
  if (select.by === "port") return (_b, _limit, port) => port;
  if (select.by === "length") return (b) => b.length;
  if (select.at === undefined) {
    ctx.report(path, "expected by: port, by: length, or at: (a byte position)");
    return () => Number.NaN;
  }
  const type = select.t ?? select.type ?? "u8";
  const size = Number(type.slice(1)) / 8;
  const little = (select.endian ?? endian) === "le";
  const [low, high] = select.bits ?? [0, size * 8 - 1];
  if (low > high || high >= size * 8)
    ctx.report([...path, "bits"], `expected [lowest, highest] within 0 to ${size * 8 - 1}`);
  const { at } = select;
  const signed = type.startsWith("i");
  return (b, limit) => {
    const p = at < 0 ? b.length + at : at;
    if (p < 0 || p + size > (at < 0 ? b.length : limit)) return Number.NaN;
    let x = 0;
    for (let i = 0; i < size; i++) x = (x << 8) | b[little ? p + size - 1 - i : p + i];
    return extract(x, low, high - low + 1, signed);
  };
}

function compileRun(fields: readonly Field[], path: Path, options: Options, ctx: CompileContext): Step {
  const { partial, trailing, room } = options;
  const { ops, size }: { ops: readonly FieldOp[]; size: number } = compileFields(fields, options.endian, path, ctx);
  options.sizes.push(size);
  if (size > room) ctx.report(path, `the fields need ${size} bytes, the frame's length leaves ${room} of content`);
  return (b, limit, _port, out) => {
    const missing = runFields(ops, b, 0, limit, out);
    if (missing !== 0 && (!partial || out.n === 0))
      return reject("frame_short", `${b.length} bytes; ${missing} of ${ops.length} fields lie beyond the end`);
    if (trailing && limit > size) return reject("frame_trailing", `${limit - size} bytes after the layout`);
    if (ops.length !== 0 && !partial && size > limit)
      return reject("frame_short", `${limit} bytes of content, ${size} expected`);
    return null;
  };
}
