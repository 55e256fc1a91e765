import { parseDuration } from "../duration.ts";
import { SAMPLED_AT } from "../metric.ts";
import type { Path } from "../problem.ts";
import { Quality, type RecordBuffer } from "../reading.ts";
import { reject, type Rejection } from "../rejection.ts";
import { compileFields } from "./field.ts";
import { TEMPORARIES } from "./formula.ts";
import { MAX_PAST, type Past } from "./past-schema.ts";
import { Source } from "./source.ts";
import { plausible } from "./time.ts";
import { itemCode } from "./tlv.ts";
import type { CompileContext } from "./value.ts";

/** A list of earlier samples, compiled. */
export interface PastList {
  /** bytes of content that a frame with this list has at least */
  readonly least: number;
  /**
   * Reads the samples behind fields that were read before it.
   * @param when the frame's time where it carries none, ms UTC; now unless known
   */
  readonly read: (b: Uint8Array, limit: number, out: RecordBuffer, when: number | undefined) => Rejection | null;
}

export interface PastOptions {
  readonly endian: "be" | "le";
  readonly partial: boolean;
  /** bytes behind the list are refused */
  readonly trailing: boolean;
  /** a frame cut short is found out before the layout is read: by its length, its end marker or its check bytes */
  readonly guarded: boolean;
}

/** When the samples of a list were taken. */
interface Clock {
  /** ms between samples, or the slot of a value in seconds; null = they say it themselves */
  readonly every: { readonly ms: number } | { readonly slot: number } | null;
  /** slot of a value in seconds before the frame's time */
  readonly age: number | null;
  readonly oldestFirst: boolean;
  readonly newest: number;
}

type ReadSample = (b: Uint8Array, base: number, limit: number, out: RecordBuffer) => void;

/** @param after where the fields before the list end */
export function compilePast(
  past: Past,
  after: number,
  path: Path,
  options: PastOptions,
  ctx: CompileContext,
): PastList {
  const count = typeof past.count === "string" ? hidden(past.count, [...path, "count"], ctx) : (past.count ?? null);
  const every = compileEvery(past, path, ctx);
  const group = compileFields(past.fields, options.endian, [...path, "fields"], ctx);
  const age = past.age === undefined ? null : hidden(past.age, [...path, "age"], ctx).slot;
  past.fields.forEach((field, i) => {
    if (field.at !== undefined && field.at < 0)
      ctx.report([...path, "fields", i, "at"], "positions inside a sample count from its start");
  });
  checkClock(past, path, options, ctx);
  const at = past.at ?? after;
  if (at < after)
    ctx.report([...path, "at"], `the list begins within the fields before it, which end at byte ${after}`, "warning");
  const stride = past.size ?? group.size;
  if (stride < group.size) ctx.report([...path, "size"], `the fields need ${group.size} bytes`);
  if (stride === 0) ctx.report([...path, "fields"], "a sample without bytes: expected fields that read some, or size");
  const src = new Source();
  const read: ReadSample = src.build(itemCode(src, { ops: group.ops, size: stride, past: true }));
  const oldestFirst = past.order === "oldest";
  const clock: Clock = { every, age, oldestFirst, newest: past.newest ?? 1 };
  const fixedCount = typeof count === "number" ? count : 0;
  return {
    least: Math.max(after, count === null ? at : fixedCount === 0 ? 0 : at + fixedCount * stride),
    read: (b, limit, out, when) => {
      const room = Math.max(0, limit - at);
      const fit = Math.floor(room / stride);
      const { partial } = options;
      let said = count === null ? fit : typeof count === "number" ? count : TEMPORARIES[count.slot];
      if (said !== said && partial) said = 0;
      if (!Number.isInteger(said) || said < 0) return reject("value_invalid", `${said} earlier samples`);
      if (said > MAX_PAST) return reject("frame_trailing", `more than ${MAX_PAST} earlier samples`);
      const cut = count === null ? limit < at || room > fit * stride : said > fit;
      if (cut && !partial)
        return reject(
          "frame_short",
          `the list at byte ${at} is cut off: ${room} bytes hold ${fit} samples of ${stride}`,
        );
      const n = Math.min(said, fit);
      const surplus = limit - at - n * stride;
      if (options.trailing && !cut && surplus > 0)
        return reject("frame_trailing", `${surplus} bytes after the earlier samples`);
      for (let i = 0; i < n; i++) {
        const sample = out.nextPast();
        read(b, at + i * stride, at + (i + 1) * stride, sample);
        const steps = (oldestFirst ? said - 1 - i : i) + clock.newest;
        setTime(sample, steps, clock, out.ts, when);
      }
      return null;
    },
  };
}

/** Dates a sample that does not do so itself, from the frame's time back. */
function setTime(sample: RecordBuffer, steps: number, clock: Clock, ts: number, when: number | undefined): void {
  const { every, age } = clock;
  if (every === null && age === null) return;
  const from = ts > 0 ? ts : (when ?? Date.now());
  const interval = every === null ? 0 : "ms" in every ? every.ms : TEMPORARIES[every.slot] * 1000;
  const back = age === null ? steps * interval : TEMPORARIES[age] * 1000;
  // an interval of nothing, or a time to come: it belongs nowhere, and is dropped with the others of its kind
  const sound = every === null ? back >= 0 : steps === 0 || interval > 0;
  sample.ts = sound ? plausible(from - back) : Number.NaN;
  // the frame's own time is nonsense: counted from its arrival, and marked, as its other values are
  if (ts !== ts) for (let i = 0; i < sample.n; i++) sample.quality[i] |= Quality.clock;
}

function compileEvery({ every }: Past, path: Path, ctx: CompileContext): Clock["every"] {
  if (every === undefined) return null;
  if (every.startsWith("_")) return hidden(every, [...path, "every"], ctx);
  const ms = parseDuration(every) ?? 0;
  if (ms <= 0) ctx.report([...path, "every"], "expected a duration, e.g. 15m");
  return { ms };
}

function hidden(name: string, path: Path, ctx: CompileContext): { readonly slot: number } {
  const temporary = ctx.temporaries.get(name);
  if (temporary === undefined) {
    ctx.report(path, `no value "${name}" stands before: read it as a field, {n: ${name}, t: u8}`);
    return { slot: 0 };
  }
  temporary.used = true;
  return temporary;
}

function checkClock(
  { fields, every, age, order, newest, count }: Past,
  path: Path,
  options: PastOptions,
  ctx: CompileContext,
) {
  const own = fields.some((field) => field.n === SAMPLED_AT);
  const ways = [own, every !== undefined, age !== undefined].filter((x) => x).length;
  if (ways === 0)
    ctx.report(
      path,
      `earlier samples need their time: {n: ${SAMPLED_AT}, t: unix_s} among the fields, every: 15m, or age: _name`,
    );
  if (ways > 1) ctx.report(path, `expected one of ${SAMPLED_AT} among the fields, every, age`);
  for (const [key, value] of [
    ["order", order],
    ["newest", newest],
  ] as const)
    if (value !== undefined && every === undefined) ctx.report([...path, key], `${key} has no meaning without every`);
  if (order === "oldest" && count === undefined && !options.guarded)
    ctx.report([...path, "order"], "a frame cut short between two samples would date the others wrongly: give count, or check bytes of the frame", "warning"); // prettier-ignore
}
