import type { CompiledProfile } from "../../device-profiles/src/compiled.ts";
import { crc16Modbus } from "../../device-profiles/src/codec/check.ts";
import { bcdTime } from "../../device-profiles/src/codec/time.ts";
import { loadProfiles, loadText } from "../../device-profiles/src/load.ts";
import { RecordBuffer } from "../../device-profiles/src/reading.ts";
import { scriptBench } from "./script.ts";

const COUNT = 300_000;
const ROUNDS = 5;
const VARIANTS = 64;

/** A decoder of frames or records; false = refused. */
type Decode<T> = (input: T, out: RecordBuffer) => boolean;

/**
 * Decodes a second of each technique, as compiled from a profile, against a function written by hand for the same frame that checks
 * the same things. `share` = compiled / by hand.
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
    (b, out) =>
      p.decodeFrame(b, 0, out) === null;
  const hydrant = profile("generic/hydrant-nb");
  const level = profile("milesight/em500-swl");
  const ctd = profile("decentlab/dl-ctd10");
  const values = threeMetrics();
  const gauge = profile("generic/flood-gauge-json");
  return {
    fixed: compare(frames(hydrantFrame), frame(hydrant), hydrantByHand),
    tlv: compare(frames(tlvFrame), frame(level), tlvByHand),
    bitmap: compare(frames(ctdFrame), frame(ctd), ctdByHand),
    json: compare(records(), (m, out) => values.decodeJson(m, out) === null, recordByHand),
    json_by_path: compare(records(), (m, out) => gauge.decodeJson(m, out) === null, recordByHand),
    script: await scriptBench(),
  };
}

/** Rounds alternate, so that a change of the machine's speed meets both. */
function compare<T>(inputs: readonly T[], compiled: Decode<T>, byHand: Decode<T>): object {
  const out = new RecordBuffer();
  for (const input of inputs)
    if (!compiled(input, out) || !byHand(input, out)) throw new Error("a benchmark frame was refused");
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

function rate<T>(inputs: readonly T[], decode: Decode<T>, out: RecordBuffer): number {
  const began = performance.now();
  let refused = 0;
  for (let i = 0; i < COUNT; i++) if (!decode(inputs[i % VARIANTS], out)) refused++;
  const seconds = (performance.now() - began) / 1000;
  if (refused > 0) throw new Error(`${refused} frames were refused`);
  return COUNT / seconds;
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

function hydrantByHand(b: Uint8Array, out: RecordBuffer): boolean {
  out.reset();
  if (b.length !== 16 || b[0] !== 0x68 || b[1] !== 1) return false;
  if ((b[14] | (b[15] << 8)) !== crc16Modbus(b, 0, 14)) return false;
  const pressure = (b[2] << 8) | b[3];
  if (pressure === 0xffff) out.push(0, Number.NaN, 2);
  else out.push(0, pressure / 1000, pressure > 2500 ? 1 : 0);
  const tilt = (((b[4] << 24) >> 16) | b[5]) / 10;
  out.push(1, tilt, tilt < -180 || tilt > 180 ? 1 : 0);
  out.push(2, b[6] & 1, 0);
  out.push(3, b[7] / 50, 0);
  out.ts = bcdTime(b, 8, false, true, () => 28_800_000);
  return true;
}

function tlvFrame(i: number): Buffer {
  return Buffer.of(0x01, 0x75, 90, 0x03, 0x77, i, 1);
}

function tlvByHand(b: Uint8Array, out: RecordBuffer): boolean {
  out.reset();
  let p = 0;
  while (p < b.length) {
    const id = (b[p] << 8) | b[p + 1];
    if (id === 0x0175 && p + 3 <= b.length) {
      out.push(0, b[p + 2], b[p + 2] > 100 ? 1 : 0);
      p += 3;
    } else if (id === 0x0377 && p + 4 <= b.length) {
      const raw = b[p + 2] | (b[p + 3] << 8);
      out.push(1, raw === 0xffff ? Number.NaN : raw / 100, raw === 0xffff ? 2 : raw > 1000 ? 1 : 0);
      p += 4;
    } else return false;
  }
  return p > 0;
}

function ctdFrame(i: number): Buffer {
  return Buffer.of(2, 0, 42, 0, 3, 0x83, i, 0x80, 0xd2, 1, 0xf4, 0, 0, 0x0b, 0xb8);
}

function ctdByHand(b: Uint8Array, out: RecordBuffer): boolean {
  out.reset();
  if (b.length < 5 || b[0] !== 2) return false;
  const mask = (b[3] << 8) | b[4];
  let p = 5;
  if (mask & 1) {
    if (p + 8 > b.length) return false;
    const depth = (((b[p] << 8) | b[p + 1]) - 32768) / 1000;
    const temperature = (((b[p + 2] << 8) | b[p + 3]) - 32768) / 10;
    out.push(0, depth, depth < -0.1 || depth > 20 ? 1 : 0);
    out.push(1, temperature, temperature < -11 || temperature > 60 ? 1 : 0);
    out.push(2, (b[p + 4] << 8) | b[p + 5], 0);
    out.push(3, ((b[p + 6] << 8) | b[p + 7]) === 0 ? 0 : 1, 0);
    p += 8;
  }
  if (mask & 2) {
    if (p + 2 > b.length) return false;
    out.push(4, ((b[p] << 8) | b[p + 1]) / 1000, 0);
    p += 2;
  }
  return p === b.length;
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

function recordByHand(m: Readonly<Record<string, unknown>>, out: RecordBuffer): boolean {
  out.reset();
  const { water_level: level, rain, battery } = m;
  if (level !== undefined) {
    if (typeof level !== "number" || !Number.isFinite(level)) return false;
    out.push(0, level, level < -50 || level > 9000 ? 1 : 0);
  }
  if (rain !== undefined) {
    if (typeof rain !== "number" || !Number.isFinite(rain)) return false;
    out.push(1, rain, rain < 0 || rain > 500 ? 1 : 0);
  }
  if (battery !== undefined) {
    if (typeof battery !== "number" || !Number.isFinite(battery)) return false;
    out.push(2, battery, battery < 0 || battery > 60 ? 1 : 0);
  }
  return out.n > 0;
}
