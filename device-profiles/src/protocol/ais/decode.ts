import type { AisBits } from "./bits.ts";
import { decodeApplication } from "./application.ts";
import type { AisFault } from "./fault.ts";
import { readFrequent } from "./frequent.ts";
import {
  CHANNEL_AREA,
  CHANNEL_STATIONS,
  type Field,
  isAuxiliary,
  type Layout,
  LAYOUTS,
  STATIC_A,
  STATIC_B,
  STATIC_B_HULL,
  STATIC_B_MOTHERSHIP,
} from "./fields.ts";

export type AisValue = number | boolean | string | null | readonly Readonly<Record<string, number | string>>[];

/**
 * One message as it was sent: raw integers under gpsd's unscaled field names (lon in 1/10,000 minute, speed in 1/10 knot ...).
 * "Not available" keeps its raw value here (speed 1023); {@link decodeAisFrame} turns it into null.
 */
export interface AisMessage {
  readonly type: number;
  readonly repeat: number;
  readonly mmsi: number;
  readonly [field: string]: AisValue;
}

/** Decodes one complete message of any type. Never throws. @returns the message, or why there is none */
export function decodeAis(bits: AisBits): AisMessage | AisFault {
  const type = bits.uint(0, 6);
  const fault = checkLength(bits, type);
  return fault ?? readFrequent(bits, type) ?? readByTable(bits, type);
}

/** Any type by its row of fields.ts; the length was checked. */
export function readByTable(bits: AisBits, type: number): AisMessage {
  const message: Record<string, AisValue> & { type: number; repeat: number; mmsi: number } = {
    type,
    repeat: bits.uint(6, 2),
    mmsi: bits.uint(8, 30),
  };
  if (type === 24) readStatic(bits, message);
  else {
    readFields(bits, (LAYOUTS[type] as Layout).fields, message);
    readVariable(bits, type, message);
  }
  return message;
}

/** The checks that the fast path of frame.ts shares. @returns null when the message is long enough for its type */
export function checkLength(bits: AisBits, type: number): AisFault | null {
  if (bits.overflow) return "message_long";
  if (bits.length < 38) return "message_short";
  let layout = LAYOUTS[type];
  if (type === 24) {
    const part = bits.uint(38, 2);
    if (part > 1) return "part_unknown";
    layout = part === 0 ? STATIC_A : STATIC_B;
  }
  if (layout === undefined) return "type_unknown";
  if (bits.length < layout.min) return "message_short";
  if (bits.length > layout.max) return "message_length";
  if (type === 27 && bits.length !== 96 && bits.length !== 168) return "message_length";
  if (type === 25 || type === 26) {
    const needed = (type === 25 ? 40 : 60) + bits.uint(38, 1) * 30 + bits.uint(39, 1) * 16;
    if (bits.length < needed) return "message_short";
  }
  return null;
}

export function readFields(bits: AisBits, fields: readonly Field[], into: Record<string, AisValue>): void {
  for (const f of fields) into[f.name] = readField(bits, f);
}

function readField(bits: AisBits, f: Field): AisValue {
  switch (f.kind) {
    case "u":
      return bits.uint(f.at, f.width);
    case "i":
      return bits.int(f.at, f.width);
    case "b":
      return bits.uint(f.at, 1) === 1;
    case "t":
      return bits.text(f.at, f.width / 6);
    case "eta":
      return `${pad(bits.uint(f.at, 4))}-${dayTime(bits, f.at + 4)}`;
    case "stop":
      return `${pad(bits.uint(f.at + 5, 4))}-${pad(bits.uint(f.at, 5))}T${clock(bits, f.at + 9)}`;
    case "berth":
      return `${bits.uint(f.at, 4)}-${bits.uint(f.at + 4, 5)}T${bits.uint(f.at + 9, 5)}:${bits.uint(f.at + 14, 6)}`;
    case "day":
      return dayTime(bits, f.at);
    case "time": {
      const year = String(bits.uint(f.at, 14)).padStart(4, "0");
      const day = `${year}-${pad(bits.uint(f.at + 14, 4))}-${pad(bits.uint(f.at + 18, 5))}`;
      return `${day}T${pad(bits.uint(f.at + 23, 5))}:${pad(bits.uint(f.at + 28, 6))}:${pad(bits.uint(f.at + 34, 6))}Z`;
    }
  }
}

function readStatic(bits: AisBits, into: Record<string, AisValue> & { readonly mmsi: number }): void {
  if (bits.uint(38, 2) === 0) {
    into.part = "A";
    readFields(bits, STATIC_A.fields, into);
    return;
  }
  into.part = "B";
  readFields(bits, STATIC_B.fields, into);
  readFields(bits, isAuxiliary(into.mmsi) ? STATIC_B_MOTHERSHIP : STATIC_B_HULL, into);
}

/** What follows the fixed fields: text, data, the name extension of type 21, the variants of type 22. */
function readVariable(bits: AisBits, type: number, into: Record<string, AisValue>): void {
  switch (type) {
    case 1:
    case 2:
    case 3:
      // some transmitters cut the radio status: what is left of it is what was sent
      if (bits.length < 168) into.radio = bits.uint(149, bits.length - 149);
      return;
    case 6:
    case 8:
      if (!decodeApplication(bits, type, into)) into.data = bits.hex(type === 6 ? 88 : 56);
      return;
    case 12:
      into.text = bits.text(72, Math.max(0, Math.floor((bits.length - 72) / 6)));
      return;
    case 14:
      into.text = bits.text(40, Math.max(0, Math.floor((bits.length - 40) / 6)));
      return;
    case 17:
      into.data = bits.hex(80);
      return;
    case 21:
      into.name = aidName(bits);
      return;
    case 22:
      readFields(bits, into.addressed === true ? CHANNEL_STATIONS : CHANNEL_AREA, into);
      return;
    case 16:
      // bits 92..95 of a message for one station are spare, not the beginning of a second
      if (bits.length < 144) into.mmsi2 = into.offset2 = into.increment2 = 0;
      return;
    case 25:
    case 26:
      readSlotData(bits, type, into);
      return;
  }
}

/** Twenty characters and, when they are all used, up to fourteen more behind the fixed fields. */
function aidName(bits: AisBits): string {
  const name = bits.text(43, 20, false);
  const more = Math.floor((bits.length - 272) / 6);
  return (name.length === 20 && more > 0 ? name + bits.text(272, Math.min(14, more)) : name).trimEnd();
}

/** Single and multiple slot binary messages: optional addressee, optional application id, data, radio state (26 only). */
function readSlotData(bits: AisBits, type: number, into: Record<string, AisValue>): void {
  let at = 40;
  into.dest_mmsi = into.addressed === true ? bits.uint(at, 30) : 0;
  if (into.addressed === true) at += 30;
  into.app_id = into.structured === true ? bits.uint(at, 16) : 0;
  if (into.structured === true) at += 16;
  into.data = bits.hex(at, type === 26 ? 20 : 0);
  // gpsd prints a `radio` of 0 here without reading it: a name of its own keeps the two apart
  if (type === 26) into.comm_state = bits.uint(bits.length - 20, 20);
}

function dayTime(bits: AisBits, at: number): string {
  return `${pad(bits.uint(at, 5))}T${clock(bits, at + 5)}Z`;
}

function clock(bits: AisBits, at: number): string {
  return `${pad(bits.uint(at, 5))}:${pad(bits.uint(at + 5, 6))}`;
}

function pad(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
