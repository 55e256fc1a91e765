import type { CompiledProfile } from "../../device-profiles/src/compiled.ts";
import { crc16Modbus } from "../../device-profiles/src/codec/check.ts";
import { bcdTime } from "../../device-profiles/src/codec/time.ts";
import { loadProfiles, loadText } from "../../device-profiles/src/load.ts";
import { RecordBuffer } from "../../device-profiles/src/reading.ts";
import { reject, type Rejection } from "../../device-profiles/src/rejection.ts";
import { scriptBench } from "./script.ts";

const COUNT = 300_000;
const ROUNDS = 5;
/** CPU time of a round, µs */
const LEAST_US = 200_000;
const VARIANTS = 64;
const PORT = 85;

/** A decoder of frames or records of a port. */
type Decode<T> = (input: T, port: number, out: RecordBuffer) => Rejection | null;

/**
 * Decodes a second of each technique, as compiled from a profile, against a function written by hand for the same frame: the same
 * arguments, the same checks (port, markers, length, check bytes, sentinels, ranges), the same metric, value and flag of each reading
 * into the same buffer, which is compared before the race. `share` = compiled / by hand.
 */
export async function codecBench(): Promise<object> {
  const { profiles } = loadProfiles([`${import.meta.dirname}/../../device-profiles/profiles`]);
  const profile = (id: string): CompiledProfile => {
    const found = profiles.get(id);
    if (found === undefined) throw new Error(`profile ${id} is not loaded`);
    return found;
  };
  const frame =
    (p: CompiledProfile): Decode<Uint8Array> =>
    (b, port, out) =>
      p.decodeFrame(b, port, out);
  const hydrant = profile("generic/hydrant-nb");
  const level = profile("milesight/em500-swl");
  const ctd = profile("decentlab/dl-ctd10");
  const logger = profile("generic/level-logger");
  const values = threeMetrics();
  const gauge = profile("generic/flood-gauge-json");
  return {
    fixed: compare(frames(hydrantFrame), frame(hydrant), hydrantByHand),
    tlv: compare(frames(tlvFrame), frame(level), tlvByHand),
    bitmap: compare(frames(ctdFrame), frame(ctd), ctdByHand),
    fixed_history: compare(frames(loggerFrame), frame(logger), loggerByHand),
    json: compare(records(), (m, _, out) => values.decodeJson(m, out), recordByHand),
    json_by_path: compare(records(), (m, _, out) => gauge.decodeJson(m, out), gaugeByHand),
    script: await scriptBench(),
  };
}

/** Seconds of this thread, in short rounds in turn, the best of each: what else the machine does spoils few of them. */
function compare<T>(inputs: readonly T[], compiled: Decode<T>, byHand: Decode<T>): object {
  const out = new RecordBuffer();
  for (const input of inputs) {
    if (compiled(input, PORT, out) !== null) throw new Error("a benchmark frame was refused");
    const expected = content(out);
    if (byHand(input, PORT, out) !== null) throw new Error("a benchmark frame was refused by hand");
    if (content(out) !== expected) throw new Error(`by hand ${content(out)}, compiled ${expected}`);
  }
  let best = 0;
  let bestByHand = 0;
  for (let i = 0; i < ROUNDS; i++) {
    best = Math.max(best, rate(inputs, compiled, out));
    bestByHand = Math.max(bestByHand, rate(inputs, byHand, out));
  }
  return {
    decodes_per_s: Math.round(best),
    by_hand_per_s: Math.round(bestByHand),
    share: Number((best / bestByHand).toFixed(2)),
  };
}

function content({ n, ts, metric, num, text, quality, past, pasts }: RecordBuffer): string {
  const values = Array.from({ length: n }, (_, i) => [metric[i], num[i], text[i], quality[i]].join(" "));
  return [ts, ...values, ...past.slice(0, pasts).map(content)].join(", ");
}

