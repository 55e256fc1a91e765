import { describe, expect, it } from "vitest";
import { FrameScheduler } from "./scheduler.ts";

describe("frame scheduler", () => {
  it("keeps the latest frame of a camera, its urgency and its place in the queue", () => {
    const s = new FrameScheduler<string>({ freshMs: 10_000, capacity: 10 });
    s.offer("a", "candidate", 0, "a0");
    s.offer("b", "patrol", 1000, "b1");
    s.offer("a", "patrol", 5000, "a5");
    expect(s.waiting).toBe(2);
    expect([s.take(6000), s.take(6000), s.take(6000)]).toEqual(["a5", "b1", null]);
    expect(s.dropped).toMatchObject({ superseded: 1, stale: 0 });
  });

  it("lets a patrol pass a candidate once it has waited four times as long", () => {
    const s = new FrameScheduler<string>({ freshMs: 60_000, capacity: 10 });
    s.offer("patrol", "patrol", 0, "patrol");
    s.offer("candidate", "candidate", 9000, "candidate");
    expect(s.take(10_000)).toBe("patrol");
    s.offer("patrol", "patrol", 9000, "patrol");
    expect(s.take(10_000)).toBe("candidate");
  });

  it("drops what is stale and what exceeds its capacity, and counts both", () => {
    const s = new FrameScheduler<number>({ freshMs: 1000, capacity: 2 });
    s.offer("a", "patrol", 0, 1);
    s.offer("b", "patrol", 500, 2);
    s.offer("c", "candidate", 600, 3);
    expect(s.take(1400)).toBe(2);
    expect(s.take(1400)).toBeNull();
    expect(s.dropped).toMatchObject({ stale: 1, full: 1 });
  });

  it("stays fresh and starves nobody at three and a half times its capacity", () => {
    // 103 frames/s offered by 40 cameras, 30 frames/s looked at, ten virtual minutes
    const s = new FrameScheduler<{ camera: number; at: number }>({ freshMs: 10_000, capacity: 1000 });
    const next = Array.from({ length: 40 }, (_, i) => i * 7);
    const period = (camera: number): number => (camera < 4 ? 100 : 36_000 / 63);
    const served = new Array<number>(40).fill(0);
    const ages: number[] = [];
    let free = 0;
    let offered = 0;
    for (let now = 0; now < 600_000; now++) {
      for (let camera = 0; camera < 40; camera++) {
        if (now < next[camera]) continue;
        next[camera] += period(camera);
        offered++;
        s.offer(String(camera), camera < 4 ? "candidate" : "patrol", now, { camera, at: now });
      }
      if (now < free) continue;
      const frame = s.take(now);
      if (frame === null) continue;
      free = now + 1000 / 30;
      served[frame.camera]++;
      ages.push(now - frame.at);
    }
    ages.sort((a, b) => a - b);
    expect(offered / 600).toBeGreaterThan(100);
    expect(ages[Math.floor(ages.length * 0.95)]).toBeLessThan(1000);
    expect(ages[ages.length - 1]).toBeLessThan(2000);
    const [busy, calm] = [served.slice(0, 4), served.slice(4)];
    // everybody gets at least a frame every two seconds, the urgent ones a multiple of the others
    expect(Math.min(...calm)).toBeGreaterThan(300);
    expect(Math.min(...busy)).toBeGreaterThan(1.5 * Math.max(...calm));
    expect(s.dropped.superseded + s.dropped.stale + ages.length + s.waiting).toBe(offered);
  });
});
