import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { foldFrame, NEW_CAMERA, type CameraState, type Outcome, type Watch } from "./camera.ts";
import type { Box, Detection } from "./detection.ts";
import { compileRecipe, inHours, loadRecipes } from "./recipe.ts";
import { DEFAULT_TRACKS } from "./tracks.ts";
import { parseZone, standsIn } from "./zone.ts";

const RECIPES = join(import.meta.dirname, "recipes");
const recipe = (name: string) => compileRecipe(parse(readFileSync(join(RECIPES, `${name}.yaml`), "utf8")), name, 1);
const START = 1_763_776_800_000;

const seen = (label: string, box: Box, score = 0.6): Detection => ({ label, score, box });
const VENDOR = seen("person", [700, 400, 60, 160]);
const UMBRELLA = seen("umbrella", [440, 260, 240, 300]);
const STALL = [VENDOR, UMBRELLA];

/** Runs frames through a camera; the state goes through JSON each time, as if the hub were restarted between any two. */
class Camera {
  state: CameraState = NEW_CAMERA;
  readonly outcomes: [seconds: number, phase: string][] = [];
  last: Outcome | null = null;
  private readonly watch: Watch;

  constructor(name: string, zone = "", hours: unknown = undefined) {
    this.watch = {
      recipes: [{ recipe: recipe(name), zone: parseZone(zone), hours }],
      tracks: DEFAULT_TRACKS,
      minute: (ts) => Math.floor(ts / 60_000) % 1440,
    };
  }

  look(seconds: number, detections: readonly Detection[]): void {
    const frame = {
      ts: START + seconds * 1000,
      width: 1280,
      height: 720,
      found: [{ model: "general-coco", detections }],
    };
    const { state, outcomes } = foldFrame(this.state, frame, this.watch);
    this.state = JSON.parse(JSON.stringify(state)) as CameraState;
    for (const o of outcomes) {
      this.outcomes.push([seconds, o.phase]);
      this.last = o;
    }
  }

  run(from: number, to: number, step: number, what: (t: number) => readonly Detection[]): this {
    for (let t = from; t < to; t += step) this.look(t, what(t));
    return this;
  }
}

describe("suspected stall", () => {
  it("is raised after three minutes side by side, updated every five, and cleared after a minute of absence", () => {
    const camera = new Camera("stall").run(0, 600, 10, () => STALL).run(600, 800, 10, () => []);
    expect(camera.outcomes).toEqual([
      [180, "raise"],
      [480, "update"],
      // a confirmed track outlives two missing votes: last believed at 610
      [670, "clear"],
    ]);
    expect(camera.last?.dwellMs).toBe(610_000);
  });

  it("counts wall time, not frames: the same at a frame a second and a frame every half minute", () => {
    expect(new Camera("stall").run(0, 200, 1, () => STALL).outcomes).toEqual([[180, "raise"]]);
    expect(new Camera("stall").run(0, 200, 30, () => STALL).outcomes).toEqual([[180, "raise"]]);
  });

  it("bears a missed detection now and then", () => {
    const camera = new Camera("stall").run(0, 300, 10, (t) => (t % 50 === 30 ? [UMBRELLA] : STALL));
    expect(camera.outcomes.map(([, phase]) => phase)).toEqual(["raise"]);
  });

  it("is not raised by a passer-by beside parked bicycles, nor by people far from the goods, nor by goods alone", () => {
    const bicycle = seen("bicycle", [300, 440, 170, 110]);
    const walker = (t: number) => seen("person", [(t * 140) % 1200, 400, 60, 160]);
    expect(new Camera("stall").run(0, 900, 1, (t) => [bicycle, walker(t)]).outcomes).toEqual([]);
    const far = seen("person", [1180, 100, 30, 80]);
    expect(new Camera("stall").run(0, 900, 10, () => [bicycle, far]).outcomes).toEqual([]);
    expect(new Camera("stall").run(0, 900, 10, () => [UMBRELLA]).outcomes).toEqual([]);
  });

  it("counts only what stands in the zone, at the hours, and above the score", () => {
    const left = "0,0 0.3,0 0.3,1 0,1";
    expect(new Camera("stall", left).run(0, 900, 10, () => STALL).outcomes).toEqual([]);
    const minute = Math.floor(START / 60_000) % 1440;
    const clock = (m: number) => `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`;
    const later = `${clock((minute + 60) % 1440)}-${clock((minute + 90) % 1440)}`;
    expect(new Camera("stall", "", later).run(0, 900, 10, () => STALL).outcomes).toEqual([]);
    const faint = [seen("person", VENDOR.box, 0.32), UMBRELLA];
    expect(new Camera("stall").run(0, 900, 10, () => faint).outcomes).toEqual([]);
  });

  it("does not count the time that nobody watched", () => {
    const camera = new Camera("stall").run(0, 120, 10, () => STALL);
    camera.run(3600, 3770, 10, () => STALL);
    expect(camera.outcomes).toEqual([]);
    camera.run(3770, 3800, 10, () => STALL);
    expect(camera.outcomes).toEqual([[3780, "raise"]]);
  });

  it("ignores a frame that is not newer than the last", () => {
    const camera = new Camera("stall").run(0, 100, 10, () => STALL);
    const { state } = camera;
    camera.look(50, []);
    expect(camera.state).toEqual(state);
  });
});

describe("presence", () => {
  it("is raised by three of five frames with a person, wherever, and not by one false detection", () => {
    const walker = (t: number) => [seen("person", [t * 100, 400, 40, 120])];
    expect(new Camera("person").run(0, 5, 1, walker).outcomes).toEqual([[2, "raise"]]);
    expect(new Camera("person").run(0, 60, 1, (t) => (t % 10 === 0 ? walker(1) : [])).outcomes).toEqual([]);
  });
});

describe("recipes", () => {
  it("are all valid and scale their durations", () => {
    const scaled = loadRecipes([RECIPES], 0.1).find((r) => r.name === "stall");
    expect(scaled).toMatchObject({ dwellMs: 18_000, absentMs: 6000 });
    expect(() => compileRecipe({ name: "x" }, "x.yaml", 1)).toThrow(/x\.yaml/);
  });

  it("know hours over midnight", () => {
    expect([inHours("22:00-06:00", 23 * 60), inHours("22:00-06:00", 300), inHours("22:00-06:00", 720)]).toEqual([
      true,
      true,
      false,
    ]);
    expect([inHours("07:00-21:30", 420), inHours("07:00-21:30", 1290), inHours("nonsense", 5)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("take a mistyped zone for the whole frame", () => {
    expect(parseZone("0,0 1,0")).toEqual([]);
    expect(parseZone("0,0 1,0 2,2")).toEqual([]);
    const zone = parseZone("0,0.5 1,0.5 1,1 0,1");
    expect([standsIn(zone, [0.4, 0.3, 0.1, 0.3]), standsIn(zone, [0.4, 0.1, 0.1, 0.3])]).toEqual([true, false]);
  });
});
