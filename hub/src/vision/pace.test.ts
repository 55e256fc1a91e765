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
      () => [state],
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

/** Cameras whose edges obey: each sends `natural` frames a second, or one in `interval_ms` when that is asked, until `until`. */
function obedient(natural: readonly number[], seconds: number, until: (i: number) => number = () => seconds, own = {}) {
  const said: [seconds: number, uid: string, wish: PaceWish | null][] = [];
  const wishes = new Map<string, PaceWish | null>();
  let now = 0;
  const pace = new Pace({
    workers: 1,
    onPace: (d, wish) => {
      said.push([now / 1000, d.uid, wish]);
      wishes.set(d.uid, wish);
    },
  });
  const all = natural.map((_, i) => ({ uid: `c${i}` }) as Device);
  const due = natural.map((_, i) => i * 10);
  for (; now < seconds * 1000; now += 10) {
    for (const [i, d] of all.entries()) {
      if (now < due[i] || now >= until(i) * 1000) continue;
      pace.heard(d, now);
      due[i] = now + Math.max(1000 / natural[i], wishes.get(d.uid)?.interval_ms ?? 0);
    }
    pace.tick(
      now,
      () => [],
      () => [RECIPE],
      () => own,
    );
  }
  return said;
}

it("keeps cameras slow that would overload the detectors again at once, and tries after minutes whether they still would", () => {
  // 60 a second against 20 that may be promised: a quarter
  const said = obedient(
    Array.from({ length: 12 }, () => 5),
    400,
  );
  const first = said.slice(0, 12);
  expect(new Set(first.map(([, uid]) => uid)).size).toBe(12);
  // the mean rises to what they send, and with it what is asked
  const quarter = said.filter(([, uid, w]) => uid === "c0" && w?.interval_ms === 4000);
  expect(quarter).toHaveLength(1);
  const back = said.filter(([at, uid]) => uid === "c0" && at > quarter[0][0]);
  expect(back).toMatchObject([[expect.any(Number), "c0", { interval_ms: 2000 }]]);
  expect(back[0][0] - quarter[0][0]).toBeGreaterThan(100);
});

it("takes the wish back soon after the cameras that were too many have stopped", () => {
  const said = obedient([0.2, ...Array.from({ length: 12 }, () => 5)], 300, (i) => (i === 0 ? 300 : 100));
  const calm = said.filter(([, uid]) => uid === "c0");
  expect(calm[0][2]).toHaveProperty("interval_ms");
  const [at, , wish] = calm[calm.length - 1];
  expect(wish).toBeNull();
  expect(at).toBeGreaterThan(100);
  expect(at).toBeLessThan(260);
});

it("never makes a camera faster by slowing it down: what its edge runs of itself counts", () => {
  const own = { interval_ms: 5000, patrol_ms: 60_000 };
  const said = obedient(
    Array.from({ length: 12 }, () => 5),
    100,
    undefined,
    own,
  );
  for (const [, , wish] of said) expect(wish?.interval_ms ?? 10_000).toBeGreaterThanOrEqual(10_000);
  for (const [, , wish] of said) expect(wish?.patrol_ms ?? 120_000).toBeGreaterThanOrEqual(120_000);
  expect(said.length).toBeGreaterThanOrEqual(12);
});

it("asks nothing of a camera that looks more often of itself than something that has begun needs", () => {
  const said: (PaceWish | null)[] = [];
  const pace = new Pace({ workers: 1, onPace: (_, wish) => void said.push(wish) });
  const camera = { uid: "c" } as Device;
  const begun: CameraState = { ...NEW_CAMERA, recipes: { fire: BEGUN } };
  for (let now = 0; now < 100_000; now += 1000) {
    pace.heard(camera, now);
    const own = { patrol_ms: now < 50_000 ? 1000 : 60_000 };
    pace.tick(
      now,
      () => [{ ...begun, at: now, recipes: { fire: { ...BEGUN, since: now } } }],
      () => [RECIPE],
      () => own,
    );
  }
  expect(said).toEqual([{ patrol_ms: 5000 }]);
});
