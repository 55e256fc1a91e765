import { ARMOUR } from "./bits.ts";
import type { AisFault } from "./fault.ts";

/** Longest sentence from its `!` to its checksum; tag block, prefixes and suffixes do not count. */
const MAX_SENTENCE = 1024;
const COMMA = 44;
const STAR = 42;
const BANG = 33;
const BACKSLASH = 92;

/**
 * One VDM/VDO sentence, in place of an allocation per line: the caller keeps one and passes it to {@link parseSentence}.
 * Offsets point into the line that was parsed.
 */
export class Sentence {
  /** offset of the tag block if there is a valid one, else of `!` */
  from = 0;
  /** offset behind the checksum */
  to = 0;
  /** the two talker characters as one number */
  talker = 0;
  /** VDO: the receiver's own ship */
  own = false;
  total = 1;
  part = 1;
  /** 0-99, or -1 when the field is empty or the message has one sentence only */
  sequence = -1;
  /** first character of the channel field, 0 when it is empty */
  channel = 0;
  payloadFrom = 0;
  payloadTo = 0;
  fill = 0;
  /** tag block `s:`, "" without one */
  station = "";
  /** tag block `c:` in ms UTC, 0 without one */
  time = 0;
  /** tag block `g:` id, -1 without one; groupPart and groupTotal count the sentences of the group */
  group = -1;
  groupPart = 0;
  groupTotal = 0;
  /** a tag block was there but its checksum or form is wrong: it is ignored, the sentence stands on its own checksum */
  badTag = false;
}

/**
 * Parses one line: an optional tag block or any proprietary prefix, one `!ttVDM` or `!ttVDO` sentence, an optional suffix.
 * Never throws. A sentence cut off by the beginning of the next one is passed over.
 *
 * @returns null = `into` holds the sentence; "none" = the line has no VDM/VDO sentence (other NMEA, comments); else the fault
 */
export function parseSentence(line: string, into: Sentence): AisFault | "none" | null {
  let at = findHeader(line, 0);
  if (at < 0) return "none";
  const end = line.length;
  let c1 = 0;
  let c2 = 0;
  let c3 = 0;
  let c4 = 0;
  let c5 = 0;
  let c6 = 0;
  let commas = 1;
  let sum = headerSum(line, at);
  let i = at + 7;
  for (; i < end; i++) {
    const c = line.charCodeAt(i);
    if (c === STAR) break;
    if (c === COMMA) {
      commas++;
      if (commas === 2) c1 = i;
      else if (commas === 3) c2 = i;
      else if (commas === 4) c3 = i;
      else if (commas === 5) c4 = i;
      else if (commas === 6) c5 = i;
      else if (commas === 7) c6 = i;
    } else if (c === BANG) {
      const next = findHeader(line, i);
      if (next < 0) break;
      at = next;
      commas = 1;
      sum = headerSum(line, at);
      i = at + 6;
      continue;
    }
    sum ^= c;
  }
  if (i - at > MAX_SENTENCE) return "line_long";
  const high = i + 2 < end && line.charCodeAt(i) === STAR ? hexDigit(line.charCodeAt(i + 1)) : -1;
  const low = high < 0 ? -1 : hexDigit(line.charCodeAt(i + 2));
  if (low < 0) return "checksum_missing";
  if (((high << 4) | low) !== sum) return "checksum";
  // more fields than the standard knows are covered by the checksum and do no harm
  if (commas < 6) return "fields";

  const total = digit(line, at + 7, c1);
  const part = digit(line, c1 + 1, c2);
  const sequence = total === 1 || c3 === c2 + 1 ? -1 : sequenceNumber(line, c2 + 1, c3);
  if (total < 1 || part < 1 || part > total || sequence === -2) return "numbering";
  // some receivers leave the fill bits out where there are none, others write two digits
  const fillTo = commas === 6 ? i : c6;
  const fill = fillTo === c5 + 1 ? 0 : fillTo - c5 > 3 ? -1 : decimal(line, c5 + 1, fillTo);
  if (fill < 0 || fill > 5) return "fill_bits";
  if (c5 === c4 + 1) return "payload_empty";
  for (let k = c4 + 1; k < c5; k++) {
    const c = line.charCodeAt(k);
    if (c > 127 || ARMOUR[c] === 255) return "armour";
  }

  into.from = at;
  into.to = i + 3;
  into.talker = (line.charCodeAt(at + 1) << 8) | line.charCodeAt(at + 2);
  into.own = line.charCodeAt(at + 5) === 79;
  into.total = total;
  into.part = part;
  into.sequence = sequence;
  into.channel = c4 === c3 + 1 ? 0 : line.charCodeAt(c3 + 1);
  into.payloadFrom = c4 + 1;
  into.payloadTo = c5;
  into.fill = fill;
  into.station = "";
  into.time = 0;
  into.group = -1;
  into.badTag = false;
  if (at > 1 && line.charCodeAt(at - 1) === BACKSLASH) parseTagBlock(line, at, into);
  return null;
}

