import { bcdTime } from "../../codec/time.ts";
import { isRejection, reject, type Rejection } from "../../rejection.ts";
import type { FieldProtocol, Sample, SampleValue } from "../field-protocol.ts";
import { readBcd } from "./bcd.ts";
import {
  ELEMENTS,
  HOURLY,
  HOURLY_COUNT,
  HOURLY_STEP_MS,
  MANUAL_REPORT,
  SL651_METRICS,
  STATUS_BITS,
} from "./elements.ts";
import { beijing, readSl651, type Sl651Frame } from "./frame.ts";

const KEEP_ALIVE = 0x2f;
const UNIFORM = 0x31;
const MANUAL: ReadonlySet<number> = new Set([0x35, 0x39]);
/** test, timed, extra, hourly; answers to queries of real-time values, chosen elements, pump, state */
const REPORTS: ReadonlySet<number> = new Set([0x30, UNIFORM, 0x32, 0x33, 0x34, 0x37, 0x3a, 0x44, 0x46]);
const PICTURE = 0x36;
/** a uniform report of one-byte values could list thousands */
const MAX_VALUES = 500;

interface OpenSample {
  ts: number;
  values: SampleValue[];
}

/** The samples of one frame: see {@link FieldProtocol}. An hourly report (34) gives twelve, a uniform report (31) as many as it lists. */
export const sl651: FieldProtocol = {
  yields: SL651_METRICS,
  read(b) {
    const frame = readSl651(b);
    if (isRejection(frame)) return frame;
    if (frame.down) return reject("frame_unsupported", "a frame of the centre, not of a station");
    if (frame.function === PICTURE) return reject("frame_unsupported", "pictures (function 36) are not supported");
    if (frame.packets > 1 || frame.packet > 1)
      return reject("frame_unsupported", `packet ${frame.packet} of ${frame.packets}: split reports are not supported`);
    if (frame.function === KEEP_ALIVE) return [{ ts: frame.sentAt, values: [] }];
    if (MANUAL.has(frame.function)) return readManual(b, frame);
    if (REPORTS.has(frame.function)) return new ReportReader(b, frame).read();
    return reject("frame_unsupported", `function ${frame.function.toString(16).toUpperCase()} is not supported`);
  },
};

class ReportReader {
  readonly #b: Uint8Array;
  readonly #frame: Sl651Frame;
  readonly #to: number;
  #at: number;
  #samples: OpenSample[] = [];
  /** the time that following elements belong to */
  #observed: number;
  /** time step of a uniform report, ms */
  #step = 0;

  constructor(b: Uint8Array, frame: Sl651Frame) {
    this.#b = b;
    this.#frame = frame;
    this.#at = frame.from;
    this.#to = frame.to;
    this.#observed = frame.sentAt;
  }

