import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { type Position, Quality, type Reading, RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import { toReadings } from "@gridhub/device-profiles/vector.ts";
import type { Sample } from "./sample.ts";

/** How well a profile fits what a device sent. Shares are 0 to 1. */
export interface Suggestion {
  readonly profile: string;
  readonly kind: string;
  readonly titleZh: string;
  readonly titleEn: string;
  readonly score: number;
  /** of the samples, decoded without rejection and into at least one reading */
  readonly decoded: number;
  /** frames: of the single flipped bits, noticed (check bytes, markers, selectors). Records: of the keys, understood */
  readonly certainty: number;
  /** of the readings, neither out of range nor at an impossible time */
  readonly inRange: number;
  /** of the profile's metrics, present */
  readonly coverage: number;
  /** first reason why a sample was refused */
  readonly problem: Rejection | null;
  /** the newest sample that was decoded */
  readonly readings: readonly Reading[];
}

/** Samples of which every part is tried; the others are only decoded. */
const PROBED = 3;
const FLIPS = 24;

/**
 * Decodes the samples with every profile and ranks the profiles, best first; those that decode nothing are left out. Works on
 * the decoders alone: a profile that notices every damaged bit of a frame was made for that frame, whatever its technique.
 */
export function suggest(samples: readonly Sample[], profiles: Iterable<CompiledProfile>, limit = 10): Suggestion[] {
  const out: Suggestion[] = [];
  for (const profile of profiles) {
    const found = judge(profile, samples);
    if (found !== null) out.push(found);
  }
  return out.sort((a, b) => b.score - a.score || (a.profile < b.profile ? -1 : 1)).slice(0, limit);
}

function judge(profile: CompiledProfile, samples: readonly Sample[]): Suggestion | null {
  const record = new RecordBuffer();
  let decoded = 0;
  let values = 0;
  let fine = 0;
  let problem: Rejection | null = null;
  let readings: Reading[] | null = null;
  let certainty = 0;
  let probed = 0;
  const seen = new Set<number>();
  for (const sample of samples) {
    const refused = decode(profile, sample, record);
    if (refused !== null) {
      problem ??= refused === NOTHING ? null : refused;
      continue;
    }
    decoded++;
    for (let i = 0; i < record.n; i++) {
      values++;
      if ((record.quality[i] & DOUBT) === 0) fine++;
      seen.add(record.metric[i]);
    }
    readings ??= toReadings(profile, record);
    if (probed < PROBED) {
      probed++;
      certainty += probe(profile, sample, record);
    }
  }
  if (decoded === 0) return null;
  const share = decoded / samples.length;
  const sure = certainty / probed;
  const inRange = values === 0 ? 1 : fine / values;
  const coverage = profile.metrics.length === 0 ? 1 : seen.size / profile.metrics.length;
  // A profile for frames may also take records of canonical names, and the other way round: the lane it names comes first.
  const lane = laneFits(profile, samples) ? 1 : 0.85;
  const score = share * lane * (0.15 + 0.5 * sure + 0.25 * inRange + 0.1 * coverage);
  return {
    profile: profile.id,
    kind: profile.kind,
    titleZh: profile.titleZh,
    titleEn: profile.titleEn,
    score: round(score),
    decoded: round(share),
    certainty: round(sure),
    inRange: round(inRange),
    coverage: round(coverage),
    problem,
    readings: readings ?? [],
  };
}

const DOUBT = Quality.out_of_range | Quality.clock;
/** Decoded into nothing: what a profile does not know it may step over, which proves nothing. */
const NOTHING: Rejection = { reason: "frame_unsupported", detail: "no readings" };

/** Tries one sample; null = it gave at least one reading, position or picture. */
function decode(profile: CompiledProfile, sample: Sample, record: RecordBuffer): Rejection | null {
  record.reset();
  if (sample.kind === "picture") return profile.uplink === "frame" ? null : NOTHING;
  if (sample.kind === "json") return profile.decodeJson(sample.m, record) ?? (record.n > 0 ? null : NOTHING);
  if (profile.positions) {
    const positions: Position[] = [];
    return profile.decodePositions(sample.frame, sample.ts, positions) ?? (positions.length > 0 ? null : NOTHING);
  }
  const refused = profile.decodeFrame(sample.frame, sample.port, record, sample.ts);
  return refused ?? (record.n > 0 ? null : NOTHING);
}

/** How much of the sample the profile depends on; clobbers `record`. */
function probe(profile: CompiledProfile, sample: Sample, record: RecordBuffer): number {
  if (sample.kind === "picture") return 0.5;
  if (sample.kind === "json") {
    const keys = Object.keys(sample.m);
    const all = record.n;
    const known = keys.filter((key) => {
      const { [key]: _, ...rest } = sample.m;
      return decode(profile, { ...sample, m: rest }, record) !== null || record.n < all;
    });
    return keys.length === 0 ? 0 : known.length / keys.length;
  }
  const { length } = sample.frame;
  const flips = Math.min(FLIPS, length);
  let noticed = 0;
  for (let i = 0; i < flips; i++) {
    const frame = Buffer.from(sample.frame);
    frame[Math.floor((i * length) / flips)] ^= 1 << (i % 8);
    if (decode(profile, { ...sample, frame }, record) !== null) noticed++;
  }
  return flips === 0 ? 0 : noticed / flips;
}

function laneFits(profile: CompiledProfile, samples: readonly Sample[]): boolean {
  const want =
    profile.positions || profile.uplink === "raw" ? "frame" : profile.uplink === "frame" ? "picture" : "json";
  return samples.some(({ kind }) => kind === want);
}

function round(x: number): number {
  return Math.round(x * 1000) / 1000;
}
