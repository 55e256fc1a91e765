import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { requireOrSkip, SHARED_DATA } from "../../../../test/support/require.ts";
import { AisAssembler } from "./assembler.ts";
import { type AisMessage, decodeAis } from "./decode.ts";
import { decodeAisFrame } from "./frame.ts";
import { withoutTexts } from "./gpsd.testing.ts";
import type { Position } from "../../reading.ts";

// Every reference log, sentence by sentence, against the decodings of gpsd (unscaled).
const DATA = join(SHARED_DATA, "ais");
const FOLDERS = ["nmea", "copyleft-nmea", "go-ais-by-type"];
const why = requireOrSkip("the AIS reference logs (../shared/data/ais)", { path: DATA });
/** gpsd's own: what it is, texts for codes, a part A joined to a part B, a radio state that it never reads in type 26 */
const NOT_OURS = new Set(["class", "device", "scaled"]);
/** gpsd reads the persons on board of an addressed message out of its header: ours has another name */
const MISREAD = new Set(["persons"]);

interface Decoded {
  readonly message: AisMessage;
  readonly frame: string;
}

function decodeLog(file: string): Map<number, Decoded> {
  const assembler = new AisAssembler();
  const decoded = new Map<number, Decoded>();
  for (const [i, line] of readFileSync(file, "latin1").split("\n").entries()) {
    const whole = assembler.push(line, "log", i * 20);
    if (whole === null) continue;
    const message = decodeAis(whole.bits);
    if (typeof message !== "string") decoded.set(i, { message, frame: whole.lines.join("\n") });
  }
  return decoded;
}

function references(file: string): { i: number; msg: Record<string, unknown> }[] {
  const text = gunzipSync(readFileSync(file)).toString("utf8");
  return text
    .split("\n")
    .filter((l) => l !== "")
    .map((l) => JSON.parse(l) as { i: number; msg: unknown })
    .filter((r) => r.msg !== null)
    .map((r) => ({ i: r.i, msg: (Array.isArray(r.msg) ? r.msg.at(-1) : r.msg) as Record<string, unknown> }));
}

const logs = FOLDERS.flatMap((folder) =>
  existsSync(join(DATA, folder))
    ? readdirSync(join(DATA, folder))
        .filter((f) => f.endsWith(".sentences"))
        .map((f) => join(folder, f))
    : [],
);

describe.skipIf(why !== "")(`AIS reference logs ${why}`, () => {
  it.each(logs.length > 0 ? logs : ["absent"])("%s: nothing lost, nothing different", (log) => {
    const decoded = decodeLog(join(DATA, log));
    const expected = references(join(DATA, log.replace(/\.sentences$/, ".gpsd-u.jsonl.gz")));
    expect(expected.length).toBeGreaterThan(0);
    const faults: string[] = [];
    for (const { i, msg } of expected) {
      const ours = decoded.get(i)?.message;
      if (ours === undefined) {
        faults.push(`${i}: lost type ${String(msg.type)}`);
        continue;
      }
      for (const [name, value] of Object.entries(msg)) {
        if (NOT_OURS.has(name) || name.endsWith("_text")) continue;
        if (msg.type === 24 && name === "shipname" && ours.part === "B") continue;
        if (msg.type === 26 && name === "radio") continue;
        if (ours[name] === undefined && MISREAD.has(name)) continue;
        if (!isDeepStrictEqual(ours[name], withoutTexts(value)))
          faults.push(`${i}: type ${ours.type} ${name} is ${String(ours[name])}, expected ${String(value)}`);
      }
    }
    expect(faults).toEqual([]);
  });

  it.each(logs.length > 0 ? logs : ["absent"])("%s: the frame decoder agrees with the full one", (log) => {
    for (const { message, frame } of decodeLog(join(DATA, log)).values()) {
      const out: Position[] = [];
      expect(decodeAisFrame(Buffer.from(frame, "latin1"), 1, out)).toBeNull();
      const scale = message.type === 27 ? 600 : 600_000;
      for (const p of out) {
        expect(p.mmsi).toBe(message.mmsi);
        expect(p.type).toBe(message.type);
        if (p.lon !== null) expect(Math.round(p.lon * scale)).toBe(message.lon);
        if (p.lat !== null) expect(Math.round(p.lat * scale)).toBe(message.lat);
        if (p.sog !== null && p.type !== 27 && p.type !== 9) expect(Math.round(p.sog * 10)).toBe(message.speed);
        if (p.heading !== null) expect(p.heading).toBe(message.heading);
        if (p.text != null) expect(p.text).toBe(message.text);
        const name = message.shipname ?? message.name;
        if (p.name != null) expect(String(name).startsWith(p.name)).toBe(true);
      }
      if (message.lon === 108_600_000) expect(out[0]?.lon ?? null).toBeNull();
      if (message.speed === 1023) expect(out[0]?.sog ?? null).toBeNull();
    }
  });
});
