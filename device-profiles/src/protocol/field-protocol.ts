import type { FrameDecoder } from "../codec/frame.ts";
import type { CompileContext } from "../codec/value.ts";
import { closest } from "../metric.ts";
import { Quality, type RecordBuffer } from "../reading.ts";
import { isRejection, reject, type Rejection } from "../rejection.ts";

/** A value of a sample: metric name and value in the metric's canonical unit; null = the device says "not available". */
export type SampleValue = readonly [metric: string, value: number | boolean | string | null];

/** What one moment of a frame gives. */
export interface Sample {
  /** sample time, ms UTC; 0 = the frame carries none; NaN = it carries nonsense */
  readonly ts: number;
  readonly values: readonly SampleValue[];
}

/** A protocol with framing of its own whose frames give readings of one device. */
export interface FieldProtocol {
  /** metrics that it can give; canonical ones, and own ones that a profile declares under `metrics:` */
  readonly yields: ReadonlySet<string>;
  /**
   * Reads one complete frame, markers and checksum included. Never throws.
   * @returns its samples, oldest first, at least one (a heartbeat: one without values), or why it was refused
   */
  read(frame: Uint8Array): readonly Sample[] | Rejection;
}

interface Slot {
  readonly metric: number;
  readonly text: boolean;
  readonly low: number;
  readonly high: number;
}

/**
 * A decoder of the metrics that the profile lists under `metrics:`; a frame's other values are stepped over.
 *
 * A frame may hold several samples (an hourly list, positions from a tunnel). Port 0 gives the newest as the record and the others
 * as its `past`; port 1 (the oldest) .. n gives that one alone, so that an edge can send the frame once for each sample.
 */
export function compileFieldProtocol(
  name: string,
  protocol: FieldProtocol,
  declared: readonly string[],
  ctx: CompileContext,
): FrameDecoder {
  const slots = new Map<string, Slot>();
  if (declared.length === 0)
    ctx.report(["metrics"], `list the metrics that you want of ${name}: ${[...protocol.yields].join(", ")}`);
  for (const metric of declared) {
    const path = ["metrics", metric];
    if (!protocol.yields.has(metric)) {
      const near = closest(metric, protocol.yields);
      const hint = near === null ? "" : `did you mean "${near}"? `;
      ctx.report(path, `${name} gives no "${metric}"; ${hint}it gives: ${[...protocol.yields].join(", ")}`);
      continue;
    }
    const index = ctx.metrics.use(metric, path);
    if (index < 0) continue;
    const { range, type } = ctx.metrics.defs[index];
    const [low, high] = range ?? [-Infinity, Infinity];
    slots.set(metric, { metric: index, text: type === "text", low, high });
  }
  return (frame, port, out) => {
    out.reset();
    const samples = protocol.read(frame);
    if (isRejection(samples)) return samples;
    const sample = samples[port === 0 ? samples.length - 1 : port - 1];
    if (sample === undefined)
      return reject("frame_selector", `the frame holds ${samples.length} samples, number ${port} was asked for`);
    fill(slots, sample, out);
    if (port === 0)
      for (let i = 0; i < samples.length - 1; i++) if (samples[i].ts > 0) fill(slots, samples[i], out.nextPast());
    return null;
  };
}

function fill(slots: ReadonlyMap<string, Slot>, sample: Sample, out: RecordBuffer): void {
  for (const [metric, value] of sample.values) {
    const slot = slots.get(metric);
    if (slot !== undefined) emit(slot, value, out);
  }
  out.ts = Number.isNaN(sample.ts) ? 0 : sample.ts;
  // the values stay, marked, under the time of the envelope
  if (Number.isNaN(sample.ts)) for (let i = 0; i < out.n; i++) out.quality[i] |= Quality.clock;
}

function emit({ metric, text, low, high }: Slot, value: SampleValue[1], out: RecordBuffer): void {
  if (text && value !== null) {
    out.pushText(metric, String(value), Quality.good);
    return;
  }
  const x = typeof value === "boolean" ? Number(value) : typeof value === "number" ? value : Number.NaN;
  if (Number.isNaN(x)) out.push(metric, Number.NaN, Quality.invalid);
  else out.push(metric, x, x < low || x > high ? Quality.out_of_range : Quality.good);
}
