import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { silentLog } from "../log.ts";
import { emptyBatch, type FoldStateRow } from "../store/batch.ts";
import { CameraFold } from "./camera-fold.ts";
import { EvidenceStore } from "./evidence.ts";
import { FalseAlarms } from "./false-alarms.ts";
import { Incidents } from "./incidents.ts";
import type { LookedAt, ModelShelf } from "./model-shelf.ts";
import { compileRecipe } from "./recipe.ts";
import { uidOf, viewOf } from "./view.ts";
import { Watching } from "./watching.ts";

const START = 1_763_776_800_000;
const dir = mkdtempSync(join(tmpdir(), "gridhub-views-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const RECIPE = compileRecipe(
  {
    ...{ name: "car", event: "vision.car", title: "Car", titleZh: "车", severity: 3, model: "m", everywhere: true },
    roles: [{ role: "car", labels: ["car"], stay: "0s" }],
    ...{ zone: "zone", hours: "watch_hours", dwell: "20s", votes: { k: 2, n: 3 }, absent: 2, absentFor: "10s" },
    ...{ update: "1h", radius: 0 },
  },
  "car.yaml",
  1,
);
const camera = {
  ...{ id: 1, uid: "t/ptz", site: "t", name: "ptz", attributes: {}, gridId: "g", lon: 122.4, lat: 30.7 },
  edge: { id: 1, key: "t/e", site: "t", name: "e", title: "" },
} as unknown as Device;

function seen(cars: number): LookedAt {
  const detections = Array.from({ length: cars }, () => ({
    label: "car",
    score: 0.9,
    box: [100, 100, 80, 60] as const,
  }));
  const luma = { w: 1, h: 1, data: Uint8Array.of(120), mean: 120 };
  return { name: "m", id: "m@1.0.0", result: { width: 640, height: 360, ms: 1, detections, luma } };
}

/** A camera that turns, folded anew from what is stored before every frame: a restart of the hub at any time. */
function scene() {
  const shelf = { names: ["m"], threshold: () => 0.4 } as unknown as ModelShelf;
  const evidence = new EvidenceStore({ dir, maxBytes: 1e9, maxAgeMs: 1e12 });
  evidence.start();
  const stored = new Map<string, FoldStateRow>();
  const hushes = new FalseAlarms();
  const look = (seconds: number, where: { preset?: string; moving?: boolean }, cars: number): string[] => {
    const incidents = new Incidents();
    const fold = new CameraFold(evidence, incidents, shelf, silentLog);
    const rows = JSON.parse(JSON.stringify([...stored.values()])) as FoldStateRow[];
    for (const part of [fold, incidents, hushes]) part.load(rows);
    const watching = new Watching([RECIPE], shelf, hushes, { durationScale: 1 });
    const ts = START + seconds * 1000;
    const header = { v: 1, ts, w: 640, h: 360, why: "patrol", ...where } as const;
    const frame = { header, picture: Buffer.from(String(seconds)), width: 640, height: 360 };
    const [batch, out] = [emptyBatch(1), [] as Finding[]];
    const watch = watching.watch(camera, viewOf(camera.uid, header));
    fold.fold({ device: camera, frame, rx: ts }, [seen(cars)], watch, batch, out, ts);
    for (const row of batch.foldState) {
      if (row.state === null) stored.delete(row.key);
      else stored.set(row.key, row);
    }
    return out.map((f) => `${f.phase} ${f.subject} ${(f.evidence as { view?: string }).view ?? "-"}`);
  };
  return { look, stored, hushes };
}

it("names the views of a camera so that its uid can be told from them", () => {
  const views = [viewOf("a/b", {}), viewOf("a/b", { preset: "quay 2" }), viewOf("a/b", { preset: "x", moving: true })];
  expect(views).toEqual(["a/b", "a/b @quay 2", "a/b ~"]);
  expect(views.map(uidOf)).toEqual(["a/b", "a/b", "a/b"]);
});

it("keeps dwell and events of each preset while the camera looks elsewhere, over restarts", () => {
  const { look } = scene();
  const said: string[] = [];
  // a tour: ten seconds at each of two presets; a car stands before both
  for (let t = 0; t < 200; t += 20) {
    said.push(...look(t, { preset: "a" }, 1));
    said.push(...look(t + 5, { moving: true }, 0));
    said.push(...look(t + 10, { preset: "b" }, 1));
    said.push(...look(t + 15, { moving: true }, 0));
  }
  expect(said).toEqual(["raise place:t/ptz t/ptz @a", "raise place:t/ptz#2 t/ptz @b"]);
  said.length = 0;
  // the car at a leaves
  for (let t = 200; t < 300; t += 20) {
    said.push(...look(t, { preset: "a" }, 0));
    said.push(...look(t + 10, { preset: "b" }, 1));
  }
  expect(said).toEqual(["clear place:t/ptz t/ptz @a"]);
});

it("ends what was raised where nobody has looked for long: half an hour beside the presets, a day at one", () => {
  const { look, stored } = scene();
  for (let t = 0; t < 60; t += 10) {
    look(t, { moving: true }, 1);
    look(t + 5, { preset: "a" }, 1);
  }
  expect([...stored.keys()].filter((k) => k.startsWith("t/ptz")).sort()).toEqual(["t/ptz @a", "t/ptz ~"]);
  const said: [number, string][] = [];
  for (let t = 60; t < 90_000; t += 300) for (const one of look(t, { preset: "b" }, 0)) said.push([t, one]);
  expect(said.map(([, what]) => what)).toEqual(["clear place:t/ptz t/ptz ~", "clear place:t/ptz#2 t/ptz @a"]);
  expect(said[0][0]).toBeGreaterThan(1800);
  expect(said[0][0]).toBeLessThan(2400);
  expect(said[1][0]).toBeGreaterThan(86_400);
  expect([...stored.keys()].filter((k) => !k.startsWith("hush"))).toEqual(["t/ptz @b"]);
});

it("bounds the views of a camera that names ever new presets", () => {
  const { look, stored } = scene();
  for (let i = 0; i < 100; i++) look(i, { preset: `p${i}` }, 0);
  expect(stored.size).toBe(64);
  expect(stored.has("t/ptz @p99")).toBe(true);
  expect(stored.has("t/ptz @p0")).toBe(false);
});

it("silences a false alarm in the view where it was, not in the others", () => {
  const { look, stored, hushes } = scene();
  const rows: FoldStateRow[] = [];
  hushes.add({ id: "e" }, "t/ptz @a", RECIPE, [0.1, 0.2, 0.3, 0.4], START, rows);
  for (const row of rows) stored.set(row.key, row);
  const said: string[] = [];
  for (let t = 0; t < 100; t += 10) {
    said.push(...look(t, { preset: "a" }, 1));
    said.push(...look(t + 5, { preset: "b" }, 1));
  }
  expect(said).toEqual(["raise place:t/ptz t/ptz @b"]);
});