  read(): Sample[] | Rejection {
    this.#station();
    let open: OpenSample | null = null;
    while (this.#at < this.#to) {
      const id = this.#b[this.#at];
      if (this.#to - this.#at < 2) return short(id);
      let problem: Rejection | null;
      if (id === 0xf0) {
        problem = this.#time();
        open = null;
      } else if (HOURLY.has(id)) problem = this.#hourly(id);
      else {
        if (id > 0xf1 && id !== 0xff) return reject("frame_unsupported", `element ${hex(id)} is not supported`);
        open ??= this.#sample(this.#observed);
        problem = this.#element(id, open);
      }
      if (problem !== null) return problem;
    }
    if (this.#samples.length === 0) this.#sample(this.#observed);
    const [first] = this.#samples;
    // of an hourly report the single values (total, battery) are as new as its newest value
    if (this.#samples.length > 1 && first === open && this.#frame.function === 0x34) this.#foldIntoNewest(first);
    return this.#samples.sort((a, b) => a.ts - b.ts);
  }

  /** F1F1, address, and the class of the station, which some answers leave out. */
  #station(): void {
    const b = this.#b;
    const at = this.#at;
    if (at + 7 > this.#to || b[at] !== 0xf1 || b[at + 1] !== 0xf1) return;
    this.#at += 7;
    if (at + 10 <= this.#to && b[at + 8] === 0xf0 && b[at + 9] === 0xf0) this.#at++;
  }

  #time(): Rejection | null {
    if (this.#at + 7 > this.#to) return short(0xf0);
    this.#observed = bcdTime(this.#b, this.#at + 2, false, false, beijing);
    this.#at += 7;
    return null;
  }

  /** Table 36: the observation time is that of the first value. The sizes are fixed; stations state others and mean these. */
  #hourly(id: number): Rejection | null {
    const { size, divisor, metric } = HOURLY.get(id)!;
    if (Number.isNaN(this.#observed)) return reject("time_invalid", "an hourly list without observation time");
    if (this.#at + 2 + size * HOURLY_COUNT > this.#to) return short(id);
    for (let i = 0; i < HOURLY_COUNT && metric !== ""; i++) {
      const at = this.#at + 2 + i * size;
      const raw = size === 1 ? this.#b[at] : (this.#b[at] << 8) | this.#b[at + 1];
      const missing = raw === (size === 1 ? 0xff : 0xffff);
      this.#sample(this.#observed + i * HOURLY_STEP_MS).values.push([metric, missing ? null : raw / divisor]);
    }
    this.#at += 2 + size * HOURLY_COUNT;
    return null;
  }

  #element(id: number, sample: OpenSample): Rejection | null {
    // FF is followed by an identifier of the user's own
    const head = id === 0xff ? 3 : 2;
    if (this.#at + head > this.#to) return short(id);
    const definition = this.#b[this.#at + head - 1];
    const length = definition >> 3;
    const decimals = definition & 7;
    let at = this.#at + head;
    if (at + length > this.#to) return short(id);
    this.#at = at + length;
    if (id === 0xff || id === 0xf1) return null;
    if (id === 0x04) this.#step = readStep(this.#b, at, length);
    else if (id === 0x45) pushStatus(this.#b, at, length, sample.values);
    else {
      const element = ELEMENTS.get(id);
      if (this.#frame.function !== UNIFORM) {
        if (element !== undefined)
          sample.values.push([element.metric, scale(this.#b, at, length, decimals, element.factor)]);
        return null;
      }
      // 6.6.4.4: the identifier stands once, values follow to the end
      if (this.#step === 0 || length === 0) return reject("frame_selector", "a uniform report without time step");
      if (Number.isNaN(this.#observed)) return reject("time_invalid", "a uniform report without observation time");
      if ((this.#to - at) / length > MAX_VALUES)
        return reject("frame_trailing", `more than ${MAX_VALUES} values of a uniform report`);
      for (let i = 0; at + length <= this.#to; i++, at += length) {
        if (element === undefined) continue;
        const value = scale(this.#b, at, length, decimals, element.factor);
        this.#sample(this.#observed + i * this.#step).values.push([element.metric, value]);
      }
      this.#at = this.#to;
      if (at !== this.#to) return short(id);
    }
    return null;
  }

  /** The sample of this time, opened if it is the first to speak of it. */
  #sample(ts: number): OpenSample {
    let sample = this.#samples.find((s) => Object.is(s.ts, ts));
    if (sample === undefined) this.#samples.push((sample = { ts, values: [] }));
    return sample;
  }

  #foldIntoNewest(first: OpenSample): void {
    const newest = this.#samples[this.#samples.length - 1];
    const lists = new Set([...HOURLY.values()].map((list) => list.metric));
    newest.values.push(...first.values.filter(([metric]) => !lists.has(metric)));
    first.values = first.values.filter(([metric]) => lists.has(metric));
  }
}

/** @returns the value, null where the station says that it has none */
function scale(b: Uint8Array, at: number, length: number, decimals: number, factor: number): number | null {
  const raw = readBcd(b, at, length);
  if (Number.isNaN(raw)) return null;
  // one division: 10490 / 1000 is 10.49, while 10.49 * 1000 need not be 10490
  const divisor = 10 ** decimals / (factor < 1 ? factor : 1);
  return factor > 1 ? (raw * factor) / divisor : raw / Math.round(divisor);
}

/** Days, hours, minutes of a time step, ms; 0 = none. */
function readStep(b: Uint8Array, at: number, length: number): number {
  if (length !== 3) return 0;
  const [days, hours, minutes] = [0, 1, 2].map((i) => readBcd(b, at + i, 1));
  const ms = ((days * 24 + hours) * 60 + minutes) * 60_000;
  return Number.isNaN(ms) ? 0 : ms;
}

function pushStatus(b: Uint8Array, at: number, length: number, values: SampleValue[]): void {
  if (length < 2) return;
  const word = (b[at + length - 2] << 8) | b[at + length - 1];
  for (const { bits, metric, inverted = false } of STATUS_BITS)
    values.push([metric, ((word & bits) !== 0) !== inverted]);
}

function readManual(b: Uint8Array, frame: Sl651Frame): Sample[] | Rejection {
  for (let at = frame.from; at + 1 < frame.to; at++) {
    if (b[at] !== 0xf2 || b[at + 1] !== 0xf2) continue;
    const text = Buffer.from(b.subarray(at + 2, frame.to))
      .toString("latin1")
      .replace(/[^ -~]/g, "?")
      .trim();
    return [{ ts: frame.sentAt, values: [[MANUAL_REPORT, text.slice(0, 1024)]] }];
  }
  return reject("frame_short", "no F2F2 before the entered text");
}

function short(id: number): Rejection {
  return reject("frame_short", `element ${hex(id)} ends beyond the body`);
}

function hex(x: number): string {
  return x.toString(16).toUpperCase().padStart(2, "0");
}
