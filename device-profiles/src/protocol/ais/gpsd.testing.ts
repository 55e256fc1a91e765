import { spawnSync } from "node:child_process";
import { isDeepStrictEqual } from "node:util";
import { AisAssembler } from "./assembler.ts";
import { decodeAis } from "./decode.ts";
import type { AisFault } from "./fault.ts";

// Random messages of every type for the comparison with gpsd's decoder, written without the codec's own encoder.

export type Random = (below: number) => number;
/** What a decoder prints for one message. */
export type Printed = Readonly<Record<string, unknown>>;

/** xorshift32: the same messages on every machine. */
export function randomOf(seed: number): Random {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

const ARMOUR = "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw";
const TALKERS = ["AI", "AI", "AI", "AB", "AN", "AR", "BS", "SA"];
/** bits of the messages met most, by type */
const LENGTHS: readonly (readonly number[])[] = [
  [168], // 0 does not exist
  ...[[168], [168], [168], [168], [422, 424, 426], [88, 136, 168, 232, 248], [72, 104, 136, 168], [56, 168, 256, 360]],
  ...[[168], [72], [168], [72, 240], [72, 104], [40, 200], [88, 110, 112, 160], [96, 144], [80, 120, 400], [168]],
  ...[[312], [72, 104, 136, 160], [272, 280, 360], [168], [160], [160, 168], [40, 128, 168], [60, 200, 500], [96, 168]],
];
/** type, dac, fid of the payloads that gpsd 3.22 gives fields and prints as JSON */
const PAYLOADS: readonly (readonly [type: number, dac: number, fid: number])[] = [
  ...[12, 14, 15, 16, 18, 20, 25, 28, 30, 32].map((fid) => [6, 1, fid] as const),
  ...[21, 22, 55].map((fid) => [6, 200, fid] as const),
  ...[235, 250].map((dac) => [6, dac, 10] as const),
  ...[11, 13, 15, 16, 17, 27, 29, 31].map((fid) => [8, 1, fid] as const),
  ...[10, 23, 24, 40].map((fid) => [8, 200, fid] as const),
];
const PAYLOAD_LENGTHS = [72, 128, 136, 168, 192, 232, 248, 256, 344, 350, 360];

const binary = (value: number, width: number) => value.toString(2).padStart(width, "0");

/** One message of a random type, length and content: its sentences. */
export function randomMessage(random: Random, sequence: number): string[] {
  const content = random(4);
  const fill = (bits: number) => {
    let out = "";
    while (out.length < bits) out += content === 0 ? "0" : content === 1 ? "01"[+(random(5) === 0)] : "01"[random(2)];
    return out;
  };
  const payload = random(2) === 0 ? PAYLOADS[random(PAYLOADS.length)] : null;
  const type = payload?.[0] ?? random(28);
  let length = LENGTHS[type][random(LENGTHS[type].length)] + (random(3) === 0 ? random(17) - 8 : 0);
  if (random(4) === 0) length = random(random(4) === 0 ? 1000 : 450);
  let bits = binary(type, 6) + fill(32);
  if (payload !== null) {
    bits += fill(type === 6 ? 34 : 2) + binary(payload[1], 10) + binary(payload[2], 6);
    if (random(2) === 0) length = PAYLOAD_LENGTHS[random(PAYLOAD_LENGTHS.length)];
  }
  return sentencesOf((bits + fill(length - bits.length)).slice(0, Math.max(38, length)), random, sequence);
}

function sentencesOf(bits: string, random: Random, sequence: number): string[] {
  const fill = (6 - (bits.length % 6)) % 6;
  const padded = bits + "0".repeat(fill);
  let payload = "";
  for (let i = 0; i < padded.length; i += 6) payload += ARMOUR[Number.parseInt(padded.slice(i, i + 6), 2)];
  const size = Math.max(Math.ceil(payload.length / 9), [20, 56, 60, 60][random(4)]);
  const total = Math.ceil(payload.length / size);
  const head = TALKERS[random(TALKERS.length)] + (random(20) === 0 ? "VDO" : "VDM");
  const channel = "AB"[random(2)];
  return Array.from({ length: total }, (_, i) => {
    const last = i === total - 1;
    const piece = payload.slice(i * size, (i + 1) * size);
    const body = `${head},${total},${i + 1},${total > 1 ? sequence % 10 : ""},${channel},${piece},${last ? fill : 0}`;
    let sum = 0;
    for (let k = 0; k < body.length; k++) sum ^= body.charCodeAt(k);
    const hex = sum.toString(16).padStart(2, "0");
    return `!${body}*${random(8) === 0 ? hex : hex.toUpperCase()}`;
  });
}

/** What our decoder makes of one message's sentences. */
export function decoded(lines: readonly string[]): Printed | AisFault | "none" | "part" | null {
  const assembler = new AisAssembler();
  const whole = lines.map((line) => assembler.push(line, "", 0)).at(-1);
  if (whole == null) return assembler.last;
  return decodeAis(whole.bits);
}

/** The program's version, "" where it is not installed. */
export function gpsdVersion(): string {
  const { error, stdout, stderr } = spawnSync("gpsdecode", ["-V"], { encoding: "utf8" });
  return error === undefined ? (/revision ([\d.]+)/.exec(stdout + stderr)?.[1] ?? "") : "";
}

/** What gpsdecode prints for each message: an object, "unreadable" where that is no JSON, null where it prints nothing. */
export function gpsdecoded(messages: readonly (readonly string[])[]): (Printed | "unreadable" | null)[] {
  const ends = new Map<number, number>();
  const lines: string[] = [];
  for (const [i, message] of messages.entries()) ends.set(lines.push(...message) - 1, i);
  const input = `${lines.join("\r\n")}\r\n`;
  const run = spawnSync("gpsdecode", ["-v", "-j", "-s", "-u"], { input, maxBuffer: 1 << 29, encoding: "latin1" });
  const out: (Printed | "unreadable" | null)[] = messages.map(() => null);
  // -v repeats each sentence before what it gave
  let at = -1;
  for (const printed of run.stdout.split(/\r*\n/)) {
    if (printed.startsWith("!")) {
      const next = lines.indexOf(printed, at + 1);
      if (next >= 0) at = next;
      continue;
    }
    const message = ends.get(at);
    if (message !== undefined && printed !== "") out[message] = readJson(printed);
  }
  return out;
}

function readJson(text: string): Printed | "unreadable" {
  try {
    return JSON.parse(text) as Printed;
  } catch {
    return "unreadable";
  }
}

/** Where gpsd 3.22 is not followed. "*" = every field may differ, none may be missing. */
const FAULTS: readonly { readonly field: string; readonly of: (message: Printed, bits: number) => boolean }[] = [
  // printed as 0 without being read
  { field: "radio", of: (m) => m.type === 26 },
  // read at bits 56 and 55 of the header; never read in type 8
  { field: "airdraught", of: (m) => is(m, 6, 1, 15) },
  { field: "persons", of: (m) => is(m, 6, 1, 16) || is(m, 8, 1, 16) },
  // the kind of weather stands in the place of the message's type; day, hour and minute of the begin are mixed up
  { field: "type", of: (m) => is(m, 8, 200, 23) },
  { field: "start", of: (m) => is(m, 8, 200, 23) },
  // quotes and backslashes of texts are printed as they are
  { field: "*", of: (m) => is(m, 6, 200, 21) || is(m, 6, 200, 22) || is(m, 8, 200, 24) },
  // a 35th character of the name overwrites what stands behind it
  { field: "*", of: (m, bits) => m.type === 21 && bits > 361 },
];

const is = (m: Printed, type: number, dac: number, fid: number) => m.type === type && m.dac === dac && m.fid === fid;

/** Names of the fields that differ, apart from gpsd's faults; texts for codes are not ours. */
export function differences(ours: Printed, gpsd: Printed, bits: number): string[] {
  const known = FAULTS.filter(({ of }) => of(ours, bits)).map(({ field }) => field);
  const tolerant = known.includes("*");
  return Object.keys(gpsd).filter((name) => {
    if (["class", "device", "scaled"].includes(name) || name.endsWith("_text") || known.includes(name)) return false;
    if (tolerant && ours[name] !== undefined) return false;
    return !isDeepStrictEqual(ours[name], withoutTexts(gpsd[name]));
  });
}

/** Items of a list without their texts for codes. */
export function withoutTexts(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((item: object) =>
    Object.fromEntries(Object.entries(item).filter(([name]) => !name.endsWith("_text"))),
  );
}

/** Bits of a message by its sentences. */
export function bitsOf(lines: readonly string[]): number {
  const parts = lines.map((line) => line.split(","));
  return parts.reduce((sum, part) => sum + part[5].length * 6, 0) - Number(parts.at(-1)?.[6][0]);
}
