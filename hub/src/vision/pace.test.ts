import { expect, it } from "vitest";
import type { Device } from "../device.ts";
import { NEW_CAMERA, type CameraState } from "./camera.ts";
import type { PaceWish } from "./options.ts";
import { Pace } from "./pace.ts";
import type { Recipe } from "./recipe.ts";

const RECIPE = { name: "fire", patrolMs: 10_000 } as Recipe;
const BEGUN = { since: 90_000, seen: 1, looks: [1], absent: 0, raised: 0, updated: 0, box: null };

/** Frames at `perSecond` from each camera for `seconds`, a tick a second. */
function drive(cameras: number, perSecond: number, seconds: number, begun: (t: number) => boolean = () => false) {
  const said: [seconds: number, uid: string, wish: PaceWish | null][] = [];
  let now = 0;
  const pace = new Pace({ workers: 1, onPace: (d, wish) => void said.push([now / 1000, d.uid, wish]) });
  const all = Array.from({ length: cameras }, (_, i) => ({ uid: `c${i}` }) as Device);
  for (; now < seconds * 1000; now += 100) {
    for (const [i, d] of all.entries()) if ((now + i * 100) % (1000 / perSecond) < 100) pace.heard(d, now);
    const state: CameraState = { ...NEW_CAMERA, at: now, recipes: begun(now / 1000) ? { fire: BEGUN } : {} };
    pace.tick(
      now,
      () => state,
      () => [RECIPE],
    );
  }
  return said;
}

it("asks nothing of calm cameras while the detectors have time", () => {
  expect(drive(4, 0.5, 300)).toEqual([]);
});

it("asks for more samples where something has begun, at once, and takes it back later", () => {
  const said = drive(1, 0.1, 300, (t) => t >= 100 && t < 105 + 20);
  expect(said).toEqual([
    [100, "c0", { patrol_ms: 5000 }],
    [130, "c0", null],
  ]);
});

it("slows calm cameras down by a factor of two when they offer more than the detectors can do, and does not swing", () => {
  // 25 frames/s on a thread, of which 20 may be promised; 30 come
  const said = drive(15, 2, 300);
  expect(new Set(said.map(([, uid]) => uid)).size).toBe(15);
  expect(said).toHaveLength(15);
  for (const [, , wish] of said) expect(wish).toEqual({ patrol_ms: 20_000, interval_ms: 2000 });
});
