import { writeApplication } from "./encode-application.ts";
import { AisBitWriter } from "./bits.ts";
import {
  type Field,
  isAuxiliary,
  type Layout,
  LAYOUTS,
  STATIC_A,
  STATIC_B,
  STATIC_B_HULL,
  STATIC_B_MOTHERSHIP,
} from "./fields.ts";
import { whole, writeField, writeText } from "./write-field.ts";

/**
 * A message to send: raw integers under the names that {@link decodeAis} gives. What is left out is sent as "not available".
 * Degrees, knots and null are turned into raw values by raw.ts.
 */
export interface AisInput {
  /** 1-6, 8, 9, 11, 12, 14, 18, 19, 21, 24 or 27 */
  readonly type: number;
  readonly mmsi: number;
  readonly [field: string]: unknown;
}

export interface EncodeOptions {
  /** two letters, AI unless given */
  readonly talker?: string;
  /** "A" unless given */
  readonly channel?: string;
  /** 0-9, for messages of more than one sentence; 0 unless given */
  readonly sequence?: number;
  /** VDO instead of VDM */
  readonly own?: boolean;
}

const ENCODABLE: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 8, 9, 11, 12, 14, 18, 19, 21, 24, 27]);
/** A line of NMEA 0183 has at most 82 characters with CR LF; 60 of payload keep it below that. */
const PAYLOAD_CHARS = 60;
/** A safety text fills five slots at most: 1,008 bits. */
const MAX_TEXT = 161;
const MAX_ADDRESSED_TEXT = 156;

/**
 * Encodes one message to its sentences, without line ends.
 * @throws RangeError when the type cannot be sent or a value does not fit its field: the caller's bug, not outside data
 */
export function encodeAis(message: AisInput, options: EncodeOptions = {}): string[] {
  if (!ENCODABLE.has(message.type)) throw new RangeError(`AIS type ${message.type} cannot be encoded`);
  const w = new AisBitWriter();
  w.put(0, 6, message.type);
  w.put(6, 2, whole(message.repeat ?? 0, "repeat", 0, 3));
  w.put(8, 30, whole(message.mmsi, "mmsi", 0, 2 ** 30 - 1));
  if (message.type === 24) writeStatic(w, message);
  else {
    const layout = LAYOUTS[message.type] as Layout;
    // the last bit first: the writer grows to the full length, spare bits stay zero
    w.put(layout.bits - 1, 1, 0);
    writeFields(w, layout.fields, message);
    if (message.type === 6 || message.type === 8) writeApplication(w, message);
    if (message.type === 12) writeText(w, 72, String(message.text ?? ""), MAX_ADDRESSED_TEXT);
    if (message.type === 14) writeText(w, 40, String(message.text ?? ""), MAX_TEXT);
    if (message.type === 21) writeAidName(w, String(message.name ?? ""));
  }
  return sentences(w, options);
}

function writeStatic(w: AisBitWriter, message: AisInput): void {
  const isB = message.part === "B";
  w.put(38, 2, isB ? 1 : 0);
  w.put(167, 1, 0);
  writeFields(w, isB ? STATIC_B.fields : STATIC_A.fields, message);
  if (isB) writeFields(w, isAuxiliary(message.mmsi) ? STATIC_B_MOTHERSHIP : STATIC_B_HULL, message);
}

function writeFields(w: AisBitWriter, fields: readonly Field[], message: AisInput): void {
  for (const f of fields) {
    const given = message[f.name];
    // vendorid overlaps model and serial (M.1371-4 took its last four characters): the numbers win where they are given
    if ((f.name === "model" || f.name === "serial") && given === undefined && message.vendorid !== undefined) continue;
    writeField(w, f, given ?? f.na);
  }
}

/** The name extension pads to whole bytes with spare bits (M.1371-5 annex 8, 3.19). */
function writeAidName(w: AisBitWriter, name: string): void {
  w.putText(43, 20, name);
  if (name.length <= 20) return;
  writeText(w, 272, name.slice(20), 14);
  const over = w.length % 8;
  if (over > 0) w.put(w.length + 7 - over, 1, 0);
}

function sentences(w: AisBitWriter, options: EncodeOptions): string[] {
  const { payload, fill } = w.armour();
  const total = Math.ceil(payload.length / PAYLOAD_CHARS);
  const sequence = total > 1 ? String(options.sequence ?? 0) : "";
  const head = `${options.talker ?? "AI"}VD${options.own === true ? "O" : "M"}`;
  const lines: string[] = [];
  for (let part = 1; part <= total; part++) {
    const piece = payload.slice((part - 1) * PAYLOAD_CHARS, part * PAYLOAD_CHARS);
    const body = `${head},${total},${part},${sequence},${options.channel ?? "A"},${piece},${part === total ? fill : 0}`;
    let sum = 0;
    for (let i = 0; i < body.length; i++) sum ^= body.charCodeAt(i);
    lines.push(`!${body}*${sum.toString(16).toUpperCase().padStart(2, "0")}`);
  }
  return lines;
}
