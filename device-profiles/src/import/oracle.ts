import type { CompiledProfile } from "../compiled.ts";
import { RecordBuffer, type Reading } from "../reading.ts";
import { toReadings } from "../vector.ts";

/** What a profile makes of a frame, for comparing: readings by metric, or null = refused. */
export class Oracle {
  readonly profile: CompiledProfile;
  private readonly buffer = new RecordBuffer();
  runs = 0;
  /** whether the last frame was refused for missing bytes */
  short = false;

  constructor(profile: CompiledProfile) {
    this.profile = profile;
  }

  read(bytes: Uint8Array, port: number): Map<string, Reading> | null {
    this.runs++;
    const rejection = this.profile.decodeFrame(bytes, port, this.buffer, 0);
    this.short = rejection?.reason === "frame_short";
    if (rejection !== null) return null;
    if (this.buffer.pasts > 0)
      return new Map([["past", { metric: "past", unit: "1", value: this.buffer.pasts, quality: -1 }]]);
    // a frame that gives nothing says as little as one that is refused
    if (this.buffer.n === 0) return null;
    return new Map(toReadings(this.profile, this.buffer).map((r) => [r.metric, r]));
  }
}

/** Whether two profiles say the same of a frame; numbers to 1e-6 relative. */
export function agree(a: Map<string, Reading> | null, b: Map<string, Reading> | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.size !== b.size) return false;
  for (const [name, x] of a) {
    const y = b.get(name);
    if (y === undefined || x.quality !== y.quality || !sameValue(x.value, y.value)) return false;
  }
  return true;
}

function sameValue(a: Reading["value"], b: Reading["value"]): boolean {
  if (typeof a !== "number" || typeof b !== "number") return a === b;
  return Math.abs(a - b) <= 1e-6 * Math.max(1e-6, Math.abs(a), Math.abs(b));
}

/** Numbers 0 to 2^32 - 1 from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** The first frame about which the two differ, or null; each frame is tried as it stands.
 *
 * @param mayRefuseCut the second may call a frame short whose last item the first steps over without reading it
 */
export function firstDifference(
  a: Oracle,
  b: Oracle,
  frames: Iterable<{ readonly bytes: Uint8Array; readonly port: number }>,
  mayRefuseCut: boolean,
): { bytes: Uint8Array; port: number } | null {
  for (const { bytes, port } of frames) {
    const [x, y] = [a.read(bytes, port), b.read(bytes, port)];
    if (agree(x, y) || (mayRefuseCut && y === null && b.short)) continue;
    return { bytes, port };
  }
  return null;
}

/** A frame cut short at each length, longer by some bytes, with its bytes changed at random, all zeros and all ones. */
export function* variations(
  bytes: Uint8Array,
  ports: readonly number[],
  count: number,
  random: () => number,
): Generator<{ bytes: Uint8Array; port: number }> {
  const [port] = ports;
  yield { bytes, port };
  for (let length = 1; length < bytes.length; length++) yield { bytes: bytes.slice(0, length), port };
  for (let more = 1; more <= 3; more++)
    yield { bytes: Uint8Array.from([...bytes, ...Array.from({ length: more }, () => random() & 255)]), port };
  for (const other of ports) yield { bytes, port: other };
  const fills = [0, 0xff, 0x7f, 0x80];
  for (const fill of fills)
    for (let keep = 0; keep < Math.min(4, bytes.length); keep++)
      yield { bytes: bytes.map((b, i) => (i < keep ? b : fill)), port };
  for (let i = 0; i < bytes.length; i++)
    for (const fill of fills) yield { bytes: bytes.map((b, k) => (k === i ? fill : b)), port };
  for (let i = 0; i + 1 < bytes.length; i++)
    for (const [hi, lo] of [
      [0xff, 0xff],
      [0x7f, 0xff],
      [0x80, 0],
      [0xff, 0xfe],
      [0xff, 0xfd],
    ])
      yield { bytes: bytes.map((b, k) => (k === i ? hi : k === i + 1 ? lo : b)), port };
  for (let i = 0; i < count; i++) {
    const keep = i % 4 === 0 ? 0 : i % 4;
    const share = random() & 255;
    yield {
      bytes: bytes.map((b, k) => (k < keep || (random() & 255) > share ? b : random() & 255)),
      port: i % 11 === 10 ? ports[random() % ports.length] : port,
    };
  }
}
