import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { foldFrame, NEW_CAMERA, type CameraState, type Outcome, type Watch, type Watched } from "./camera.ts";
import { readCameraState } from "./camera-state.ts";
import type { Box, Detection } from "./detection.ts";
import type { Luma } from "./look.ts";
import { compileRecipe } from "./recipe.ts";
import { DEFAULT_TRACKS } from "./tracks.ts";
import { parseLine, parseZone } from "./zone.ts";

const RECIPES = join(import.meta.dirname, "recipes");
const recipe = (name: string) => compileRecipe(parse(readFileSync(join(RECIPES, `${name}.yaml`), "utf8")), name, 1);
const START = 1_763_776_800_000;
const [WIDTH, HEIGHT] = [1280, 720];
const FIRE_MODEL = "fire-smoke-waste";

const seen = (label: string, box: Box, score = 0.6): Detection => ({ label, score, box });

/** A street as 96 x 54 cells, with patterned things in it, in any light. */
function street(
  light: number | ((u: number, v: number) => number),
  things: readonly { readonly box: Box; readonly pattern: number }[] = [],
): Luma {
  const [w, h] = [96, 54];
  const lit = typeof light === "number" ? () => light : light;
  const data = new Uint8Array(w * h);
  let sum = 0;
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      let v = 90 + 20 * Math.sin(y / 5);
      for (const { box, pattern } of things) {
        const [u, t] = [(x / w - box[0]) / box[2], (y / h - box[1]) / box[3]];
        if (u >= 0 && u < 1 && t >= 0 && t < 1)
          v = 110 + 70 * Math.sin(u * 7 + pattern) * Math.cos(t * 5 + pattern * 2);
      }
      sum += data[y * w + x] = Math.max(0, Math.min(255, v * lit(x / w, y / h)));
    }
  }
  return { w, h, data, mean: sum / (w * h) };
}

/** A night by a camera's own lamp: bright in front, nothing far away; and the moment in which its filter moves. */
const infrared = (u: number, v: number): number => 2.2 * v * v * Math.exp(-(((u - 0.5) / 0.4) ** 2));
const flash = (u: number, v: number): number => 6 * infrared(u, v);

/** Runs frames through a camera; the state goes through JSON each time, as if the hub were restarted between any two. */
class Camera {
  state: CameraState = NEW_CAMERA;
  readonly outcomes: [seconds: number, phase: string][] = [];
  readonly raw: Outcome[] = [];
  readonly watch: Watch;
  private readonly model: string;

  constructor(name: string, more: Partial<Watched> = {}, watch: Partial<Watch> = {}) {
    const watched = { recipe: recipe(name), zone: [], hours: undefined, ...more };
    this.model = watched.recipe.model;
    this.watch = { recipes: [watched], tracks: DEFAULT_TRACKS, minute: () => 600, ...watch };
  }

  look(seconds: number, detections: readonly Detection[], luma: Luma | null = null): void {
    const found = [{ model: this.model, detections }];
    const frame = { ts: START + seconds * 1000, width: WIDTH, height: HEIGHT, luma, found };
    const { state, outcomes } = foldFrame(this.state, frame, this.watch);
    const restored = readCameraState(JSON.parse(JSON.stringify(state)));
    if (restored === null) throw new Error("the state did not survive");
    this.state = restored;
    for (const o of outcomes) {
      this.outcomes.push([seconds, o.phase]);
      this.raw.push(o);
    }
  }

  run(
    from: number,
    to: number,
    step: number,
    what: (t: number) => readonly Detection[],
    luma?: (t: number) => Luma,
  ): this {
    for (let t = from; t < to; t += step) this.look(t, what(t), luma?.(t) ?? null);
    return this;
  }
}

