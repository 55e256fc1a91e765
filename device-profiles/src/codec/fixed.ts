import type { Path } from "../problem.ts";
import { reject, type Rejection } from "../rejection.ts";
import { groupsCode } from "./bitmap.ts";
import { compileFields, type FieldGroup } from "./field.ts";
import { countOutside, extractCode, fieldsCode, integerCode, outsideCode, partialCode } from "./field-source.ts";
import { compileFrame, CONTENT, type FrameDecoder, hex, roomOf } from "./frame.ts";
import { compilePast } from "./past.ts";
import type { Field, Fixed, Layout, Run, Selector } from "./schema.ts";
import { type Code, js, Source } from "./source.ts";
import { itemsCode } from "./tlv.ts";
import type { CompileContext } from "./value.ts";

interface Options {
  readonly src: Source;
  readonly endian: "be" | "le";
  readonly partial: boolean;
  readonly trailing: boolean;
  /** a frame cut short does not reach the layout */
  readonly guarded: boolean;
  /** most bytes of content that a frame can have */
  readonly room: number;
  /** ports that reach the layout; null = any */
  readonly ports: ReadonlySet<number> | null;
  /** bytes that each layout needs, collected while compiling */
  readonly sizes: number[];
}

/** A layout of fixed positions, chosen by port, length or an integer of the frame; choices nest. */
export function compileFixed(fixed: Fixed, path: Path, outer: CompileContext): FrameDecoder {
  const ctx: CompileContext = { ...outer, type: fixed.t };
  const src = new Source();
  const options: Options = {
    src,
    endian: fixed.endian ?? "be",
    partial: fixed.frame?.short === "partial",
    trailing: fixed.frame?.trailing === "reject",
    guarded:
      fixed.frame?.check !== undefined || fixed.frame?.end !== undefined || typeof fixed.frame?.length === "number",
    room: roomOf(fixed.frame),
    ports: fixed.frame?.ports === undefined ? null : new Set(fixed.frame.ports),
    sizes: [],
  };
  const { fields, past, select, cases } = fixed;
  if (past !== undefined && fields === undefined)
    ctx.report([...path, "past"], "the list stands behind fields; in a case: {fields: [..], past: ..}");
  if ((fields === undefined) === (select === undefined))
    ctx.report(path, "expected either fields, or select with cases");
  let step = src.define(CONTENT, js`return ${src.bind(empty)}();`);
  if (fields !== undefined) step = runCode({ fields, past }, path, options, ctx);
  else if (select !== undefined && cases !== undefined)
    step = choiceCode({ select, cases, default: fixed.default, common: fixed.common }, path, options, ctx);
  else if (select !== undefined) ctx.report([...path, "select"], "select needs cases");
  const shortest = options.partial || options.sizes.length === 0 ? 0 : Math.min(...options.sizes);
  return compileFrame(fixed.frame, [...path, "frame"], ctx.report, src.build(step), {
    shortest,
    temporaries: ctx.temporaries,
  });
}

const empty = (): Rejection => reject("frame_selector", "the layout is empty");

/** A function of the layout, with the parameters of a {@link CONTENT}; as all below. */
function layoutCode(layout: Layout, path: Path, options: Options, ctx: CompileContext): Code {
  if (Array.isArray(layout)) return runCode(layout, path, options, ctx);
  if ("fields" in layout) return runCode(layout, path, options, ctx);
  if ("select" in layout) return choiceCode(layout, path, options, ctx);
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
  return "mask" in whole ? groupsCode(options.src, whole, here, ctx) : itemsCode(options.src, whole, here, ctx);
}

interface ChoiceLayout {
  readonly select: Selector;
  readonly cases: Readonly<Record<string, Layout>>;
  readonly default?: Layout;
  readonly common?: Field[];
}

