import type { Position } from "../../reading.ts";
import { reject, type Rejection } from "../../rejection.ts";
import { AisBits } from "./bits.ts";
import { checkLength } from "./decode.ts";
import { AIS_FAULTS, type AisFault, rejectionReason } from "./fault.ts";
import { isAuxiliary, LAT_NA, LAT_NA_COARSE, LON_NA, LON_NA_COARSE } from "./fields.ts";
import { parseSentence, Sentence } from "./sentence.ts";

// Scratch of the synchronous decoder, so that a position costs one object and nothing else.
const bits = new AisBits();
const sentence = new Sentence(bits);

/**
 * Decodes one complete message to what the fleet needs: position reports (1-4, 9, 11, 18, 19, 21, 27), static data (5, 19, 24)
 * and safety texts (12, 14). The other types are well formed and push nothing.
 *
 * @param frame all sentences of ONE message, joined by "\n" (an edge agent's record)
 * @param ts sample time, ms UTC, for every position pushed
 * @returns null, or why the frame was refused; never throws
 */
export function decodeAisFrame(frame: Uint8Array, ts: number, out: Position[]): Rejection | null {
  const text = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("latin1");
  const fault = loadFrame(text);
  if (fault === "none") return reject("nmea_invalid", "no VDM or VDO sentence");
  const failed = fault ?? checkLength(bits, bits.uint(0, 6));
  if (failed !== null) return reject(rejectionReason(failed), AIS_FAULTS[failed]);
  push(ts, sentence.own, out);
  return null;
}

/** Parses every sentence of the frame into the scratch bits; they must be the parts 1..total of one message. */
function loadFrame(text: string): AisFault | "none" | null {
  let sextets = 0;
  let expected = 0;
  let sequence = -1;
  let channel = 0;
  let part = 0;
  let from = 0;
  while (from < text.length) {
    let to = text.indexOf("\n", from);
    if (to < 0) to = text.length;
    const line = from === 0 && to === text.length ? text : text.slice(from, to);
    from = to + 1;
    if (line.length < 2) continue;
    sentence.base = sextets;
    const fault = parseSentence(line, sentence);
    if (fault !== null) return fault;
    part++;
    if (part === 1) {
      expected = sentence.total;
      sequence = sentence.sequence;
      channel = sentence.channel;
    }
    if (
      sentence.part !== part ||
      sentence.total !== expected ||
      (sentence.sequence !== sequence && sentence.sequence >= 0) ||
      (sentence.channel !== channel && sentence.channel !== 0)
    )
      return "part_mismatch";
    if (bits.overflow) return "message_long";
    sextets += sentence.payloadTo - sentence.payloadFrom;
  }
  if (part === 0) return "none";
  return part === expected ? null : "part_mismatch";
}