function rate<T>(inputs: readonly T[], decode: Decode<T>, out: RecordBuffer): number {
  const began = process.threadCpuUsage();
  let refused = 0;
  let done = 0;
  let used = 0;
  // The clock of a thread may move in steps of ten milliseconds.
  while (used < LEAST_US) {
    for (let i = 0; i < COUNT; i++) if (decode(inputs[i % VARIANTS], PORT, out) !== null) refused++;
    done += COUNT;
    const { user, system } = process.threadCpuUsage(began);
    used = user + system;
  }
  if (refused > 0) throw new Error(`${refused} frames were refused`);
  return (done * 1e6) / used;
}

function frames(make: (i: number) => Buffer): Uint8Array[] {
  return Array.from({ length: VARIANTS }, (_, i) => make(i));
}

function hydrantFrame(i: number): Buffer {
  const b = Buffer.from("6801011800 0a00b4 251122100000 0000".replaceAll(" ", ""), "hex");
  b.writeUInt16BE(200 + i, 2);
  b.writeUInt16LE(crc16Modbus(b, 0, 14), 14);
  return b;
}

function hydrantByHand(b: Uint8Array, _port: number, out: RecordBuffer): Rejection | null {
  out.reset();
  if (b.length < 16) return reject("frame_short", `${b.length} bytes`);
  if (b[0] !== 0x68) return reject("frame_marker", `byte 0 is ${b[0]}`);
  if (b.length > 16) return reject("frame_trailing", `${b.length} bytes`);
  const check = crc16Modbus(b, 0, 14);
  if ((b[14] | (b[15] << 8)) !== check) return reject("frame_check", `computed ${check}`);
  if (b[1] !== 1) return reject("frame_selector", `the type is ${b[1]}`);
  const pressure = (b[2] << 8) | b[3];
  if (pressure === 0xffff) out.push(0, Number.NaN, 2);
  else out.push(0, pressure / 1000, pressure > 2500 ? 1 : 0);
  const tilt = (((b[4] << 24) >> 16) | b[5]) / 10;
  out.push(1, tilt, tilt < -180 || tilt > 180 ? 1 : 0);
  out.push(2, b[6] & 1, 0);
  const battery = b[7] / 50;
  out.push(3, battery, battery < 0 || battery > 60 ? 1 : 0);
  out.ts = bcdTime(b, 8, false, true, () => 28_800_000);
  if (out.ts !== out.ts) {
    out.ts = 0;
    for (let i = 0; i < out.n; i++) out.quality[i] |= 16;
  }
  return null;
}

function tlvFrame(i: number): Buffer {
  return Buffer.of(0x01, 0x75, 90, 0x03, 0x77, i, 1);
}

function tlvByHand(b: Uint8Array, port: number, out: RecordBuffer): Rejection | null {
  out.reset();
  if (port !== 0 && port !== 85) return reject("frame_selector", `port ${port}`);
  if (b.length === 0) return reject("frame_short", "no item");
  let p = 0;
  while (p < b.length) {
    if (p + 2 > b.length) return reject("frame_short", `cut off at byte ${p}`);
    const id = (b[p] << 8) | b[p + 1];
    if (id === 0x0175) {
      if (p + 3 > b.length) return reject("frame_short", `cut off at byte ${p}`);
      out.push(0, b[p + 2], b[p + 2] > 100 ? 1 : 0);
      p += 3;
    } else if (id === 0x0377) {
      if (p + 4 > b.length) return reject("frame_short", `cut off at byte ${p}`);
      const raw = b[p + 2] | (b[p + 3] << 8);
      if (raw === 0xffff) out.push(1, Number.NaN, 2);
      else out.push(1, raw / 100, raw > 1000 ? 1 : 0);
      p += 4;
    } else return reject("frame_selector", `item ${id}`);
  }
  return null;
}

function ctdFrame(i: number): Buffer {
  return Buffer.of(2, 0, 42, 0, 3, 0x83, i, 0x80, 0xd2, 1, 0xf4, 0, 0, 0x0b, 0xb8);
}