/**
 * Splits a line that holds more than one sentence (datagrams packed without line ends, logs whose line ends were lost): each
 * piece ends with a checksum, so that the next one's tag block stays with it.
 * @returns null for the usual line of one sentence or none; nothing is allocated then
 */
export function splitLine(line: string): string[] | null {
  const last = line.lastIndexOf("!");
  let at = last <= 0 ? -1 : findHeader(line, 0);
  if (at < 0 || at === last) return null;
  const pieces: string[] = [];
  let from = 0;
  while (at >= 0) {
    const next = findHeader(line, at + 1);
    if (next < 0) break;
    const star = line.indexOf("*", at);
    // a sentence cut off by the next one has no checksum of its own: parseSentence passes over it
    if (star > 0 && star + 3 <= next) {
      pieces.push(line.slice(from, star + 3));
      from = star + 3;
    }
    at = next;
  }
  if (from === 0) return null;
  pieces.push(line.slice(from));
  return pieces;
}

/** Offset of the next `!ttVDM,` or `!ttVDO,` at or after `from`, -1 without one. */
function findHeader(line: string, from: number): number {
  for (let at = line.indexOf("!", from); at >= 0; at = line.indexOf("!", at + 1)) {
    const last = line.charCodeAt(at + 5);
    if (
      line.charCodeAt(at + 3) === 86 &&
      line.charCodeAt(at + 4) === 68 &&
      (last === 77 || last === 79) &&
      line.charCodeAt(at + 6) === COMMA
    )
      return at;
  }
  return -1;
}

function headerSum(line: string, at: number): number {
  return (
    line.charCodeAt(at + 1) ^
    line.charCodeAt(at + 2) ^
    line.charCodeAt(at + 3) ^
    line.charCodeAt(at + 4) ^
    line.charCodeAt(at + 5) ^
    COMMA
  );
}

/** One decimal digit from 1, else -2. */
function digit(line: string, from: number, to: number): number {
  if (to - from !== 1) return -2;
  const v = line.charCodeAt(from) - 48;
  return v >= 1 && v <= 9 ? v : -2;
}

/** The standard has one digit; some multiplexers count to 99. */
function sequenceNumber(line: string, from: number, to: number): number {
  const v = to - from > 2 ? -1 : decimal(line, from, to);
  return v < 0 ? -2 : v;
}

function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const upper = c & ~32;
  return upper >= 65 && upper <= 70 ? upper - 55 : -1;
}

/** `\s:station,c:1334337317,g:1-2-3985*hh\` directly before the sentence (NMEA 0183 4.10 section 7.4). */
function parseTagBlock(line: string, bang: number, into: Sentence): void {
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

/** Non-negative decimal of at most 14 digits, else -1. */
function decimal(line: string, from: number, to: number): number {
  if (to <= from || to - from > 14) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const d = line.charCodeAt(i) - 48;
    if (d < 0 || d > 9) return -1;
    value = value * 10 + d;
  }
  return value;
}