function choiceCode(choice: ChoiceLayout, path: Path, options: Options, ctx: CompileContext): Code {
  const { src } = options;
  const key = selectorCode(choice.select, [...path, "select"], options.endian, ctx);
  const what = choice.select.by ?? `the selector at byte ${choice.select.at}`;
  const cases = new Map<number, Code>();
  checkKeys(choice, [...path, "cases"], options, ctx);
  for (const [name, layout] of Object.entries(choice.cases))
    cases.set(Number(name), layoutCode(layout, [...path, "cases", name], options, ctx));
  const otherwise =
    choice.default === undefined ? null : layoutCode(choice.default, [...path, "default"], options, ctx);
  const common =
    choice.common === undefined
      ? null
      : runCode(choice.common, [...path, "common"], { ...options, trailing: false }, ctx);
  const short = (b: Uint8Array): Rejection => reject("frame_short", `${b.length} bytes end before ${what}`);
  const unnamed = (found: number): Rejection =>
    reject("frame_selector", `${what} is ${choice.select.by === undefined ? hex(found) : found}, which no case names`);
  const first =
    common === null ? js`` : js`const rejection = ${common}(${CONTENT}); if (rejection !== null) return rejection;`;
  const go = (step: Code): Code => js`{ ${first} return ${step}(${CONTENT}); }`;
  return src.define(
    CONTENT,
    js`
    ${key.ends === null ? js`` : js`if (${key.ends}) return ${src.bind(short)}(b);`}
    const key = ${key.value};
    switch (key) {
      ${[...cases].map(([value, step]) => js`case ${value}: ${go(step)}`)}
      default: ${otherwise === null ? js`return ${src.bind(unnamed)}(key);` : go(otherwise)}
    }`,
  );
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

/** What decides, and whether the frame ends before it. */
function selectorCode(
  select: Selector,
  path: Path,
  endian: "be" | "le",
  ctx: CompileContext,
): { readonly value: Code; readonly ends: Code | null } {
  if (select.by === "port") return { value: js`port`, ends: null };
  if (select.by === "length") return { value: js`b.length`, ends: null };
  if (select.at === undefined) {
    ctx.report(path, "expected by: port, by: length, or at: (a byte position)");
    return { value: js`0`, ends: js`true` };
  }
  const type = select.t ?? select.type ?? "u8";
  const size = Number(type.slice(1)) / 8;
  const little = (select.endian ?? endian) === "le";
  const [low, high] = select.bits ?? [0, size * 8 - 1];
  if (low > high || high >= size * 8)
    ctx.report([...path, "bits"], `expected [lowest, highest] within 0 to ${size * 8 - 1}`);
  const { at } = select;
  const p = at < 0 ? js`b.length - ${-at}` : js`${at}`;
  const whole = integerCode(p, size, little, false);
  return {
    value: extractCode(whole, low, high - low + 1, type.startsWith("i")),
    ends: at < 0 ? (at + size > 0 ? js`true` : js`b.length < ${-at}`) : js`${at + size} > limit`,
  };
}

function runCode(
  run: readonly Field[] | { readonly fields: Field[]; readonly past?: Run["past"] },
  path: Path,
  options: Options,
  ctx: CompileContext,
): Code {
  const { src, partial, room } = options;
  const [fields, past] = "fields" in run ? [run.fields, run.past] : [run, undefined];
  const here = "fields" in run ? [...path, "fields"] : path;
  const group = compileFields(fields, options.endian, here, ctx);
  const { ops, size } = group;
  const list = past === undefined ? null : compilePast(past, size, [...path, "past"], options, ctx);
  const least = list?.least ?? size;
  options.sizes.push(least);
  if (size > room) ctx.report(here, `the fields need ${size} bytes, the frame's length leaves ${room} of content`);
  else if (least > room)
    ctx.report([...path, "past"], `with the samples ${least} bytes, the frame's length leaves ${room} of content`);
  // behind a list it is the list that knows where the layout ends
  const trailing = options.trailing && list === null;
  const place = { base: null, limit: js`limit` };
  const refuse = refusals(group);
  const read = partial
    ? js`let missing = 0;
      ${partialCode(src, group, place)}
      if (missing !== 0 && out.n === 0) return ${src.bind(refuse.beyond)}(b, limit);`
    : js`if (${outsideCode(group, place)}) return ${src.bind(refuse.beyond)}(b, limit);
      ${fieldsCode(src, group, place)}`;
  return src.define(
    CONTENT,
    js`
    ${read}
    ${trailing ? js`if (limit > ${size}) return ${src.bind(refuse.surplus)}(limit);` : js``}
    ${ops.length !== 0 && !partial ? js`if (${size} > limit) return ${src.bind(refuse.cut)}(limit);` : js``}
    ${list === null ? js`return null;` : js`return ${src.bind(list.read)}(b, limit, out, when);`}`,
  );
}

function refusals(group: FieldGroup) {
  const { ops, size } = group;
  return {
    beyond: (b: Uint8Array, limit: number): Rejection =>
      reject(
        "frame_short",
        `${b.length} bytes; ${countOutside(group, b, limit)} of ${ops.length} fields lie beyond the end`,
      ),
    surplus: (limit: number): Rejection => reject("frame_trailing", `${limit - size} bytes after the layout`),
    cut: (limit: number): Rejection => reject("frame_short", `${limit} bytes of content, ${size} expected`),
  };
}
