import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Device } from "../device.ts";
import { foldFrame, NEW_CAMERA, type CameraState, type Outcome, type Watch } from "./camera.ts";
import { readCameraState } from "./camera-state.ts";
import { composeFinding } from "./compose.ts";
import { countsOf, parseCount } from "./count.ts";
import type { Detection } from "./detection.ts";
import { FalseAlarms } from "./false-alarms.ts";
import type { ModelShelf } from "./model-shelf.ts";
import { compileRecipe } from "./recipe.ts";
import { Watching } from "./watching.ts";

const RAW = parse(readFileSync(join(import.meta.dirname, "recipes/crowding.yaml"), "utf8")) as {
  roles: Record<string, unknown>[];
};
const RECIPE = compileRecipe(RAW, "crowding.yaml", 1);
const START = 1_763_776_800_000;
const SHELF = { names: ["general-coco"], threshold: () => 0.4 } as unknown as ModelShelf;
/** the lower half of the picture */
const ZONE = "0,0.5 1,0.5 1,1 0,1";

const device = (attributes: Device["attributes"]): Device =>
  ({ id: 1, uid: "t/c", site: "t", name: "c", lon: 122.4, lat: 30.7, gridId: "g", attributes }) as unknown as Device;

/** So many people in the lower half, in two rows; others in the upper one. They sway. */
function people(inside: number, t: number, outside = 0): Detection[] {
  const at = (i: number, y: number): Detection => {
    const sway = ((t + i * 7) % 5) - 2;
    return { label: "person", score: 0.6, box: [20 + (i % 20) * 60 + sway, y + Math.floor(i / 20) * 90, 40, 110] };
  };
  return [
    ...Array.from({ length: inside }, (_, i) => at(i, 420)),
    ...Array.from({ length: outside }, (_, i) => at(i, 20)),
  ];
}

/** The state goes through JSON with every frame, as if the hub were restarted between any two. */
class Square {
  state: CameraState = NEW_CAMERA;
  readonly outcomes: [seconds: number, phase: string][] = [];
  readonly raw: Outcome[] = [];
  readonly device: Device;
  readonly #watching = new Watching([RECIPE], SHELF, new FalseAlarms(), { durationScale: 1 });

  constructor(attributes: Device["attributes"] = {}) {
    this.device = device({ crowd_zone: ZONE, ...attributes });
  }

  get watch(): Watch {
    return this.#watching.watch(this.device);
  }

  run(from: number, to: number, step: number, what: (t: number) => readonly Detection[]): this {
    for (let t = from; t < to; t += step) {
      const found = [{ model: "general-coco", detections: what(t) }];
      const frame = { ts: START + t * 1000, width: 1280, height: 720, found };
      const { state, outcomes } = foldFrame(this.state, frame, this.watch);
      const restored = readCameraState(JSON.parse(JSON.stringify(state)));
      if (restored === null) throw new Error("the state did not survive");
      this.state = restored;
      for (const o of outcomes) {
        this.outcomes.push([t, o.phase]);
        this.raw.push(o);
      }
    }
    return this;
  }
}