function ctdByHand(b: Uint8Array, _port: number, out: RecordBuffer): Rejection | null {
  out.reset();
  if (b.length < 5) return reject("frame_short", `${b.length} bytes`);
  if (b[0] !== 2) return reject("frame_marker", `byte 0 is ${b[0]}`);
  const mask = (b[3] << 8) | b[4];
  if (mask > 3) return reject("frame_selector", `mask ${mask}`);
  let p = 5;
  if (mask & 1) {
    if (p + 8 > b.length) return reject("frame_short", "group 0");
    const depth = (((b[p] << 8) | b[p + 1]) - 32768) / 1000;
    const temperature = (((b[p + 2] << 8) | b[p + 3]) - 32768) / 10;
    const conductivity = (b[p + 4] << 8) | b[p + 5];
    out.push(0, depth, depth < -0.1 || depth > 20 ? 1 : 0);
    out.push(1, temperature, temperature < -11 || temperature > 60 ? 1 : 0);
    out.push(2, conductivity, conductivity < 0 || conductivity > 120_000 ? 1 : 0);
    out.push(3, ((b[p + 6] << 8) | b[p + 7]) === 0 ? 0 : 1, 0);
    p += 8;
  }
  if (mask & 2) {
    if (p + 2 > b.length) return reject("frame_short", "group 1");
    const battery = ((b[p] << 8) | b[p + 1]) / 1000;
    out.push(4, battery, battery < 0 || battery > 60 ? 1 : 0);
    p += 2;
  }
  if (p === 5) return reject("frame_short", "no group");
  return p === b.length ? null : reject("frame_trailing", `${b.length - p} bytes`);
}

/** Eight samples of 4 bytes behind the present one. */
function loggerFrame(i: number): Buffer {
  const b = Buffer.alloc(47);
  b.set([0x4c, 0x01]);
  b.writeUInt32BE(1_763_776_800 + i, 2);
  b.writeUInt16BE(1200 + i, 6);
  b.writeInt16BE(142, 8);
  b.set([182, 15, 8], 10);
  for (let k = 0; k < 8; k++) {
    b.writeUInt16BE(1190 - k, 13 + 4 * k);
    b.writeInt16BE(140, 15 + 4 * k);
  }
  b.writeUInt16LE(crc16Modbus(b, 0, 45), 45);
  return b;
}

function loggerByHand(b: Uint8Array, _port: number, out: RecordBuffer): Rejection | null {
  out.reset();
  if (b.length < 15) return reject("frame_short", `${b.length} bytes`);
  if (b[0] !== 0x4c || b[1] !== 1) return reject("frame_marker", `begins with ${b[0]} ${b[1]}`);
  const limit = b.length - 2;
  const check = crc16Modbus(b, 0, limit);
  if ((b[limit] | (b[limit + 1] << 8)) !== check) return reject("frame_check", `computed ${check}`);
  const seconds = ((b[2] << 24) | (b[3] << 16) | (b[4] << 8) | b[5]) >>> 0;
  const ts = seconds < 946_684_800 || seconds >= 4_102_444_800 ? Number.NaN : seconds * 1000;
  loggedByHand(b, 6, out);
  const battery = b[10] / 50;
  out.push(2, battery, battery < 0 || battery > 60 ? 1 : 0);
  const interval = b[11] * 60_000;
  const count = b[12];
  if (13 + count * 4 > limit) return reject("frame_short", `${count} samples`);
  if (13 + count * 4 < limit) return reject("frame_trailing", `${count} samples`);
  out.ts = ts;
  for (let i = 0; i < count; i++) {
    const past = out.nextPast();
    loggedByHand(b, 13 + i * 4, past);
    past.ts = ts - (i + 1) * interval;
  }
  return null;
}

function loggedByHand(b: Uint8Array, p: number, out: RecordBuffer): void {
  const level = (b[p] << 8) | b[p + 1];
  if (level === 0xffff) out.push(0, Number.NaN, 2);
  else out.push(0, level / 1000, level > 20_000 ? 1 : 0);
  const raw = ((b[p + 2] << 24) >> 16) | b[p + 3];
  if (raw === -32768) out.push(1, Number.NaN, 2);
  else out.push(1, raw / 10, raw < -50 || raw > 600 ? 1 : 0);
}

