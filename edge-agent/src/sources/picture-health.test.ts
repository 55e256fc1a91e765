import { describe, expect, it } from "vitest";
import { type Look, PictureHealth } from "./picture-health.ts";

const T0 = 1_763_776_800_000;
let counter = 0;
const look = (now: number, change: Partial<Look> = {}): Look => ({
  now,
  bytes: Buffer.from(String(counter++)),
  mean: 90,
  deviation: 30,
  cameraTime: null,
  minFps: 0,
  ...change,
});

describe("picture health", () => {
  it("wants more than one dull look, and tells black from covered", () => {
    const health = new PictureHealth(0);
    const dull = (mean: number) => [0, 1, 2].map((i) => health.judge(look(T0 + i, { mean, deviation: 1 })));
    expect(dull(2)).toEqual(["ok", "ok", "black"]);
    expect(health.judge(look(T0))).toBe("ok");
    expect(dull(70)).toEqual(["ok", "ok", "covered"]);
  });

  it("calls the same bytes frozen after twenty looks, not after an outage between", () => {
    const health = new PictureHealth(0);
    const bytes = Buffer.from("same");
    const codes = Array.from({ length: 21 }, (_, i) => health.judge(look(T0 + i * 500, { bytes })));
    expect(codes.indexOf("frozen")).toBe(20);
    health.interrupted();
    expect(health.judge(look(T0 + 20_000, { bytes }))).toBe("ok");
  });

  it("measures the rate over its window, forgets it in an outage and when the clock is set back", () => {
    const health = new PictureHealth(0);
    const run = (from: number, stepMs: number, seconds: number) => {
      let code = "";
      for (let t = 0; t <= seconds * 1000; t += stepMs) code = health.judge(look(from + t, { minFps: 1 }));
      return code;
    };
    expect(run(T0, 500, 60)).toBe("ok");
    expect(run(T0 + 60_500, 2000, 60)).toBe("low_fps");
    expect(run(T0 + 122_000, 500, 60)).toBe("ok");
    expect(run(T0 - 86_400_000, 2000, 10)).toBe("ok");
    expect(run(T0 - 80_000_000, 2000, 60)).toBe("low_fps");
    health.interrupted();
    expect(health.judge(look(T0, { minFps: 1 }))).toBe("ok");
  });

  it("tells a wrong clock after three answers, either way, where a limit is set", () => {
    const skewed = (health: PictureHealth, skew: number) =>
      [0, 1, 2].map((i) => health.judge(look(T0 + i, { cameraTime: T0 + i + skew })));
    expect(skewed(new PictureHealth(60_000), 60_001)).toEqual(["ok", "ok", "clock_skew"]);
    expect(skewed(new PictureHealth(60_000), -60_001)).toEqual(["ok", "ok", "clock_skew"]);
    expect(skewed(new PictureHealth(60_000), 59_000)).toEqual(["ok", "ok", "ok"]);
    expect(skewed(new PictureHealth(0), 1e12)).toEqual(["ok", "ok", "ok"]);
  });

  it("shows a restart for a minute, below what is wrong with the picture", () => {
    const health = new PictureHealth(0);
    health.rebooted(T0);
    expect(health.judge(look(T0))).toBe("rebooted");
    const dull = [1, 2, 3].map((i) => health.judge(look(T0 + i, { mean: 1, deviation: 0 })));
    expect(dull.at(-1)).toBe("black");
    expect(health.judge(look(T0 + 59_999))).toBe("rebooted");
    expect(health.judge(look(T0 + 60_000))).toBe("ok");
  });
});
