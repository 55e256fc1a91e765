import { FrameScheduler } from "../../hub/src/vision/scheduler.ts";

/** Frames a second that are looked at, and virtual minutes. */
const CAPACITY = 30;
const MINUTES = 10;

interface Source {
  readonly why: "candidate" | "motion" | "patrol";
  readonly perSecond: number;
}

/**
 * The scheduler at three times its capacity, on a virtual clock: one camera that sends without end, two in which something has begun,
 * and a crowd with motion. The fair share of a camera is what it offers, or an equal part of what the candidates leave, if that is less.
 */
export function overload(): object {
  const sources: Source[] = [
    { why: "motion", perSecond: 25 },
    { why: "candidate", perSecond: 1 },
    { why: "candidate", perSecond: 1 },
    ...Array.from({ length: 42 }, (): Source => ({ why: "motion", perSecond: 1.5 })),
  ];
  const scheduler = new FrameScheduler<{ readonly source: number; readonly at: number }>({
    freshMs: 10_000,
    capacity: 1024,
  });
  const next = sources.map((_, i) => (i * 37) % 600);
  const offered = sources.map(() => 0);
  const served = sources.map(() => 0);
  const ages: number[] = [];
  let free = 0;
  for (let now = 0; now < MINUTES * 60_000; now++) {
    for (const [i, { why, perSecond }] of sources.entries()) {
      if (now < next[i]) continue;
      next[i] += 1000 / perSecond;
      offered[i]++;
      scheduler.offer(`c${i}`, why, now, { source: i, at: now });
    }
    if (now < free) continue;
    const frame = scheduler.take(now);
    if (frame === null) continue;
    free = now + 1000 / CAPACITY;
    served[frame.source]++;
    ages.push(now - frame.at);
  }
  ages.sort((a, b) => a - b);
  const age = (p: number): number => ages[Math.min(ages.length - 1, Math.floor(p * ages.length))];
  const total = served.reduce((a, b) => a + b, 0);
  const candidates = [1, 2];
  const crowd = sources.map((_, i) => i).filter((i) => !candidates.includes(i) && i !== 0);
  const left = (total - candidates.reduce((sum, i) => sum + served[i], 0)) / (crowd.length + 1);
  const fair = crowd.map((i) => served[i] / Math.min(offered[i], left));
  return {
    overload: round(offered.reduce((a, b) => a + b, 0) / (CAPACITY * MINUTES * 60)),
    ageMs: { p50: age(0.5), p95: age(0.95), max: age(1) },
    shareOfNoisiest: round(served[0] / total, 3),
    leastOfFairShare: round(Math.min(...fair)),
    candidatesServed: round(Math.min(...candidates.map((i) => served[i] / offered[i]))),
  };
}

function round(v: number, digits = 2): number {
  return Math.round(v * 10 ** digits) / 10 ** digits;
}