describe("fire and smoke", () => {
  /** a flame: its box breathes */
  const flame = (t: number) => [seen("fire", [600, 400 - (t % 7) * 6, 60 + (t % 5) * 6, 100 + (t % 7) * 6])];

  it("is raised by what flickers within half a minute, and cleared after two minutes without", () => {
    const camera = new Camera("fire").run(0, 60, 10, flame).run(60, 300, 10, () => []);
    expect(camera.outcomes).toEqual([
      [20, "raise"],
      [170, "clear"],
    ]);
    expect(camera.raw[0].objects[0].flicker).toBeGreaterThan(0.05);
  });

  it("is not raised by a lamp, which neither moves nor grows", () => {
    const jitter = (t: number) => Math.round(Math.sin(t * 12.9));
    const lamp = (t: number) => [seen("fire", [600 + jitter(t), 300, 60 + jitter(t + 1), 60], 0.9)];
    expect(new Camera("fire").run(0, 1800, 10, lamp).outcomes).toEqual([]);
  });

  it("believes the picture rather than the box: a box that jumps about a lamp is no fire", () => {
    const lamp = { box: [0.45, 0.4, 0.1, 0.2] as Box, pattern: 2 };
    const jumpy = (t: number) => [seen("fire", [576 - (t % 3) * 9, 288, 128 + (t % 3) * 18, 144], 0.9)];
    expect(new Camera("fire").run(0, 600, 10, jumpy, () => street(0.8, [lamp])).outcomes).toEqual([]);
    const burning = (t: number) => street(0.8, [{ ...lamp, pattern: t }]);
    expect(new Camera("fire").run(0, 100, 10, jumpy, burning).outcomes).toHaveLength(1);
  });

  it("is raised by slow growth alone", () => {
    const grows = (t: number) => [seen("smoke", [400 - t / 4, 300 - t / 4, 100 + t / 2, 100 + t / 2])];
    const [first] = new Camera("smoke").run(0, 600, 10, grows).outcomes;
    expect(first).toEqual([30, "raise"]);
    const still = () => [seen("smoke", [400, 300, 100, 100])];
    expect(new Camera("smoke").run(0, 600, 10, still).outcomes).toEqual([]);
  });

  it("is not raised by a lamp in the moment in which the camera changes to infrared, or back", () => {
    const lamp = { box: [0.45, 0.4, 0.1, 0.2] as Box, pattern: 2 };
    const detected = () => [seen("fire", [576, 288, 128, 144], 0.9)];
    for (const seconds of [600, 610, 625]) {
      // dusk, night and dawn, with a frame in the very flash and one in the dark moment after it
      const light = (t: number) =>
        t < seconds ? 0.5 : t < seconds + 5 ? flash : t < 1800 ? infrared : t < 1805 ? 0.1 : 0.6;
      const camera = new Camera("fire").run(0, 2400, 10, detected, (t) => street(light(t), [lamp]));
      expect(camera.outcomes, `at ${seconds} s`).toEqual([]);
    }
  });

  it("needs k votes within the window: sightings minutes apart do not add up", () => {
    expect(new Camera("fire").run(0, 1200, 100, flame).outcomes).toEqual([]);
  });

  it("takes the class's threshold from the card, and the posture's factor on it", () => {
    const faint = (t: number) => flame(t).map((d) => ({ ...d, score: 0.35 }));
    const threshold = () => 0.4;
    expect(new Camera("fire", {}, { threshold }).run(0, 120, 10, faint).outcomes).toEqual([]);
    expect(new Camera("fire", {}, { threshold, scoreFactor: 0.8 }).run(0, 120, 10, faint).outcomes).toHaveLength(1);
  });

  it("stays quiet where somebody said false alarm, until the cooldown ends, unless it grows", () => {
    const hushed = [{ box: [0.45, 0.4, 0.1, 0.3] as Box, until: START + 600_000 }];
    const camera = new Camera("fire", { hushed }).run(0, 900, 10, flame);
    expect(camera.outcomes[0]).toEqual([600, "raise"]);
    const large = (t: number) => [seen("fire", [400, 100 + (t % 7) * 9, 450, 500 - (t % 7) * 9])];
    expect(new Camera("fire", { hushed }).run(0, 300, 10, large).outcomes[0]).toEqual([20, "raise"]);
  });
});

describe("rubbish", () => {
  const bag = () => [seen("garbage", [500, 500, 120, 80])];
  it("is raised after five minutes at one place, once, over a restart between any two frames", () => {
    const camera = new Camera("debris").run(0, 900, 30, bag);
    expect(camera.outcomes).toEqual([[300, "raise"]]);
  });

  it("is not raised by what somebody carries past or takes away again", () => {
    const carried = (t: number) => [seen("garbage", [(t * 13) % 1200, 500, 120, 80])];
    expect(new Camera("debris").run(0, 1800, 30, carried).outcomes).toEqual([]);
    expect(new Camera("debris").run(0, 240, 30, bag).run(240, 900, 30, () => []).outcomes).toEqual([]);
  });
});

