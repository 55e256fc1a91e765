import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { Device } from "../device.ts";
import { EventBook } from "../events/event-book.ts";
import { NO_GRIDS } from "../events/place.ts";
import type { Finding } from "../finding.ts";
import { silentLog } from "../log.ts";
import { emptyBatch, type FoldStateRow } from "../store/batch.ts";
import { CameraFold } from "./camera-fold.ts";
import { YoloxDecoder } from "./decode/yolox.ts";
import { EvidenceStore } from "./evidence.ts";
import { FalseAlarms } from "./false-alarms.ts";
import { Incidents } from "./incidents.ts";
import type { LookedAt, ModelShelf } from "./model-shelf.ts";
import { loadRecipes } from "./recipe.ts";
import { Watching } from "./watching.ts";

const START = 1_763_776_800_000;
const LABELS = ["fire", "smoke", "garbage", "garbage_bin", "overflow"];
const dir = mkdtempSync(join(tmpdir(), "gridhub-two-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const decoder = new YoloxDecoder(
  { output: "boxes", strides: [320], pixels: true, nmsIou: 0.6, max: 10 },
  { width: 320, height: 320 },
);

/** What the network would put out for a flame of this size; read by the decoder that the model's card names. */
function flame(size: number): LookedAt {
  const row = Float32Array.of(160, 200 - size / 2, size * 0.6, size, 0.9, 0.9, 0, 0, 0, 0);
  const found = decoder.decode([{ data: row, dims: [1, 1, 10] }], new Float32Array(5).fill(0.4));
  const detections = found.map(({ label, score, box }) => ({ label: LABELS[label], score, box }));
  const luma = { w: 1, h: 1, data: Uint8Array.of(120), mean: 120 };
  return {
    name: "fire-smoke-waste",
    id: "fire-smoke-waste@1.0.0",
    result: { width: 320, height: 320, ms: 1, detections, luma },
  };
}

it("two cameras on one fire give one event, over a restart between any two frames; a false alarm silences both", () => {
  const shelf = { names: ["fire-smoke-waste"], threshold: () => 0.4 } as unknown as ModelShelf;
  const recipes = loadRecipes([join(import.meta.dirname, "recipes")], 1);
  const evidence = new EvidenceStore({ dir, maxBytes: 1e9, maxAgeMs: 1e12 });
  evidence.start();
  const book = new EventBook({ durationScale: 1, reopenWindowMs: 600_000 }, NO_GRIDS, () => []);
  const cameras = [0, 1].map(
    (i) =>
      ({
        id: i + 1,
        uid: `t/c${i}`,
        name: `c${i}`,
        site: "t",
        edge: { id: 1, key: "t/e", site: "t", name: "e", title: "" },
        gridId: "g",
        lon: 122.4 + i * 5e-4,
        lat: 30.7,
        attributes: {},
      }) as unknown as Device,
  );
  const stored = new Map<string, FoldStateRow>();
  const hushes = new FalseAlarms();
  const opened: string[] = [];
  const look = (t: number, camera: Device, looked: LookedAt): void => {
    const incidents = new Incidents();
    const fold = new CameraFold(evidence, incidents, shelf, silentLog);
    const rows = JSON.parse(JSON.stringify([...stored.values()])) as FoldStateRow[];
    for (const part of [fold, incidents, hushes]) part.load(rows);
    const watching = new Watching(recipes, shelf, hushes, { durationScale: 1 });
    const now = START + t * 1000;
    const batch = emptyBatch(1);
    const out: Finding[] = [];
    const header = { v: 1, ts: now, w: 320, h: 320, why: "patrol" } as const;
    const frame = { header, picture: Buffer.from(`${camera.uid} ${t}`), width: 320, height: 320 };
    fold.fold({ device: camera, frame, rx: now }, [looked], watching.watch(camera), batch, out, now);
    book.fold(out, now);
    for (const e of book.drain(batch)) if (e.revision === 1) opened.push(`${e.kind} ${e.subject}`);
    for (const row of batch.foldState) stored.set(row.key, row);
  };
  const both = (from: number, to: number, what: (t: number) => LookedAt): void => {
    for (let t = from; t < to; t += 10) for (const camera of cameras) look(t, camera, what(t));
  };
  const nothing: LookedAt = { ...flame(60), result: { ...flame(60).result, detections: [] } };

  both(0, 120, (t) => flame(60 + (t % 7) * 4));
  expect(opened).toEqual(["vision.fire place:t/c0"]);
  const [event] = [...book.active()];
  expect(event.evidence).toMatchObject({
    cameras: ["t/c0", "t/c1"],
    model: "fire-smoke-waste@1.0.0",
    located: "camera",
  });

  // a person says it is a welder
  book.act(event.id, "false_alarm", "duty", "", START + 120_000);
  const rows: FoldStateRow[] = [];
  const fire = recipes.find((r) => r.name === "fire");
  const seen = new Incidents();
  seen.load([...stored.values()]);
  for (const [uid, box] of Object.entries(seen.sightings(event.kind, event.subject)?.cameras ?? {}))
    if (fire !== undefined && box !== null) hushes.add(event, uid, fire, box, START + 120_000, rows);
  for (const row of rows) stored.set(row.key, row);
  expect(rows).toHaveLength(2);
  both(120, 400, () => nothing);
  both(400, 700, (t) => flame(60 + (t % 7) * 4));
  expect(opened).toHaveLength(1);
  both(700, 1000, () => nothing);
  // after the cooldown it is an event again
  both(2000, 2100, (t) => flame(60 + (t % 7) * 4));
  expect(opened).toHaveLength(2);
});