describe("crowding", () => {
  it("is raised by ten at a time for a minute, over a restart between any two frames, and not by nine", () => {
    expect(new Square().run(0, 120, 10, (t) => people(10, t)).outcomes).toEqual([[60, "raise"]]);
    expect(new Square().run(0, 600, 10, (t) => people(9, t)).outcomes).toEqual([]);
  });

  it("counts those in the zone alone, and who stays", () => {
    expect(new Square().run(0, 600, 10, (t) => people(9, t, 9)).outcomes).toEqual([]);
    const passing = (t: number): Detection[] => [
      ...people(6, t),
      ...people(9, t).map((d): Detection => ({ ...d, box: [(d.box[0] + t * 31) % 1200, 590, 40, 110] })),
    ];
    expect(new Square().run(0, 600, 10, passing).outcomes).toEqual([]);
  });

  it("counts over frames: of twelve it sees other nine each time", () => {
    const some = (t: number) => people(12, t).filter((_, i) => (i + t / 10) % 4 !== 0);
    expect(new Square().run(0, 120, 10, some).outcomes).toEqual([[70, "raise"]]);
  });

  it("takes one who is not seen now and then for no end of the wait, and few who pass for no crowd", () => {
    expect(new Square().run(0, 120, 10, (t) => people(t % 30 === 10 ? 8 : 11, t)).outcomes).toEqual([[60, "raise"]]);
    expect(new Square().run(0, 600, 10, (t) => people(t % 120 < 30 ? 14 : 3, t)).outcomes).toEqual([]);
  });

  it("goes on while eight are left and ends a minute after there are seven", () => {
    const square = new Square().run(0, 120, 10, (t) => people(12, t)).run(120, 290, 10, (t) => people(8, t));
    expect(square.outcomes).toEqual([[60, "raise"]]);
    square.run(290, 400, 10, (t) => people(7, t));
    expect(square.outcomes).toEqual([
      [60, "raise"],
      [360, "clear"],
    ]);
    // eight do not raise it again
    square.run(400, 900, 10, (t) => people(8, t));
    expect(square.outcomes).toHaveLength(2);
  });

  it("says how many were seen, at most, asked for and needed to go on", () => {
    const square = new Square().run(0, 120, 10, (t) => people(t < 30 ? 14 : 12, t)).run(120, 300, 10, () => []);
    const [raise, clear] = square.raw;
    expect(raise.objects).toHaveLength(12);
    expect(clear.count).toEqual({ need: 10, keep: 8, seen: 12, most: 14 });
    const report = { phase: "raise", subject: "place:t/c", cameras: ["t/c"] } as const;
    const placed = { point: null, located: "camera" } as const;
    const around = { ts: START, edgeTs: START, view: "t/c", report, placed, frames: [], model: "m" };
    const { evidence, kind } = composeFinding(raise, { device: square.device, ...around });
    expect(kind).toBe("vision.crowding");
    expect(evidence).toMatchObject({ counted: { seen: 12, most: 14, need: 10, keep: 8 } });
  });

  it("takes the camera's own count, as a number or as text, and the recipe's where that is mistyped", () => {
    const raised = (crowd_count: number | string, n: number) =>
      new Square({ crowd_count }).run(0, 120, 10, (t) => people(n, t)).outcomes.length;
    expect([raised(4, 4), raised("4", 4), raised(4, 3), raised(30, 29), raised(30, 30)]).toEqual([1, 1, 0, 0, 1]);
    expect([raised("many", 9), raised("many", 10), raised(0, 9), raised(2.5, 9), raised(101, 10)]).toEqual([0, 1, 0, 0, 1]); // prettier-ignore
    expect(["12", 12, " 7 ", "7 people", -1, "", true, null].map(parseCount)).toEqual([12, 12, 7, null, null, null, null, null]); // prettier-ignore
    expect(countsOf(RECIPE, { crowd_count: 5 })).toEqual([{ need: 5, keep: 4 }]);
    expect(countsOf(RECIPE, {})).toEqual(RECIPE.counts);
  });

  it("looks only where its zone is drawn", () => {
    const watching = new Watching([RECIPE], SHELF, new FalseAlarms(), { durationScale: 1 });
    const names = (attributes: Device["attributes"]) => watching.recipes(device(attributes)).map((r) => r.name);
    expect([names({}), names({ crowd_zone: "0,0" }), names({ crowd_zone: ZONE })]).toEqual([[], [], ["crowding"]]);
  });
});

describe("a recipe with a count", () => {
  const compile = (role: Record<string, unknown>) => () =>
    compileRecipe({ ...RAW, roles: [{ role: "person", labels: ["person"], stay: "0s", ...role }] }, "own.yaml", 1);

  it.each([
    [{ count: 0 }, /own\.yaml: \/roles\/0\/count must be >= 1/],
    [{ count: 101 }, /own\.yaml: \/roles\/0\/count must be <= 100/],
    [{ count: 2.5 }, /own\.yaml: \/roles\/0\/count must be integer/],
    [{ count: 5, keep: 1.5 }, /own\.yaml: \/roles\/0\/keep must be <= 1/],
    [{ count: 5, keep: 0 }, /own\.yaml: \/roles\/0\/keep must be >= 0\.1/],
    [{ count: 5, countFrom: "" }, /own\.yaml: \/roles\/0\/countFrom/],
    [{ keep: 0.5 }, /own\.yaml: keep of person needs a count/],
  ])("is refused with a reason: %j", (role, why) => {
    expect(compile(role)).toThrow(why);
  });

  it("keeps at least one, whole numbers, and one object where it says nothing", () => {
    const counts = (role: Record<string, unknown>) => compile(role)().counts[0];
    expect(counts({})).toEqual({ need: 1, keep: 1 });
    expect(counts({ count: 2, keep: 0.1 })).toEqual({ need: 2, keep: 1 });
    expect(counts({ count: 10, keep: 0.7 })).toEqual({ need: 10, keep: 7 });
    expect(counts({ count: 3 })).toEqual({ need: 3, keep: 2 });
    expect(counts({ count: 100, keep: 1 })).toEqual({ need: 100, keep: 100 });
  });
});
