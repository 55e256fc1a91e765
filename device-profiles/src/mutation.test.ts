import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bytes } from "./codec/frame.ts";
import type { CompiledProfile } from "./compiled.ts";
import { loadFile, loadText, profileFiles } from "./load.ts";
import type { Profile } from "./profile.ts";
import { Quality, RecordBuffer, type Position } from "./reading.ts";
import { REJECTION_REASONS } from "./rejection.ts";

// Whatever bytes arrive, a decoder answers with readings or a Rejection. Seeded, so that a failure can be repeated.

const MUTATIONS = 1000;
const FOLDER = join(import.meta.dirname, "../profiles");
const KNOWN_QUALITY = Object.values(Quality).reduce((all: number, bit) => all | bit, 0);

function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** One to four changes: a bit, a byte, a byte more, one less, a part twice, a part gone. */
function mutate(frame: Uint8Array, next: (below: number) => number): Uint8Array {
  let b = Array.from(frame);
  for (let changes = 1 + next(4); changes > 0; changes--) {
    const at = next(b.length + 1);
    const to = at + next(9);
    switch (next(6)) {
      case 0:
        if (at < b.length) b[at] ^= 1 << next(8);
        break;
      case 1:
        if (at < b.length) b[at] = [0, 0x7f, 0x80, 0xff, next(256)][next(5)];
        break;
      case 2:
        b.splice(at, 0, next(256));
        break;
      case 3:
        b.splice(at, 1);
        break;
      case 4:
        b = [...b.slice(0, to), ...b.slice(at)];
        break;
      default:
        b.splice(at, to - at);
    }
  }
  return Uint8Array.from(b);
}

/** @returns what is unsound about the answer to a frame; null = nothing */
function unsound(profile: CompiledProfile, frame: Uint8Array, port: number, out: RecordBuffer): string | null {
  try {
    if (profile.positions) {
      const positions: Position[] = [];
      const rejection = profile.decodePositions(frame, 0, positions);
      return rejection === null || Object.hasOwn(REJECTION_REASONS, rejection.reason) ? null : rejection.reason;
    }
    const rejection = profile.decodeFrame(frame, port, out);
    if (rejection !== null)
      return Object.hasOwn(REJECTION_REASONS, rejection.reason) ? null : `reason ${rejection.reason}`;
    return unsoundRecord(profile, out) ?? (out.past.slice(0, out.pasts).map((p) => unsoundRecord(profile, p)).find((x) => x !== null) ?? null); // prettier-ignore
  } catch (error) {
    return `threw ${String(error)}`;
  }
}

function unsoundRecord(profile: CompiledProfile, out: RecordBuffer): string | null {
  if (!(out.ts === 0 || (out.ts > 9e11 && out.ts < 4.2e12))) return `ts ${out.ts}`;
  for (let i = 0; i < out.n; i++) {
    const def = profile.metrics[out.metric[i]];
    const x = out.num[i];
    const { quality } = { quality: out.quality[i] };
    if (def === undefined) return `metric ${out.metric[i]}`;
    if ((quality & ~KNOWN_QUALITY) !== 0) return `${def.name} has quality ${quality}`;
    if (out.text[i] !== null) continue;
    if (x === Infinity || x === -Infinity) return `${def.name} is ${x}`;
    if (x !== x && (quality & Quality.invalid) === 0) return `${def.name} has no value and says nothing about it`;
    const outside = def.range !== null && (x < def.range[0] || x > def.range[1]);
    if (outside && (quality & Quality.out_of_range) === 0) return `${def.name} is ${x}, out of range without the flag`;
  }
  return null;
}

/** The profile without its check bytes' verdict, so that mutations reach the layout. */
function unchecked(source: Profile): CompiledProfile | null {
  const text = JSON.stringify(source, (key, value: unknown) => (key === "check" ? undefined : value));
  return text.includes('"protocol"') || source.codec?.script !== undefined
    ? null
    : (loadText(text, "unchecked").profile?.compiled ?? null);
}

const profiles = profileFiles(FOLDER, []).flatMap((file) => loadFile(file).profile ?? []);
const framed = profiles.filter((p) => (p.source.vectors ?? []).some((v) => v.json === undefined));

describe.each(framed.map((p) => [p.compiled.id, p] as const))("%s", (_id, { compiled, source }) => {
  const vectors = (source.vectors ?? [])
    .filter((v) => v.json === undefined)
    .map((v) => ({ port: v.port ?? 0, frame: v.text === undefined ? bytes(v.hex) : Buffer.from(v.text.trim()) }));
  const bare = unchecked(source);

  it("answers every truncation of its vectors", () => {
    const out = new RecordBuffer();
    for (const { frame, port } of vectors)
      for (let length = 0; length <= frame.length; length++)
        for (const profile of bare === null ? [compiled] : [compiled, bare]) {
          const wrong = unsound(profile, frame.subarray(0, length), port, out);
          if (wrong !== null) expect.fail(`${Buffer.from(frame).toString("hex")} cut to ${length}: ${wrong}`);
        }
    expect(vectors.length).toBeGreaterThan(0);
  });

  it(`answers ${MUTATIONS} mutations of each vector`, () => {
    const out = new RecordBuffer();
    const next = random(0x5eed);
    let decoded = 0;
    for (const { frame, port } of vectors)
      for (let i = 0; i < MUTATIONS; i++) {
        const mutated = mutate(frame, next);
        const wrong =
          unsound(compiled, mutated, port, out) ?? (bare === null ? null : unsound(bare, mutated, port, out));
        if (wrong !== null) expect.fail(`port ${port} ${Buffer.from(mutated).toString("hex")}: ${wrong}`);
        decoded++;
      }
    expect(decoded).toBe(vectors.length * MUTATIONS);
  });
});
