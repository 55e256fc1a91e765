import type { GridEvent } from "../../hub/src/event.ts";
import { join } from "node:path";
import { play, secondsOf, type Played } from "./events/play.ts";
import { PhotoLitter } from "./events/photo-litter.ts";
import { eventScenes } from "./events/scenes.ts";

/** GRIDHUB_BENCH_MODELS: another folder of models; GRIDHUB_BENCH_SCENES: only scenes whose name holds one of these words. */
const MODELS = process.env.GRIDHUB_BENCH_MODELS ?? join(import.meta.dirname, "../../models");
const WORDS = (process.env.GRIDHUB_BENCH_SCENES ?? "").split(",");
/** Share of frames from which on the models can be said to see what is there. */
const VISIBLE = 0.5;
/** An event this long after the end of what caused it still belongs to it, s. */
const GRACE_S = 60;

interface Score {
  scenes: number;
  visible: number;
  raised: number;
  raisedVisible: number;
  falseAlarms: number;
  duplicates: number;
  readonly delays: number[];
}

/** Scripted scenes with ground truth through the real models and the real chain: what a duty room would have seen of them. */
export async function eventsBench(): Promise<object> {
  const photos = PhotoLitter.load() !== null;
  const scenes = eventScenes().filter((s) => WORDS.some((word) => s.name.includes(word)) && (photos || !s.photo));
  const began = performance.now();
  const { played, models } = await play(scenes, MODELS);
  const scores = new Map<string, Score>();
  const of = (kind: string): Score => {
    let score = scores.get(kind);
    if (score === undefined)
      scores.set(
        kind,
        (score = { scenes: 0, visible: 0, raised: 0, raisedVisible: 0, falseAlarms: 0, duplicates: 0, delays: [] }),
      );
    return score;
  };
  const failures: string[] = [];
  let hours = 0;
  for (const one of played) {
    hours += (one.scene.end / 3600) * one.scene.cameras;
    judge(one, of, failures);
  }
  const all = [...scores.values()];
  const total = (pick: (s: Score) => number): number => all.reduce((sum, s) => sum + pick(s), 0);
  const delays = all.flatMap((s) => s.delays).sort((a, b) => a - b);
  return {
    models,
    scenes: scenes.length,
    cameraHours: round(hours, 1),
    precision: share(
      total((s) => s.raised),
      total((s) => s.raised + s.falseAlarms),
    ),
    recall: share(
      total((s) => s.raised),
      total((s) => s.scenes),
    ),
    recallVisible: share(
      total((s) => s.raisedVisible),
      total((s) => s.visible),
    ),
    duplicates: total((s) => s.duplicates),
    falseAlarmsPerCameraHour: round(total((s) => s.falseAlarms) / hours, 2),
    p95SecondsToEvent: delays[Math.min(delays.length - 1, Math.floor(delays.length * 0.95))] ?? null,
    kinds: Object.fromEntries(
      [...scores].sort().map(([kind, s]) => {
        const sorted = s.delays.sort((a, b) => a - b);
        return [
          kind,
          {
            scenes: s.scenes,
            visible: s.visible,
            precision: share(s.raised, s.raised + s.falseAlarms),
            recall: share(s.raised, s.scenes),
            recallVisible: share(s.raisedVisible, s.visible),
            falseAlarms: s.falseAlarms,
            duplicates: s.duplicates,
            medianSeconds: sorted[sorted.length >> 1] ?? null,
            p95Seconds: sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? null,
          },
        ];
      }),
    ),
    failures,
    seconds: round((performance.now() - began) / 1000),
  };
}

function judge({ scene, events, reopened, seen }: Played, of: (kind: string) => Score, failures: string[]): void {
  const right = events
    .filter(
      (e) =>
        tellsOf(e, scene.kind) && secondsOf(e.openedAt) >= scene.from && secondsOf(e.openedAt) <= scene.to + GRACE_S,
    )
    .sort((a, b) => a.openedAt - b.openedAt);
  for (const event of events) {
    if (right.includes(event)) continue;
    of(event.kind).falseAlarms++;
    failures.push(`${scene.name}: ${event.kind} at ${secondsOf(event.openedAt)} s is false`);
  }
  if (scene.kind === null) return;
  const score = of(scene.kind);
  const visible = seen >= VISIBLE;
  score.scenes++;
  if (visible) score.visible++;
  const extra = Math.max(0, right.length - 1) + reopened;
  score.duplicates += extra;
  if (extra > 0) failures.push(`${scene.name}: ${extra} duplicates`);
  if (right.length === 0)
    failures.push(`${scene.name}: no ${scene.kind}; the models see it in ${round(seen * 100)} % of its frames`);
  else {
    score.raised++;
    if (visible) score.raisedVisible++;
    score.delays.push(secondsOf(right[0].openedAt) - scene.from);
  }
}

/** Fire and smoke of one place are one event of two parts: it tells of both. */
function tellsOf({ kind, life }: GridEvent, expected: string | null): boolean {
  return kind === expected || life.parts?.some((part) => part.kind === expected) === true;
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : round(part / whole, 3);
}

function round(v: number, digits = 0): number {
  return Math.round(v * 10 ** digits) / 10 ** digits;
}
