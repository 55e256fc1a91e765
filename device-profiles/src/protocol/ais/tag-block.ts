import { decimal, hexDigit } from "./nmea-number.ts";
import type { Sentence } from "./sentence.ts";

/** `\s:station,c:1334337317,g:1-2-3985*hh\` directly before the sentence (NMEA 0183 4.10 section 7.4). */
export function parseTagBlock(line: string, bang: number, into: Sentence): void {
  const open = line.lastIndexOf("\\", bang - 2);
  const star = open < 0 ? -1 : line.lastIndexOf("*", bang - 2);
  if (star <= open || bang - 1 - star !== 3) {
    into.badTag = true;
    return;
  }
  let sum = 0;
  for (let i = open + 1; i < star; i++) sum ^= line.charCodeAt(i);
  if (sum !== ((hexDigit(line.charCodeAt(star + 1)) << 4) | hexDigit(line.charCodeAt(star + 2)))) {
    into.badTag = true;
    return;
  }
  into.from = open;
  let from = open + 1;
  while (from < star) {
    let to = line.indexOf(",", from);
    if (to < 0 || to > star) to = star;
    if (line.charCodeAt(from + 1) === 58) {
      const code = line.charCodeAt(from);
      if (code === 115) into.station = line.slice(from + 2, to);
      else if (code === 99) into.time = unixTime(line, from + 2, to);
      else if (code === 103) parseGroup(line, from + 2, to, into);
    }
    from = to + 1;
  }
}

/** Seconds or milliseconds since 1970, to milliseconds; 0 when it is not a number. */
function unixTime(line: string, from: number, to: number): number {
  const value = decimal(line, from, to);
  if (value <= 0) return 0;
  return value < 1e11 ? value * 1000 : value;
}

/** `part-total-id` */
function parseGroup(line: string, from: number, to: number, into: Sentence): void {
  const a = line.indexOf("-", from);
  const b = a < 0 ? -1 : line.indexOf("-", a + 1);
  if (b < 0 || b > to) return;
  const part = decimal(line, from, a);
  const total = decimal(line, a + 1, b);
  const id = decimal(line, b + 1, to);
  if (part < 1 || total < part || id < 0) return;
  into.group = id;
  into.groupPart = part;
  into.groupTotal = total;
}
