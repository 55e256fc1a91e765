import type { AisBits } from "./bits.ts";
import { APPLICATIONS, applicationKey, FIXED_GROUP, type Group } from "./application-layouts.ts";
import { type AisValue, readFields } from "./decode.ts";

/** Target identifiers of VTS targets (8: 1/17): 42 bits, numbers in their last 32, texts in all of them. */
const TARGET_IDS = ["mmsi", "imo", "callsign", "other"] as const;

/**
 * Reads the payload of a type 6 or 8 message whose `dac` and `fid` are known. Bits that a cut payload does not have read as
 * zero; `missing_bits` says how many, so that a zero is not taken for a value.
 *
 * @returns false when the payload has no known layout or a length that its layout cannot have: the caller shows it as data
 */
export function decodeApplication(bits: AisBits, type: number, into: Record<string, AisValue>): boolean {
  const app = APPLICATIONS.get(applicationKey(type, into.dac as number, into.fid as number));
  if (app === undefined || (app.lengths !== undefined && !app.lengths.includes(bits.length))) return false;
  if (app.plausible !== undefined && !app.plausible(bits)) return false;
  readFields(bits, app.fields, into);
  let end = app.end;
  if (app.text !== undefined) into[app.text] = bits.text(end, Math.max(0, Math.floor((bits.length - end) / 6)));
  if (app.group !== undefined) {
    const items = readGroup(bits, app.group);
    into[app.group.name] = items;
    end = app.group.at + items.length * app.group.width;
  }
  if (app.warning === true) readWarning(bits, into);
  if (end > bits.length) into.missing_bits = end - bits.length;
  return app.besideData !== true;
}

/** How often a group stands in a payload. */
function groupCount(bits: AisBits, { at, width, count }: Group): number {
  const room = bits.length - at;
  switch (count) {
    case "begun":
      return Math.max(0, Math.ceil(room / width));
    case "open":
      return room < 0 ? 0 : Math.floor(room / width) + 1;
    case "counted":
      return bits.uint(at - 5, 5);
    case "four":
      return FIXED_GROUP;
  }
}

function readGroup(bits: AisBits, group: Group): Record<string, number | string>[] {
  const items: Record<string, number | string>[] = [];
  for (let i = groupCount(bits, group), at = group.at; i > 0; i--, at += group.width) {
    const item: Record<string, number | string> = {};
    if (group.identified === true) {
      const kind = bits.uint(at, 2);
      item.idtype = kind;
      item[TARGET_IDS[kind]] = kind < 2 ? String(bits.uint(at + 12, 32)) : bits.text(at + 2, 7);
    }
    for (const f of group.fields)
      item[f.name] = f.kind === "i" ? bits.int(at + f.at, f.width) : bits.uint(at + f.at, f.width);
    items.push(item);
  }
  return items;
}

/** Dates and times of an inland weather warning (ES-RIS) stand apart: both dates, then both times. */
function readWarning(bits: AisBits, into: Record<string, AisValue>): void {
  into.begin = dateTime(bits, 56, 90);
  into.end = dateTime(bits, 73, 101);
}

function dateTime(bits: AisBits, date: number, time: number): string {
  const day = `${2000 + bits.uint(date, 8)}-${two(bits.uint(date + 8, 4))}-${two(bits.uint(date + 12, 5))}`;
  return `${day}T${two(bits.uint(time, 5))}:${two(bits.uint(time + 5, 6))}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
