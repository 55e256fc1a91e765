import { execFileSync, spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import type { Position } from "../../device-profiles/src/reading.ts";
import { AisAssembler } from "../../device-profiles/src/protocol/ais/assembler.ts";
import { decodeAis } from "../../device-profiles/src/protocol/ais/decode.ts";
import { encodeAis } from "../../device-profiles/src/protocol/ais/encode.ts";
import { decodeAisFrame } from "../../device-profiles/src/protocol/ais/frame.ts";

const SENTENCES = 200_000;
const ROUNDS = 5;

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

/** gpsd's own decoder as a program, its start and its output included; null where it is not installed. */
function gpsdecodeRate(lines: readonly string[]): number | null {
  if (spawnSync("gpsdecode", ["-V"]).error !== undefined) return null;
  const input = lines.join("\r\n") + "\r\n";
  return rate(lines.length, () =>
    execFileSync("gpsdecode", ["-j", "-u"], { input, maxBuffer: 1 << 29, stdio: ["pipe", "pipe", "ignore"] }),
  );
}

/** Best of several rounds, a second. */
function rate(count: number, work: () => void): number {
  let best = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const began = performance.now();
    work();
    best = Math.max(best, count / ((performance.now() - began) / 1000));
  }
  return Math.round(best);
}

/** Sentences a second on one core of assembling, decoding to a full message, and the hub's way from frame to position. */
export async function aisBench(): Promise<object> {
  const lines = traffic();
  const messages = frames(lines);
  const base = rate(lines.length, () => baseline(lines));
  const assembled = rate(lines.length, () => {
    const assembler = new AisAssembler();
    for (const line of lines) assembler.push(line, "", 0);
  });
  const fully = (take: (message: object) => void) => () => {
    const assembler = new AisAssembler();
    for (const line of lines) {
      const whole = assembler.push(line, "", 0);
      if (whole === null) continue;
      take(decodeAis(whole.bits) as object);
    }
  };
  const full = rate(
    lines.length,
    fully(() => {}),
  );
  // with the JSON that gpsdecode prints, too
  let printed = 0;
  const json = rate(
    lines.length,
    fully((message) => (printed += JSON.stringify(message).length)),
  );
  const other = rate(lines.length, () => otherDecoder(lines));
  const gpsdecode = gpsdecodeRate(lines);
  const positions: Position[] = [];
  const hub = rate(lines.length, () => {
    for (const frame of messages) {
      // a turn of the hub takes some hundred messages; keeping all would measure the collector
      if (positions.length > 500) positions.length = 0;
      decodeAisFrame(frame, 0, positions);
    }
  });
  const ratio = (value: number) => Number((value / base).toFixed(2));
  return {
    sentences: lines.length,
    baselinePerS: base,
    assemblePerS: assembled,
    assembleRatio: ratio(assembled),
    decodePerS: full,
    decodeRatio: ratio(full),
    frameToPositionPerS: hub,
    frameToPositionRatio: ratio(hub),
    ggencoderPerS: other,
    decodeAgainstGgencoder: Number((full / other).toFixed(1)),
    positionAgainstGgencoder: Number((1 / (1 / assembled + 1 / hub) / other).toFixed(1)),
    jsonPerS: json,
    gpsdecodePerS: gpsdecode,
    jsonAgainstGpsdecode: gpsdecode === null ? null : Number((json / gpsdecode).toFixed(2)),
  };
}
