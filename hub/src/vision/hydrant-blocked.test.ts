import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { silentLog } from "../log.ts";
import { emptyBatch, type FoldStateRow } from "../store/batch.ts";
import { CameraFold } from "./camera-fold.ts";
import { Calibrations } from "./calibration/calibrations.ts";
import type { Calibration } from "./calibration/calibration.ts";
import { metresBetween } from "./calibration/geodesy.ts";
import { offset, seenAt, type TrueCamera } from "./calibration/world.testing.ts";
import type { Box } from "./detection.ts";
import { EvidenceStore } from "./evidence.ts";
import { FalseAlarms } from "./false-alarms.ts";
import { Incidents } from "./incidents.ts";
import { Landmarks } from "./landmarks.ts";
import type { LookedAt, ModelShelf } from "./model-shelf.ts";
import { compileRecipe } from "./recipe.ts";
import { viewOf } from "./view.ts";
import { Watching } from "./watching.ts";

const dir = mkdtempSync(join(tmpdir(), "gridhub-hydrant-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const START = 1_763_776_800_000;
const RAW = parse(readFileSync(join(import.meta.dirname, "recipes/hydrant-blocked.yaml"), "utf8")) as object;
const RECIPE = compileRecipe(RAW, "hydrant-blocked.yaml", 1);
const SHELF = {
  names: ["general-coco"],
  threshold: () => 0.4,
  idOf: (name: string) => `${name}@1.0.0`,
} as unknown as ModelShelf;
const [WIDTH, HEIGHT] = [1280, 720];
/** on a pole of six metres, looking north along the street */
const CAMERA: TrueCamera = { lon: 122.45, lat: 30.72, aspect: 16 / 9, heightM: 6, bearing: 0, pitch: -15, roll: 0, fov: 60 }; // prettier-ignore
const [EAST, NORTH] = [1, 18];
const WHOLE = "0,0 1,0 1,1 0,1";

/** Marked on a plan of the town: places on the map are right within `mapErrorM`. */
function marked(mapErrorM: number): Calibration {
  const spots = [[-5, 12], [5, 12], [7, 30], [-7, 30], [0, 20]] as const; // prettier-ignore
  const points = spots.map(([east, north]) => {
    const at = offset(CAMERA.lon, CAMERA.lat, east, north);
    const [x, y] = seenAt(CAMERA, at.lon, at.lat) ?? [0, 0];
    return { x, y, ...at };
  });
  return { method: "points", aspect: 16 / 9, points, mapErrorM };
}

/** What a vehicle of this length, parked across the view with the middle of its near side there, looks like, pixels. */
function vehicle(length = 4.4, east = EAST, north = NORTH): Box {
  const ends = [-length / 2, length / 2].map((half) => {
    const at = offset(CAMERA.lon, CAMERA.lat, east + half, north);
    return seenAt(CAMERA, at.lon, at.lat) ?? [0, 0];
  });
  const width = (ends[1][0] - ends[0][0]) * WIDTH;
  return [ends[0][0] * WIDTH, ends[0][1] * HEIGHT - width / 3, width, width / 3];
}

type Hydrant = { uid: string; title: string; lon: number | null; lat: number | null };
const hydrant = (name: string, east: number, north: number): Hydrant => {
  return { uid: `t/${name}`, title: `Hydrant ${name}`, ...offset(CAMERA.lon, CAMERA.lat, east, north) };
};

/** A street with a registry; everything is folded anew from what is stored before every frame: a restart at any time. */
class Street {
  revision = 1;
  asked = 0;
  hydrants: Hydrant[];
  device: Device;
  readonly calibrations = new Calibrations();
  readonly found: Finding[] = [];
  readonly #stored = new Map<string, FoldStateRow>();
  readonly #hushes = new FalseAlarms();
  readonly #landmarks: Landmarks;
  readonly #evidence = new EvidenceStore({ dir, maxBytes: 1e9, maxAgeMs: 1e12 });

  constructor(hydrants: Hydrant[], calibration: Calibration | null, attributes: Device["attributes"] = {}) {
    this.hydrants = hydrants;
    const { lon, lat } = CAMERA;
    const edge = { id: 1, key: "t/e", site: "t", name: "e", title: "" };
    const camera = { id: 1, uid: "t/c", site: "t", name: "c", title: "", edge, gridId: "g", lon, lat, attributes };
    this.device = camera as unknown as Device;
    if (calibration !== null) this.calibrations.put(this.device, "", calibration, { who: "test", note: "" }, 1);
    this.#landmarks = new Landmarks(
      {
        revision: (kind) => (kind === "hydrant" ? this.revision : 0),
        of: (kind) => {
          this.asked++;
          return kind === "hydrant" ? this.hydrants : [];
        },
      },
      this.calibrations,
    );
    this.#evidence.start();
  }

  watching(): Watching {
    return new Watching([RECIPE], SHELF, this.#hushes, { durationScale: 1 }, this.#landmarks);
  }

  get isOn(): boolean {
    return this.watching().recipes(this.device).length > 0;
  }

  run(from: number, to: number, boxes: readonly Box[], where: { preset?: string; moving?: boolean } = {}): this {
    for (let t = from; t < to; t += 20) {
      const incidents = new Incidents();
      const fold = new CameraFold(this.#evidence, incidents, SHELF, silentLog, this.calibrations);
      const rows = JSON.parse(JSON.stringify([...this.#stored.values()])) as FoldStateRow[];
      for (const part of [fold, incidents]) part.load(rows);
      const ts = START + t * 1000;
      const header = { v: 1, ts, w: WIDTH, h: HEIGHT, why: "patrol", ...where } as const;
      const frame = { header, picture: Buffer.from(`picture ${t}`), width: WIDTH, height: HEIGHT };
      const detections = boxes.map((box) => ({ label: "car", score: 0.7, box }));
      const result = { width: WIDTH, height: HEIGHT, ms: 1, detections, luma: null };
      const looked = { name: "general-coco", id: "general-coco@1.0.0", result } as unknown as LookedAt;
      const watch = this.watching().watch(this.device, viewOf(this.device.uid, header), header);
      const batch = emptyBatch(1);
      fold.fold({ device: this.device, frame, rx: ts }, [looked], watch, batch, this.found, ts);
      for (const row of batch.foldState) this.#stored.set(row.key, row);
    }
    return this;
  }

  get phases(): [seconds: number, phase: string][] {
    return this.found.map((f) => [(f.ts - START) / 1000, f.phase]);
  }

  get beside(): unknown {
    return this.found[0]?.evidence.beside;
  }
}

describe("a vehicle at a hydrant", () => {
  it("is raised after three minutes a metre from a registered hydrant, which the evidence names, at its own place", () => {
    const near = hydrant("h1", EAST, NORTH + 1);
    const street = new Street([hydrant("far", 40, 60), near], marked(0.5)).run(0, 300, [vehicle()]);
    expect(street.phases).toEqual([[180, "raise"]]);
    const [{ kind, severity, lon, lat, evidence }] = street.found;
    expect([kind, severity, evidence.located]).toEqual(["vision.hydrant_blocked", 2, "calibration"]);
    const { metres, errorM, ...rest } = evidence.beside as { metres: number; errorM: number };
    expect(rest).toEqual({ kind: "hydrant", device: "t/h1", title: "Hydrant h1", by: "place" });
    expect(metres).toBeGreaterThan(0.8);
    expect(metres).toBeLessThan(1.2);
    expect(errorM).toBeGreaterThan(0.3);
    expect(errorM).toBeLessThan(3);
    const truth = offset(CAMERA.lon, CAMERA.lat, EAST, NORTH);
    expect(metresBetween(lon ?? 0, lat ?? 0, truth.lon, truth.lat)).toBeLessThan(0.2);
    street.run(300, 500, []);
    expect(street.phases.at(-1)?.[1]).toBe("clear");
  });

  it("is nothing eight metres beside it, in any direction", () => {
    const beside = [[EAST + 2.2 + 8, NORTH], [EAST - 2.2 - 8, NORTH], [EAST, NORTH + 8], [EAST, NORTH - 8]]; // prettier-ignore
    for (const [east, north] of beside) {
      const street = new Street([hydrant("h1", east, north)], marked(0.5)).run(0, 600, [vehicle()]);
      expect([street.isOn, street.phases]).toEqual([true, []]);
    }
  });

  it("is measured from end to end: a bus before a hydrant at its rear", () => {
    const rear = hydrant("h1", EAST + 5, NORTH + 1);
    expect(new Street([rear], marked(0.5)).run(0, 300, [vehicle(12)]).phases).toEqual([[180, "raise"]]);
    expect(new Street([rear], marked(0.5)).run(0, 300, [vehicle(1)]).phases).toEqual([]);
  });

  it("is not believed by a place that is too uncertain; a drawn zone tells then, and the evidence says why", () => {
    const near = [hydrant("h1", EAST, NORTH + 1)];
    const vague = marked(4);
    expect(new Street(near, vague).run(0, 600, [vehicle()]).phases).toEqual([]);
    const drawn = new Street(near, vague, { hydrant_zone: WHOLE }).run(0, 300, [vehicle()]);
    expect(drawn.phases).toEqual([[180, "raise"]]);
    const [look] = drawn.watching().looks(drawn.device, START);
    expect(look).toMatchObject({ zone: WHOLE, beside: { kind: "hydrant", within: 3, devices: 0, uncertain: 1 } });
    expect(drawn.beside).toMatchObject({ device: "t/h1", by: "zone", why: "uncertain" });
    expect((drawn.beside as { errorM: number }).errorM).toBeGreaterThan(3);
  });

  it("needs the drawn zone where the camera is not calibrated, and stands in it", () => {
    const near = [hydrant("h1", EAST, NORTH + 1)];
    const bare = new Street(near, null);
    expect(bare.isOn).toBe(false);
    expect(bare.run(0, 600, [vehicle()]).phases).toEqual([]);
    expect(new Street(near, null, { hydrant_zone: "0,0" }).isOn).toBe(false);
    const drawn = new Street([], null, { hydrant_zone: WHOLE });
    expect(drawn.isOn).toBe(true);
    expect(drawn.run(0, 300, [vehicle()]).phases).toEqual([[180, "raise"]]);
    expect(drawn.beside).toEqual({ kind: "hydrant", device: null, by: "zone", why: "not_calibrated" });
    const elsewhere = { hydrant_zone: "0,0 0.2,0 0.2,0.2 0,0.2" };
    expect(new Street([], null, elsewhere).run(0, 600, [vehicle()]).phases).toEqual([]);
  });

  it("is on where a calibrated view shows a hydrant and tells places there, nowhere else", () => {
    const on = (hydrants: Hydrant[], calibration: Calibration | null = marked(0.5)) =>
      new Street(hydrants, calibration).isOn;
    expect(on([hydrant("ahead", 0, 20)])).toBe(true);
    expect(on([hydrant("behind", 0, -20)])).toBe(false);
    expect(on([hydrant("aside", 60, 20)])).toBe(false);
    expect(on([hydrant("too far to tell", 0, 200)])).toBe(false);
    expect(on([{ ...hydrant("no place", 0, 20), lon: null, lat: null }])).toBe(false);
    expect(on([hydrant("ahead", 0, 20)], marked(4))).toBe(false);
    expect(on([])).toBe(false);
  });

  it("follows the hydrant: moved in the registry it is another place, and the registry is asked once a change", () => {
    const street = new Street([hydrant("h1", EAST, NORTH + 1)], marked(0.5)).run(0, 300, [vehicle()]);
    expect(street.asked).toBe(1);
    street.hydrants = [hydrant("h1", EAST - 6, NORTH + 9)];
    street.revision++;
    street.run(300, 500, [vehicle()]);
    expect(street.phases.map(([, phase]) => phase)).toEqual(["raise", "clear"]);
    expect(street.asked).toBe(2);
    // and back, under another name
    street.hydrants = [hydrant("h2", EAST, NORTH + 1)];
    street.revision++;
    street.run(500, 900, [vehicle()]);
    expect(street.phases.map(([, phase]) => phase)).toEqual(["raise", "clear", "raise"]);
    expect(street.found[2].evidence.beside).toMatchObject({ device: "t/h2" });
  });

  it("is switched on by a calibration and off when that is taken away", () => {
    const street = new Street([hydrant("h1", EAST, NORTH + 1)], null);
    const watching = street.watching();
    const on = () => watching.recipes(street.device).length > 0;
    const seen = [on()];
    street.calibrations.put(street.device, "", marked(0.5), { who: "test", note: "" }, 2);
    seen.push(on());
    street.calibrations.remove(street.device, "", { who: "test", note: "" }, 3);
    expect([...seen, on()]).toEqual([false, true, false]);
  });

  it("is not placed by a camera that turns away or was carried elsewhere", () => {
    const near = [hydrant("h1", EAST, NORTH + 1)];
    expect(new Street(near, marked(0.5)).run(0, 600, [vehicle()], { preset: "gate" }).phases).toEqual([]);
    expect(new Street(near, marked(0.5)).run(0, 600, [vehicle()], { moving: true }).phases).toEqual([]);
    const carried = new Street(near, marked(0.5));
    carried.device = { ...carried.device, lon: CAMERA.lon + 0.001 };
    expect(carried.run(0, 600, [vehicle()]).phases).toEqual([]);
  });

  it("stays at the one that it was raised for while another vehicle stands at another hydrant", () => {
    const two = [hydrant("h1", EAST, NORTH + 1), hydrant("h2", -5, 26)];
    const second = vehicle(4.4, -5, 25);
    const street = new Street(two, marked(0.5)).run(0, 100, [vehicle()]).run(100, 300, [vehicle(), second]);
    expect(street.phases).toEqual([[180, "raise"]]);
    const [{ lon, lat, evidence }] = street.found;
    expect(evidence.beside).toMatchObject({ device: "t/h1" });
    const truth = offset(CAMERA.lon, CAMERA.lat, EAST, NORTH);
    expect(metresBetween(lon ?? 0, lat ?? 0, truth.lon, truth.lat)).toBeLessThan(0.2);
  });
});

it.each([
  [{ beside: { kind: "hydrant" } }, /own\.yaml: \/roles\/0\/beside must have required properties within/],
  [{ beside: { kind: "hydrant", within: 0 } }, /own\.yaml: \/roles\/0\/beside\/within must be >= 0\.5/],
  [{ beside: { kind: "Hydrant!", within: 3 } }, /own\.yaml: \/roles\/0\/beside\/kind must match/],
  [{ beside: { kind: "hydrant", within: 3, of: 1 } }, /own\.yaml: \/roles\/0\/beside\/of /],
])("refuses a wrong recipe with a reason: %j", (role, why) => {
  const roles = [{ role: "vehicle", labels: ["car"], stay: "1m", ...role }];
  expect(() => compileRecipe({ ...RAW, roles }, "own.yaml", 1)).toThrow(why);
});

it("refuses a recipe that asks for a drawn zone and for a device in its stead", () => {
  expect(() => compileRecipe({ ...RAW, zoneNeeded: true }, "own.yaml", 1)).toThrow(
    /beside of vehicle stands for the zone/,
  );
});