function push(ts: number, own: boolean, out: Position[]): void {
  const type = bits.uint(0, 6);
  const mmsi = bits.uint(8, 30);
  switch (type) {
    case 1:
    case 2:
    case 3:
      out.push(report(mmsi, type, ts, 61, 50, 116, 128, bits.uint(38, 4), "A", own));
      return;
    case 4:
    case 11:
      out.push(report(mmsi, type, ts, 79, -1, -1, -1, null, null, own));
      return;
    case 9:
      out.push(report(mmsi, type, ts, 61, 50, 116, -1, null, null, own));
      return;
    case 18:
      out.push(report(mmsi, type, ts, 57, 46, 112, 124, null, "B", own));
      return;
    case 21:
      out.push({
        ...report(mmsi, type, ts, 164, -1, -1, -1, null, null, own),
        name: textOrNull(bits.text(43, 20)),
      });
      return;
    case 27:
      out.push(longRange(mmsi, ts, own));
      return;
    case 5:
      out.push({
        ...silent(mmsi, type, ts, "A", own),
        name: textOrNull(bits.text(112, 20)),
        callsign: textOrNull(bits.text(70, 7)),
        shipType: bits.uint(232, 8) || null,
        length: bits.uint(240, 9) + bits.uint(249, 9) || null,
      });
      return;
    case 19:
      out.push({
        ...report(mmsi, type, ts, 57, 46, 112, 124, null, "B", own),
        name: textOrNull(bits.text(143, 20)),
        shipType: bits.uint(263, 8) || null,
        length: bits.uint(271, 9) + bits.uint(280, 9) || null,
      });
      return;
    case 24:
      if (bits.uint(38, 2) === 0) {
        out.push({ ...silent(mmsi, type, ts, "B", own), name: textOrNull(bits.text(40, 20)) });
        return;
      }
      out.push({
        ...silent(mmsi, type, ts, "B", own),
        callsign: textOrNull(bits.text(90, 7)),
        shipType: bits.uint(40, 8) || null,
        length: isAuxiliary(mmsi) ? null : bits.uint(132, 9) + bits.uint(141, 9) || null,
      });
      return;
    case 12:
    case 14: {
      const at = type === 12 ? 72 : 40;
      out.push({ ...silent(mmsi, type, ts, null, own), text: bits.text(at, Math.floor((bits.length - at) / 6)) });
      return;
    }
  }
}

/** A report with a position in 1/10,000 minute; the offsets name the first bit of each field, -1 = the type has none. */
function report(
  mmsi: number,
  type: number,
  ts: number,
  lonAt: number,
  sogAt: number,
  cogAt: number,
  headingAt: number,
  status: number | null,
  shipClass: "A" | "B" | null,
  own: boolean,
): Position {
  const lon = bits.int(lonAt, 28);
  const lat = bits.int(lonAt + 28, 27);
  const known = isPosition(lon, lat, LON_NA, LAT_NA);
  const sog = sogAt < 0 ? 1023 : bits.uint(sogAt, 10);
  const cog = cogAt < 0 ? 3600 : bits.uint(cogAt, 12);
  const heading = headingAt < 0 ? 511 : bits.uint(headingAt, 9);
  return {
    mmsi,
    type,
    ts,
    lon: known ? lon / 600_000 : null,
    lat: known ? lat / 600_000 : null,
    // an aircraft (type 9) sends whole knots
    sog: sog === 1023 ? null : type === 9 ? sog : sog / 10,
    cog: cog >= 3600 ? null : cog / 10,
    heading: heading >= 360 ? null : heading,
    status,
    class: shipClass,
    own,
  };
}

function longRange(mmsi: number, ts: number, own: boolean): Position {
  const lon = bits.int(44, 18);
  const lat = bits.int(62, 17);
  const known = isPosition(lon, lat, LON_NA_COARSE, LAT_NA_COARSE);
  const sog = bits.uint(79, 6);
  const cog = bits.uint(85, 9);
  return {
    mmsi,
    type: 27,
    ts,
    lon: known ? lon / 600 : null,
    lat: known ? lat / 600 : null,
    sog: sog === 63 ? null : sog,
    cog: cog >= 360 ? null : cog,
    heading: null,
    status: bits.uint(40, 4),
    class: "A",
    own,
  };
}

/** A message without a position. */
function silent(mmsi: number, type: number, ts: number, shipClass: "A" | "B" | null, own: boolean): Position {
  return {
    mmsi,
    type,
    ts,
    lon: null,
    lat: null,
    sog: null,
    cog: null,
    heading: null,
    status: null,
    class: shipClass,
    own,
  };
}

/** Within 180 and 90 degrees; the raw "not available" is 181 and 91. */
function isPosition(lon: number, lat: number, lonNa: number, latNa: number): boolean {
  return Math.abs(lon) <= (lonNa / 181) * 180 && Math.abs(lat) <= (latNa / 91) * 90;
}

function textOrNull(text: string): string | null {
  return text === "" ? null : text;
}
