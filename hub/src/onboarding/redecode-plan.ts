import { Quality, type RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { StoredReading } from "../store/queries/correct-readings.ts";
import type { StoredFrame } from "../store/queries/stored-frames.ts";
import { storedValue, type VersionReader } from "./frame-samples.ts";

export interface RedecodeLimits {
  /** sample times further ahead of their arrival get Quality.clock, ms */
  readonly maxSkewMs: number;
  /** older readings are late, ms */
  readonly latenessMs: number;
}

type Value = StoredReading["value"];

/** A place of one reading, and what may lie there. */
interface Place {
  readonly metric: string;
  readonly series: number;
  readonly time: number;
  readonly text: boolean;
  /** what the version gives; null = nothing */
  wanted: { readonly value: Value; readonly quality: number } | null;
  /** what other versions of the profile give for these frames: a stored reading that equals one is theirs */
  readonly others: Value[];
}

/** What is to become of one place. */
export interface PlaceChange {
  readonly metric: string;
  readonly text: boolean;
  readonly before: StoredReading | null;
  readonly after: StoredReading | null;
}

/** Flags that a decoder sets; all others speak of how the reading came. */
const DECODED = Quality.out_of_range | Quality.invalid;
const ARRIVAL = Quality.late | Quality.clock;

/**
 * What a version of a profile makes of frames, held against what is stored. Pure.
 *
 * Afterwards the readings of a frame are exactly those that the version gives. A stored reading belongs to a frame when a known
 * version of the profile makes that very value of it: only such a one is replaced or removed, so that what a device said
 * another way is never touched, and a second run finds nothing to do. Of two frames with one place the first counts, as it does live.
 */
export class RedecodePlan {
  readonly #places = new Map<string, Place>();
  readonly refused = new Map<string, number>();

  constructor(
    frames: readonly StoredFrame[],
    version: VersionReader,
    others: readonly VersionReader[],
    seriesOf: (metric: string) => number | undefined,
    limits: RedecodeLimits,
  ) {
    for (const frame of frames) {
      const refused = this.#read(version, frame, seriesOf, (place, values, i, past) => {
        const late = past || frame.rx - place.time > limits.latenessMs ? Quality.late : 0;
        const clock = place.time - frame.rx > limits.maxSkewMs ? Quality.clock : 0;
        place.wanted ??= { value: storedValue(values, i), quality: values.quality[i] | late | clock };
      });
      if (refused !== null) this.refused.set(refused, (this.refused.get(refused) ?? 0) + 1);
      for (const other of others)
        this.#read(other, frame, seriesOf, (place, values, i) => place.others.push(storedValue(values, i)));
    }
  }

  /** @returns the reason where the version refuses the frame */
  #read(
    reader: VersionReader,
    frame: StoredFrame,
    seriesOf: (metric: string) => number | undefined,
    see: (place: Place, values: RecordBuffer, i: number, past: boolean) => void,
  ): string | null {
    const refused = reader.read(frame, (ts, values, past) => {
      for (let i = 0; i < values.n; i++) {
        const metric = reader.profile.metrics[values.metric[i]].name;
        const series = seriesOf(metric);
        if (series === undefined) continue;
        const text = values.text[i] !== null;
        const key = keyOf(text, series, ts);
        let place = this.#places.get(key);
        if (place === undefined)
          this.#places.set(key, (place = { metric, series, time: ts, text, wanted: null, others: [] }));
        see(place, values, i, past);
      }
    });
    return refused === null ? null : refused.reason;
  }

  /** Where readings of these frames may lie. */
  places(text: boolean): { readonly series: number; readonly time: number }[] {
    return [...this.#places.values()].filter((place) => place.text === text);
  }

  /** @param kept is called for a reading of another origin where the version gives something else */
  *changes(
    numbers: readonly StoredReading[],
    texts: readonly StoredReading[],
    kept: () => void,
  ): Generator<PlaceChange> {
    const stored = new Map<string, StoredReading>();
    for (const row of numbers) stored.set(keyOf(false, row.series, row.time), row);
    for (const row of texts) stored.set(keyOf(true, row.series, row.time), row);
    for (const [key, { metric, series, time, text, wanted, others }] of this.#places) {
      const before = stored.get(key) ?? null;
      const same = wanted !== null && before?.value === wanted.value;
      if (before === null) {
        if (wanted === null) continue;
        const quality = wanted.quality | Quality.redecoded;
        yield { metric, text, before, after: { series, time, value: wanted.value, quality } };
      } else if (same && ((before.quality ^ wanted.quality) & DECODED) === 0) continue;
      else if (!same && !others.includes(before.value)) {
        if (wanted !== null) kept();
      } else if (wanted === null) yield { metric, text, before, after: null };
      else {
        const quality = (wanted.quality & ~ARRIVAL) | (before.quality & ARRIVAL) | Quality.redecoded;
        yield { metric, text, before, after: { series, time, value: wanted.value, quality } };
      }
    }
  }
}

function keyOf(text: boolean, series: number, time: number): string {
  return `${text ? "t" : "n"}${series} ${time}`;
}
