import { AisBits, ARMOUR } from "./bits.ts";
import type { AisFault } from "./fault.ts";
import { decimal, hexDigit } from "./nmea-number.ts";
import { parseTagBlock } from "./tag-block.ts";

/** Longest sentence from its `!` to its checksum; tag block, prefixes and suffixes do not count. */
const MAX_SENTENCE = 1024;
const COMMA = 44;
const STAR = 42;
const BANG = 33;
const BACKSLASH = 92;
const NOT_ARMOUR = 255;
/** `!AIVDM,1,1,,,0,0*00` */
const MIN_PLAIN = 19;

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
  /** the payload's bits, put behind the first `base` sextets that it holds already; fill bits are those of the last part */
  readonly bits: AisBits;
  base = 0;
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

  constructor(bits: AisBits = new AisBits()) {
    this.bits = bits;
  }
}

/**
 * Parses one line: an optional tag block or any proprietary prefix, one `!ttVDM` or `!ttVDO` sentence, an optional suffix.
 * Never throws. A sentence cut off by the beginning of the next one is passed over.
 *
 * @returns null = `into` holds the sentence; "none" = the line has no VDM/VDO sentence (other NMEA, comments); else the fault
 */
export function parseSentence(line: string, into: Sentence): AisFault | "none" | null {
  return parsePlain(line, into) ? null : parseAny(line, into);
}

/**
 * The sentence as the standard writes it, alone in its line or behind a tag block, in one pass: checksum, armour and bits
 * together. @returns false for everything else, well formed or not: {@link parseAny} decides
 */
function parsePlain(line: string, into: Sentence): boolean {
  const end = line.length;
  const at = line.charCodeAt(0) === BACKSLASH ? line.indexOf("\\", 1) + 1 : 0;
  if (end - at < MIN_PLAIN || end - at > MAX_SENTENCE || line.charCodeAt(at) !== BANG) return false;
  const vdx = line.charCodeAt(at + 5);
  if (
    line.charCodeAt(at + 3) !== 86 ||
    line.charCodeAt(at + 4) !== 68 ||
    (vdx !== 77 && vdx !== 79) ||
    line.charCodeAt(at + 6) !== COMMA ||
    line.charCodeAt(at + 8) !== COMMA ||
    line.charCodeAt(at + 10) !== COMMA
  )
    return false;
  const c1 = line.charCodeAt(at + 1);
  const c2 = line.charCodeAt(at + 2);
  const total = line.charCodeAt(at + 7) - 48;
  const part = line.charCodeAt(at + 9) - 48;
  if (total < 1 || total > 9 || part < 1 || part > total) return false;
  // an odd number of commas so far and up to the payload; the 48 of the two digits cancel each other
  let sum = c1 ^ c2 ^ 86 ^ 68 ^ vdx ^ total ^ part ^ COMMA;
  let i = at + 11;
  let c = line.charCodeAt(i);
  let sequence = -1;
  if (c !== COMMA) {
    sequence = c - 48;
    if (sequence < 0 || sequence > 9) return false;
    sum ^= c;
    c = line.charCodeAt(++i);
    if (c !== COMMA) return false;
  }
  let channel = line.charCodeAt(++i);
  if (channel === COMMA) channel = 0;
  else {
    if (channel < 48 || channel > 127 || line.charCodeAt(++i) !== COMMA) return false;
    sum ^= channel;
  }
  const from = ++i;
  const { bits, base } = into;
  const { six } = bits;
  let n = base;
  // the last five characters are `,f*hh`
  const last = end - 5;
  for (; i <= last; i++) {
    c = line.charCodeAt(i);
    const v = c < 128 ? ARMOUR[c] : NOT_ARMOUR;
    if (v === NOT_ARMOUR) break;
    six[n++] = v;
    sum ^= c;
  }
  bits.touch(n);
  const fill = line.charCodeAt(i + 1) - 48;
  if (c !== COMMA || i === from || fill < 0 || fill > 5 || line.charCodeAt(i + 2) !== STAR) return false;
  sum ^= COMMA ^ (fill + 48);
  const high = hexDigit(line.charCodeAt(i + 3));
  const low = hexDigit(line.charCodeAt(i + 4));
  if (high < 0 || low < 0 || ((high << 4) | low) !== sum) return false;
  bits.end(n, part === total ? fill : 0);
  into.from = at;
  into.to = i + 5;
  into.talker = (c1 << 8) | c2;
  into.own = vdx === 79;
  into.total = total;
  into.part = part;
  into.sequence = total === 1 ? -1 : sequence;
  into.channel = channel;
  into.payloadFrom = from;
  into.payloadTo = i;
  into.fill = fill;
  into.station = "";
  into.time = 0;
  into.group = -1;
  into.badTag = false;
  if (at > 0) parseTagBlock(line, at, into);
  return true;
}

/** Whatever receivers and logs make of a sentence. */
function parseAny(line: string, into: Sentence): AisFault | "none" | null {
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
    if (c > 127 || ARMOUR[c] === NOT_ARMOUR) return "armour";
  }
  into.bits.truncate(into.base);
  into.bits.append(line, c4 + 1, c5, part === total ? fill : 0);

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
