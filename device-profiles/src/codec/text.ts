import type { Path } from "../problem.ts";
import { reject, type Rejection } from "../rejection.ts";
import { hex, type FrameDecoder } from "./frame.ts";
import { compileJson } from "./json.ts";
import type { Text } from "./result-schema.ts";
import type { CompileContext } from "./value.ts";

const MAX_CHARACTERS = 65_536;
const MAX_VALUES = 1024;

/** Delimited text or key=value pairs: split by plain text, without patterns, so that no frame can make it slow. */
export function compileText(text: Text, path: Path, ctx: CompileContext): FrameDecoder {
  const values = compileJson({ fields: text.fields, time: text.time }, path, ctx, { texts: true });
  const decoder = new TextDecoder(text.charset ?? "utf-8", { fatal: true });
  const { start = "", end = "", pair } = text;
  const separators = [text.split].flat();
  const [least, most] =
    typeof text.columns === "number" ? [text.columns, text.columns] : (text.columns ?? [1, MAX_VALUES]);
  if (least > most) ctx.report([...path, "columns"], "expected [least, most]");
  if (pair !== undefined && separators.includes(pair))
    ctx.report([...path, "pair"], "expected another text than the one that separates values");

  return (b, _port, out) => {
    out.reset();
    if (b.length === 0) return reject("frame_short", "an empty frame");
    if (b.length > MAX_CHARACTERS) return reject("frame_trailing", `${b.length} bytes, at most ${MAX_CHARACTERS}`);
    let line: string;
    try {
      line = decoder.decode(b);
    } catch {
      return reject("value_invalid", `the frame is not ${decoder.encoding} text`);
    }
    line = line.trim();
    if (text.check === "nmea") {
      const checked = withoutChecksum(line);
      if (typeof checked !== "string") return checked;
      line = checked;
    }
    if (!line.startsWith(start)) return reject("frame_marker", `expected "${start}", found "${line.slice(0, 20)}"`);
    if (!line.endsWith(end) || line.length < start.length + end.length)
      return reject("frame_marker", `the end "${end}" is missing`);
    const parts = split(line.slice(start.length, line.length - end.length), separators);
    if (parts.length > MAX_VALUES) return reject("frame_trailing", `more than ${MAX_VALUES} values`);
    if (pair === undefined && parts.length < least)
      return reject("frame_short", `${parts.length} values, at least ${least} expected`);
    if (pair === undefined && parts.length > most)
      return reject("frame_trailing", `${parts.length} values, at most ${most} expected`);
    return values(pair === undefined ? columns(parts) : pairs(parts, pair), out);
  };
}

function split(content: string, separators: readonly string[]): string[] {
  let parts = [content];
  for (const separator of separators) parts = parts.flatMap((part) => part.split(separator, MAX_VALUES + 1));
  return parts.map((part) => part.trim());
}

function columns(parts: readonly string[]): Record<string, string> {
  const record = Object.create(null) as Record<string, string>;
  for (let i = 0; i < parts.length; i++) record[i] = parts[i];
  return record;
}

/** Of two values of one key the first counts; a part without the pair's sign is no value. */
function pairs(parts: readonly string[], sign: string): Record<string, string> {
  const record = Object.create(null) as Record<string, string>;
  for (const part of parts) {
    const at = part.indexOf(sign);
    if (at <= 0) continue;
    const key = part.slice(0, at).trim();
    if (!(key in record)) record[key] = part.slice(at + sign.length).trim();
  }
  return record;
}

/** `$content*hh` -> content with its `$`; the checksum is the xor of what lies between (NMEA 0183). */
function withoutChecksum(line: string): string | Rejection {
  const star = line.lastIndexOf("*");
  const digits = line.slice(star + 1);
  if (star < 0 || !/^[0-9a-fA-F]{2}$/.test(digits)) return reject("frame_check", "no checksum behind *");
  let sum = 0;
  for (let i = line[0] === "$" || line[0] === "!" ? 1 : 0; i < star; i++) sum ^= line.charCodeAt(i);
  if (sum !== parseInt(digits, 16)) return reject("frame_check", `xor is 0x${digits}, computed ${hex(sum)}`);
  return line.slice(0, star);
}
