import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Position } from "../../device-profiles/src/reading.ts";
import { AisAssembler } from "../../device-profiles/src/protocol/ais/assembler.ts";
import { decodeAis } from "../../device-profiles/src/protocol/ais/decode.ts";
import { encodeAis } from "../../device-profiles/src/protocol/ais/encode.ts";
import { decodeAisFrame } from "../../device-profiles/src/protocol/ais/frame.ts";
import { SHARED_DATA } from "../support/require.ts";

const SENTENCES = 100_000;
const ROUNDS = 9;
/** CPU time of a round, µs: the clock of a thread may move in steps of ten milliseconds */
const LEAST_US = 200_000;
const LOGS = join(SHARED_DATA, "ais/nmea");

/** A shore station's mix: class A and B reports, static data in two parts and in halves. */
function traffic(): string[] {
  const lines: string[] = [];
  for (let i = 0; lines.length < SENTENCES; i++) {
    const mmsi = 412_000_000 + (i % 1168);
    const at = { mmsi, lon: 73_200_000 + i, lat: 18_000_000 - i, speed: i % 120, course: (i * 7) % 3600 };
    const channel = i % 2 === 0 ? "A" : "B";
    if (i % 12 === 0) lines.push(...encodeAis({ type: 5, mmsi, shipname: `BOAT ${i}` }, { channel, sequence: i % 10 }));
    else if (i % 12 === 1) lines.push(...encodeAis({ type: 24, part: "A", mmsi, shipname: `BOAT ${i}` }, { channel }));
    else lines.push(...encodeAis({ type: i % 3 === 0 ? 1 : 18, ...at }, { channel }));
  }
  return lines;
}

/** Sentences of real receivers, of every type; none where the logs are not there. */
function logged(): string[] {
  const names = existsSync(LOGS) ? readdirSync(LOGS).filter((name) => name.endsWith(".sentences")) : [];
  return names.flatMap((name) => readFileSync(join(LOGS, name), "latin1").trim().split(/\r?\n/));
}

/** What no decoder can avoid: split at the commas, check the checksum, expand the armour. */
function baseline(lines: readonly string[]): number {
  let sum = 0;
  for (const line of lines) {
    const parts = line.split(",");
    let check = 0;
    const star = line.lastIndexOf("*");
    for (let i = 1; i < star; i++) check ^= line.charCodeAt(i);
    if (check !== Number.parseInt(line.slice(star + 1), 16)) continue;
    for (let i = 0; i < parts[5].length; i++) sum += parts[5].charCodeAt(i) - 48;
  }
  return sum;
}

function frames(lines: readonly string[]): Buffer[] {
  const assembler = new AisAssembler();
  const out: Buffer[] = [];
  for (const line of lines) {
    const whole = assembler.push(line, "", 0);
    if (whole !== null) out.push(Buffer.from(whole.lines.join("\n"), "latin1"));
  }
  return out;
}

/** Every field of every message. @returns the messages' number */
function decodeAll(lines: readonly string[], take: (message: object) => void = () => {}): number {
  const assembler = new AisAssembler();
  let messages = 0;
  for (const line of lines) {
    const whole = assembler.push(line, "", 0);
    const message = whole === null ? null : decodeAis(whole.bits);
    if (typeof message !== "object" || message === null) continue;
    messages++;
    take(message);
  }
  return messages;
}

/** The part of ggencoder's interface that is used: a constructor that decodes, with a session that joins parts. */
type OtherDecoder = new (sentence: string, session: object) => { readonly valid: boolean };

/** Messages that the most used decoder on npm makes of the lines; its constructor decodes. */
function otherDecoder(lines: readonly string[]): number {
  const { AisDecode } = createRequire(import.meta.url)("ggencoder") as { AisDecode: OtherDecoder };
  const session = {};
  let valid = 0;
  for (const line of lines) if (new AisDecode(line, session).valid) valid++;
  return valid;
}

/** Sentences a second of CPU time of this thread in one round. */
function round(count: number, work: () => void): number {
  const began = process.threadCpuUsage();
  let done = 0;
  let used = 0;
  while (used < LEAST_US) {
    work();
    done += count;
    const { user, system } = process.threadCpuUsage(began);
    used = user + system;
  }
  return (done * 1e6) / used;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];
const short = (value: number) => Number(value.toFixed(2));

/** Both do the same lines in turn, round by round; the ratio is taken in each round. */
function race(lines: readonly string[]): object {
  const ours: number[] = [];
  const others: number[] = [];
  const messages = decodeAll(lines);
  const theirs = otherDecoder(lines);
  for (let i = 0; i < ROUNDS; i++) {
    ours.push(round(lines.length, () => decodeAll(lines)));
    others.push(round(lines.length, () => otherDecoder(lines)));
  }
  const ratios = ours.map((rate, i) => rate / others[i]);
  return {
    sentences: lines.length,
    messages,
    ggencoderMessages: theirs,
    decodePerS: Math.round(median(ours)),
    ggencoderPerS: Math.round(median(others)),
    decodeAgainstGgencoder: short(median(ratios)),
    decodeAgainstGgencoderMin: short(Math.min(...ratios)),
    decodeAgainstGgencoderMax: short(Math.max(...ratios)),
  };
}

/** gpsd's own decoder as a program, its start and output included, and the same lines to JSON here, in turn; wall clock. */
function againstProgram(lines: readonly string[]): object {
  const ours: number[] = [];
  const theirs: number[] = [];
  const installed = spawnSync("gpsdecode", ["-V"]).error === undefined;
  const input = lines.join("\r\n") + "\r\n";
  let printed = 0;
  const timed = (work: () => void) => {
    const began = performance.now();
    work();
    return (lines.length * 1000) / (performance.now() - began);
  };
  for (let i = 0; i < 5; i++) {
    ours.push(timed(() => decodeAll(lines, (message) => (printed += JSON.stringify(message).length))));
    if (installed)
      theirs.push(
        timed(() =>
          execFileSync("gpsdecode", ["-j", "-u"], { input, maxBuffer: 1 << 29, stdio: ["pipe", "pipe", "ignore"] }),
        ),
      );
  }
  return {
    jsonPerS: Math.round(median(ours)),
    gpsdecodePerS: installed ? Math.round(median(theirs)) : null,
    jsonAgainstGpsdecode: installed ? short(median(ours.map((rate, i) => rate / theirs[i]))) : null,
  };
}

/** Sentences a second on one core of assembling, decoding to a full message, and the hub's way from frame to position. */
export async function aisBench(): Promise<object> {
  const lines = traffic();
  const real = logged();
  const messages = frames(lines);
  const rate = (work: () => void) => median(Array.from({ length: 3 }, () => round(lines.length, work)));
  const base = rate(() => baseline(lines));
  const assembled = rate(() => {
    const assembler = new AisAssembler();
    for (const line of lines) assembler.push(line, "", 0);
  });
  const positions: Position[] = [];
  const hub = rate(() => {
    for (const frame of messages) {
      // a turn of the hub takes some hundred messages; keeping all would measure the collector
      if (positions.length > 500) positions.length = 0;
      decodeAisFrame(frame, 0, positions);
    }
  });
  return {
    ...race(lines),
    baselinePerS: Math.round(base),
    assemblePerS: Math.round(assembled),
    assembleRatio: short(assembled / base),
    frameToPositionPerS: Math.round(hub),
    frameToPositionRatio: short(hub / base),
    ...againstProgram(lines),
    logs: real.length === 0 ? null : race(real),
  };
}