describe("a vehicle on a fire lane", () => {
  const zone = parseZone("0.3,0.3 0.7,0.3 0.7,1 0.3,1");
  const CAR: Box = [500, 380, 260, 140];
  const place: Box = [500 / WIDTH, 380 / HEIGHT, 260 / WIDTH, 140 / HEIGHT];
  const parked = { box: place, pattern: 1 };

  it("is one event through a night of changing light and labels", () => {
    // dusk, a night in which the model sees it seldom and calls it a truck, street lamps, headlights, dawn
    const light = (t: number) =>
      t < 3600 ? 1 : t < 28_800 ? 0.32 + 0.1 * Math.sin(t / 40) + (t % 900 < 20 ? 0.5 : 0) : 0.9;
    const model = (t: number) =>
      t < 3600 || t >= 28_800 ? [seen("car", CAR)] : t % 3000 < 60 ? [seen("truck", [505, 385, 250, 140], 0.4)] : [];
    const camera = new Camera("fire-lane", { zone }).run(0, 32_400, 20, model, (t) => street(light(t), [parked]));
    expect(camera.outcomes.filter(([, phase]) => phase !== "update")).toEqual([[180, "raise"]]);
    // it leaves by day, and that is noticed
    camera.run(
      32_400,
      32_600,
      20,
      () => [],
      () => street(0.9),
    );
    expect(camera.outcomes.at(-1)?.[1]).toBe("clear");
  });

  it("is one event through the change to infrared and back, seen or not in the flash and at night", () => {
    for (const seenAtNight of [true, false]) {
      const light = (t: number) =>
        t < 1200 ? 0.5 : t < 1220 ? flash : t < 7200 ? infrared : t < 7220 ? 0.05 : t < 7260 ? 0.3 : 0.8;
      const model = (t: number) =>
        t < 1200 || t >= 7260 ? [seen("car", CAR)] : seenAtNight && t >= 1260 ? [seen("truck", CAR, 0.5)] : [];
      const camera = new Camera("fire-lane", { zone }).run(0, 9000, 20, model, (t) => street(light(t), [parked]));
      expect(camera.outcomes.filter(([, phase]) => phase !== "update")).toEqual([[180, "raise"]]);
    }
  });

  it("is not ended by complete darkness", () => {
    const camera = new Camera("fire-lane", { zone }).run(
      0,
      400,
      20,
      () => [seen("car", CAR)],
      () => street(1, [parked]),
    );
    camera.run(
      400,
      7200,
      20,
      () => [],
      () => street(0.02, [parked]),
    );
    camera.run(
      7200,
      7600,
      20,
      () => [seen("car", CAR)],
      () => street(1, [parked]),
    );
    expect(camera.outcomes.filter(([, phase]) => phase !== "update")).toEqual([[180, "raise"]]);
  });

  it("keeps its dwell behind a bus that stops in front of it", () => {
    const bus = { box: [0.25, 0.3, 0.5, 0.6] as Box, pattern: 4 };
    const camera = new Camera("fire-lane", { zone });
    camera.run(
      0,
      120,
      20,
      () => [seen("car", CAR)],
      () => street(1, [parked]),
    );
    camera.run(
      120,
      200,
      20,
      () => [],
      () => street(1, [parked, bus]),
    );
    const id = () => Object.values(camera.state.tracks)[0][0]?.id;
    const before = id();
    camera.run(
      200,
      320,
      20,
      () => [seen("car", CAR)],
      () => street(1, [parked]),
    );
    expect(id()).toBe(before);
    expect(camera.outcomes).toEqual([[280, "raise"]]);
    expect(camera.raw[0].dwellMs).toBe(280_000);
  });

  it("ends when another picture is at its place and the model sees nothing there", () => {
    const camera = new Camera("fire-lane", { zone }).run(
      0,
      400,
      20,
      () => [seen("car", CAR)],
      () => street(1, [parked]),
    );
    camera.run(
      400,
      600,
      20,
      () => [],
      () => street(1),
    );
    expect(camera.outcomes.map(([, phase]) => phase)).toEqual(["raise", "clear"]);
  });
});

describe("a line", () => {
  const line = parseLine("0,0.7 1,0.7");
  const walker = (y: number) => [seen("person", [600, y - 200, 70, 200])];

  it("counts in one direction, for what was followed across it", () => {
    const down = new Camera("crossing", { line }).run(0, 12, 1, (t) => walker(420 + t * 20));
    expect(down.outcomes).toEqual([[5, "raise"]]);
    const up = new Camera("crossing", { line }).run(0, 12, 1, (t) => walker(620 - t * 20));
    expect(up.outcomes).toEqual([]);
    expect([parseLine("0,0"), parseLine("0,0 2,2"), parseLine(7)]).toEqual([null, null, null]);
  });
});

it("reads the state of the version before, and nothing else", () => {
  const track = { id: 3, label: "car", box: [0, 0, 0.1, 0.1], score: 0.5, first: 1, last: 9, votes: 7 };
  const recipes = { stall: { since: 1, seen: 9, votes: 5, absent: 0, raised: 4, updated: 4 } };
  const old = { v: 1, at: 9, nextId: 4, tracks: { m: [{ ...track, anchor: track.box, since: 1 }] }, recipes };
  const now = readCameraState(old);
  expect(now?.recipes.stall).toMatchObject({ since: 1, raised: 4, looks: [7, 9] });
  expect(now?.tracks.m[0]).toMatchObject({ id: 3, look: null, held: 0 });
  expect([readCameraState(null), readCameraState({ v: 3 }), readCameraState([])]).toEqual([null, null, null]);
});

it("takes a frame that one model of a recipe did not look at for no vote", () => {
  const camera = new Camera("debris");
  camera.run(0, 330, 30, () => [seen("garbage", [500, 500, 120, 80])]);
  for (let t = 330; t < 600; t += 30) {
    const frame = {
      ts: START + t * 1000,
      width: WIDTH,
      height: HEIGHT,
      found: [{ model: "general-coco", detections: [] }],
    };
    const { state, outcomes } = foldFrame(camera.state, frame, camera.watch);
    expect(outcomes).toEqual([]);
    camera.state = state;
  }
  expect(camera.state.tracks[FIRE_MODEL]).toHaveLength(1);
});
