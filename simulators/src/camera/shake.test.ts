import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { SceneCamera, type SceneStep } from "./scene.ts";
import { moveBox, poseAt, shakePicture, type Shake } from "./shake.ts";

const [WIDTH, HEIGHT] = [320, 180];
const WIND: Shake = { amplitude: 0.012, hz: 1.1, gusts: 0.5 };
const camera = (step: Omit<SceneStep, "at">, seed = 4) =>
  new SceneCamera({ seed, width: WIDTH, height: HEIGHT, script: [{ at: 0, ...step }] });
const luma = async (jpeg: Buffer) => sharp(jpeg).grayscale().raw().toBuffer();

describe("the swing of a mast", () => {
  const poses = Array.from({ length: 6000 }, (_, i) => poseAt(WIND, i * 20, 4, WIDTH));

  it("stays within its amplitude, uses it, and swings about its place", () => {
    const far = poses.map((p) => Math.hypot(p.dx, p.dy));
    expect(Math.max(...far)).toBeLessThanOrEqual(WIND.amplitude * WIDTH);
    expect(Math.max(...far)).toBeGreaterThan(0.6 * WIND.amplitude * WIDTH);
    expect(Math.abs(poses.reduce((sum, p) => sum + p.dx, 0) / poses.length)).toBeLessThan(0.1 * WIND.amplitude * WIDTH);
    const most = (WIND.amplitude * 20 * Math.PI) / 180;
    expect(Math.max(...poses.map((p) => Math.abs(p.roll)))).toBeLessThanOrEqual(most);
  });

  it("goes on without a jump, at about its frequency", () => {
    const steps = poses.slice(1).map((p, i) => Math.hypot(p.dx - poses[i].dx, p.dy - poses[i].dy));
    // the fastest of its frequencies, driven as hard as the wind does, makes no more way in 20 ms
    expect(Math.max(...steps)).toBeLessThan(WIND.amplitude * WIDTH * 2 * Math.PI * 1.1 * 2.9 * 1.7 * 0.02);
    const crossings = poses.slice(1).filter((p, i) => p.dx >= 0 !== poses[i].dx >= 0).length;
    const hz = crossings / 2 / (poses.length * 0.02);
    expect(hz).toBeGreaterThan(0.7);
    expect(hz).toBeLessThan(2.2);
  });

  it("is a matter of seed and time alone, and comes in gusts", () => {
    expect(poseAt(WIND, 12_340, 4, WIDTH)).toEqual(poseAt(WIND, 12_340, 4, WIDTH));
    expect(poseAt(WIND, 12_340, 5, WIDTH)).not.toEqual(poseAt(WIND, 12_340, 4, WIDTH));
    const gusty = Array.from({ length: 60 }, (_, i) =>
      Math.max(
        ...Array.from({ length: 100 }, (_, j) => {
          const { dx, dy } = poseAt({ ...WIND, gusts: 1 }, i * 2000 + j * 20, 4, WIDTH);
          return Math.hypot(dx, dy);
        }),
      ),
    ).sort((a, b) => a - b);
    expect(gusty[50]).toBeGreaterThan(2.5 * gusty[10]);
  });
});

describe("a shaken picture", () => {
  it("without amplitude is the picture as it was, to the byte", async () => {
    for (const t of [0, 7300]) {
      const still = camera({ scene: "car" });
      const calm = camera({ scene: "car", shake: { amplitude: 0 } });
      expect((await calm.frame(t)).equals(await still.frame(t))).toBe(true);
      expect(calm.truth(t)).toEqual(still.truth(t));
    }
  });

  it("is the same for the same seed and time", async () => {
    const [a, b] = [camera({ scene: "car", shake: WIND }), camera({ scene: "car", shake: WIND })];
    expect((await a.frame(5120)).equals(await b.frame(5120))).toBe(true);
    expect((await a.frame(5120)).equals(await b.frame(5320))).toBe(false);
  });

  it("moves the boxes of the truth with what is in them", async () => {
    const shake = { amplitude: 0.03, gusts: 0.3, roll: 1.5 };
    const still = camera({ scene: "car" });
    const shaken = camera({ scene: "car", shake });
    const reference = await luma(await still.frame(0));
    const [x, y, w, h] = still.truth(0).objects[0].box.map(Math.round);
    let moved = 0;
    for (const t of [700, 1900, 3100, 4700, 8300]) {
      const [bx, by, bw, bh] = shaken.truth(t).objects[0].box;
      const picture = await luma(await shaken.frame(t));
      // where the car of the still picture is found again: least difference over all shifts
      let best = { dx: 0, dy: 0, cost: Infinity };
      for (let dy = -11; dy <= 11; dy++) {
        for (let dx = -11; dx <= 11; dx++) {
          let cost = 0;
          for (let v = y; v < y + h; v += 2)
            for (let u = x; u < x + w; u += 2)
              cost += Math.abs(reference[v * WIDTH + u] - picture[(v + dy) * WIDTH + u + dx]);
          if (cost < best.cost) best = { dx, dy, cost };
        }
      }
      const [cx, cy] = [bx + bw / 2 - (x + w / 2), by + bh / 2 - (y + h / 2)];
      expect(Math.abs(cx - best.dx), `sideways at ${t}`).toBeLessThanOrEqual(1.5);
      expect(Math.abs(cy - best.dy), `up and down at ${t}`).toBeLessThanOrEqual(1.5);
      moved = Math.max(moved, Math.hypot(cx, cy));
    }
    expect(moved).toBeGreaterThan(3);
  });

  it("is smeared along its way, the more the faster", () => {
    const edge = (exposureMs: number, tMs: number) => {
      const raw = Buffer.alloc(WIDTH * HEIGHT * 3);
      for (let i = 0; i < raw.length; i += 3) if ((i / 3) % WIDTH >= WIDTH / 2) raw.fill(255, i, i + 3);
      shakePicture({ raw, width: WIDTH, height: HEIGHT }, { amplitude: 0.04, roll: 0 }, tMs, 4, exposureMs);
      const row = Array.from({ length: WIDTH }, (_, x) => raw[(90 * WIDTH + x) * 3]);
      return row.filter((v) => v > 5 && v < 250).length;
    };
    const speed = (t: number) =>
      Math.abs(poseAt({ amplitude: 0.04 }, t + 20, 4, WIDTH).dx - poseAt({ amplitude: 0.04 }, t - 20, 4, WIDTH).dx);
    const times = Array.from({ length: 50 }, (_, i) => i * 40).sort((a, b) => speed(a) - speed(b));
    expect(edge(80, times[49])).toBeGreaterThan(edge(80, times[0]));
    expect(edge(80, times[49])).toBeGreaterThan(edge(5, times[49]));
  });

  it("keeps boxes inside the frame, and leaves out what has left it", () => {
    const pose = { dx: 10, dy: -5, roll: 0.02 };
    const [x, y, w, h] = moveBox([300, 0, 40, 60], pose, WIDTH, HEIGHT);
    expect(x + w).toBeLessThanOrEqual(WIDTH);
    expect(y).toBe(0);
    expect([w, h].every((v) => v > 0)).toBe(true);
    expect(moveBox([20, 30, 40, 50], { dx: 2, dy: 3, roll: 0 }, WIDTH, HEIGHT)).toEqual([22, 33, 40, 50]);
  });
});
