import { crc16Modbus } from "../../codec/check.ts";
import { writeBcd } from "./bcd.ts";
import { HOURLY, HOURLY_COUNT } from "./elements.ts";
import { ETX, HEADER, OVERHEAD, PASSWORD_AT, readSl651, STX } from "./frame.ts";
import { isRejection } from "../../rejection.ts";

/** How the centre ends its answer: the station leaves the line, or stays on it (table 15). */
export const EOT = 0x04;
export const ESC = 0x1b;

/** One value of a report: element identifier, bytes and decimals of its number; null = not available. */
export interface ElementValue {
  readonly id: number;
  readonly length: number;
  readonly decimals: number;
  readonly value: number | null;
}

export interface Sl651Report {
  /** 0-255 */
  readonly centre: number;
  /** ten digits */
  readonly station: string;
  /** four hex digits */
  readonly password: string;
  readonly function: number;
  readonly serial: number;
  /** ms UTC */
  readonly sentAt: number;
  /** ms UTC; absent = no station block (keep-alive) */
  readonly observedAt?: number;
  /** class of the station; H = river */
  readonly station_class?: string;
  readonly elements?: readonly ElementValue[];
  /** twelve five-minute values of an hour by identifier (F4 rain in mm, F5.. relative level in m); null = not available */
  readonly hourly?: ReadonlyMap<number, readonly (number | null)[]>;
  /** the values of a uniform report, in the length and decimals of `elements[0]`, whose own value is not sent */
  readonly uniform?: { readonly stepMinutes: number; readonly values: readonly (number | null)[] };
}

/** A station's report: for simulators and tests. */
export function encodeSl651(report: Sl651Report): Uint8Array {
  const body = [report.serial >> 8, report.serial & 0xff, ...time(report.sentAt, true)];
  if (report.observedAt !== undefined) {
    body.push(0xf1, 0xf1, ...hexBytes(report.station), (report.station_class ?? "H").charCodeAt(0));
    body.push(0xf0, 0xf0, ...time(report.observedAt, false));
  }
  for (const [id, values] of report.hourly ?? []) body.push(...hourlyList(id, values));
  const elements = report.elements ?? [];
  if (report.uniform === undefined) {
    for (const element of elements) body.push(...identifier(element), ...number(element, element.value));
  } else {
    const { stepMinutes, values } = report.uniform;
    const step = [Math.floor(stepMinutes / 1440), Math.floor(stepMinutes / 60) % 24, stepMinutes % 60];
    body.push(0x04, 0x18, ...step.flatMap((part) => writeBcd(part, 1)), ...identifier(elements[0]));
    for (const value of values) body.push(...number(elements[0], value));
  }
  const { centre, station, password } = report;
  const head = [0x7e, 0x7e, centre, ...hexBytes(station), ...hexBytes(password), report.function];
  return seal([...head, (body.length >> 8) & 0x0f, body.length & 0xff, STX, ...body, ETX]);
}

/**
 * The centre's answer to one report: same station, password, function, serial and time, so that the station knows which.
 *
 * @param frame the intact report
 * @param end {@link ESC}: stay connected, {@link EOT}: hang up
 * @returns null for what is never answered: keep-alives (2F), packets that others follow, frames of a centre
 */
export function acknowledgeSl651(frame: Uint8Array, end: number = ESC): Uint8Array | null {
  const head = readSl651(frame);
  if (isRejection(head) || head.down || head.function === 0x2f || !head.last) return null;
  // of a split report only the first packet carries serial and time; the answer to its last packet names the packet
  const body =
    head.packet > 1 ? [...frame.subarray(HEADER, HEADER + 3)] : [...frame.subarray(head.from - 8, head.from)];
  return seal([
    ...[0x7e, 0x7e, ...hexBytes(head.station), head.centre],
    ...frame.subarray(PASSWORD_AT, PASSWORD_AT + 2),
    ...[head.function, 0x80, body.length, frame[HEADER - 1], ...body, end],
  ]);
}

/** The frame without its password, still intact: what may be kept and passed on. */
export function withoutPassword(frame: Uint8Array): Uint8Array {
  if (frame.length < OVERHEAD) return frame;
  const copy = Uint8Array.from(frame);
  copy.fill(0, PASSWORD_AT, PASSWORD_AT + 2);
  const crc = crc16Modbus(copy, 0, copy.length - 2);
  copy[copy.length - 2] = crc >> 8;
  copy[copy.length - 1] = crc & 0xff;
  return copy;
}

function seal(bytes: readonly number[]): Uint8Array {
  const frame = Uint8Array.from([...bytes, 0, 0]);
  const crc = crc16Modbus(frame, 0, bytes.length);
  frame[bytes.length] = crc >> 8;
  frame[bytes.length + 1] = crc & 0xff;
  return frame;
}

function identifier(element: ElementValue): number[] {
  return [element.id, (element.length << 3) | element.decimals];
}

function number(element: ElementValue, value: number | null): number[] {
  return writeBcd(value === null ? null : Math.round(value * 10 ** element.decimals), element.length);
}

function hourlyList(id: number, values: readonly (number | null)[]): number[] {
  const { size, divisor } = HOURLY.get(id)!;
  const missing = size === 1 ? 0xff : 0xffff;
  const bytes = [id, (size * HOURLY_COUNT) << 3];
  for (let i = 0; i < HOURLY_COUNT; i++) {
    const value = values[i] ?? null;
    const raw = value === null ? missing : Math.max(0, Math.min(missing - 1, Math.round(value * divisor)));
    if (size === 2) bytes.push(raw >> 8);
    bytes.push(raw & 0xff);
  }
  return bytes;
}

/** yy mm dd hh mm [ss] of Beijing, packed */
function time(ms: number, seconds: boolean): number[] {
  const text = new Date(ms + 8 * 3_600_000).toISOString();
  const parts = [text.slice(2, 4), text.slice(5, 7), text.slice(8, 10), text.slice(11, 13), text.slice(14, 16)];
  return hexBytes(parts.join("") + (seconds ? text.slice(17, 19) : ""));
}

function hexBytes(text: string): number[] {
  return [...Buffer.from(text, "hex")];
}