/** As JSON.parse gives them: each record an object of its own. */
function records(): Readonly<Record<string, unknown>>[] {
  return Array.from({ length: VARIANTS }, (_, i) => {
    const value: unknown = JSON.parse(`{"water_level":${1 + i / 100},"rain":0.2,"battery":12.6}`);
    return value as Readonly<Record<string, unknown>>;
  });
}

function threeMetrics(): CompiledProfile {
  const { profile, problems } = loadText(
    `profile: v1
id: bench/three-metrics@1.0.0
kind: flood_gauge
title: {zh: 三个指标, en: three metrics}
transport: {uplink: telemetry}
metrics: {water_level: {}, rain: {}, battery: {}}
`,
    "three-metrics",
  );
  if (profile === null) throw new Error(problems.map((p) => p.message).join("; "));
  return profile.compiled;
}

/** By name, where the profile keeps the order of the record's keys: the fastest that a person would write. */
function recordByHand(m: Readonly<Record<string, unknown>>, _port: number, out: RecordBuffer): Rejection | null {
  out.reset();
  const level = m.water_level;
  if (typeof level === "number" && Number.isFinite(level)) out.push(0, level, level < -50 || level > 9000 ? 1 : 0);
  else if (level === null) out.push(0, Number.NaN, 2);
  else if (level !== undefined) return reject("value_invalid", "level");
  const rain = m.rain;
  if (typeof rain === "number" && Number.isFinite(rain)) out.push(1, rain, rain < 0 || rain > 500 ? 1 : 0);
  else if (rain === null) out.push(1, Number.NaN, 2);
  else if (rain !== undefined) return reject("value_invalid", "rain");
  const battery = m.battery;
  if (typeof battery === "number" && Number.isFinite(battery))
    out.push(2, battery, battery < 0 || battery > 60 ? 1 : 0);
  else if (battery === null) out.push(2, Number.NaN, 2);
  else if (battery !== undefined) return reject("value_invalid", "battery");
  return out.n > 0 ? null : reject("value_invalid", "no known key");
}

function gaugeByHand(m: Readonly<Record<string, unknown>>, _port: number, out: RecordBuffer): Rejection | null {
  out.reset();
  const level = m.water_level === undefined ? m.level : m.water_level;
  if (typeof level === "number" && Number.isFinite(level)) out.push(0, level, level < -20 || level > 100 ? 1 : 0);
  else if (level === null) out.push(0, Number.NaN, 2);
  else if (level !== undefined) return reject("value_invalid", "level");
  const rain = m.rain === undefined ? m.rain_mm : m.rain;
  if (typeof rain === "number" && Number.isFinite(rain)) out.push(1, rain, rain < 0 || rain > 500 ? 1 : 0);
  else if (rain === null) out.push(1, Number.NaN, 2);
  else if (rain !== undefined) return reject("value_invalid", "rain");
  const battery = m.battery === undefined ? m.battery_v : m.battery;
  if (typeof battery === "number" && Number.isFinite(battery))
    out.push(2, battery, battery < 0 || battery > 60 ? 1 : 0);
  else if (battery === null) out.push(2, Number.NaN, 2);
  else if (battery !== undefined) return reject("value_invalid", "battery");
  const rssi = m.rssi;
  if (typeof rssi === "number" && Number.isFinite(rssi)) out.push(3, rssi, rssi < -200 || rssi > 20 ? 1 : 0);
  else if (rssi === null) out.push(3, Number.NaN, 2);
  else if (rssi !== undefined) return reject("value_invalid", "rssi");
  const snr = m.snr;
  if (typeof snr === "number" && Number.isFinite(snr)) out.push(4, snr, snr < -40 || snr > 40 ? 1 : 0);
  else if (snr === null) out.push(4, Number.NaN, 2);
  else if (snr !== undefined) return reject("value_invalid", "snr");
  return out.n > 0 ? null : reject("value_invalid", "no known key");
}
