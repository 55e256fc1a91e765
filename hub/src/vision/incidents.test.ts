import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Device } from "../device.ts";
import type { FoldStateRow } from "../store/batch.ts";
import type { Outcome } from "./camera.ts";
import { FalseAlarms } from "./false-alarms.ts";
import { Incidents } from "./incidents.ts";
import { compileRecipe } from "./recipe.ts";

const FIRE = compileRecipe(parse(readFileSync(join(import.meta.dirname, "recipes/fire.yaml"), "utf8")), "fire.yaml", 1);
const device = (uid: string, lon: number, gridId: string | null = "g1") =>
  ({ uid, gridId, lon, lat: 30.7 }) as unknown as Device;
const outcome = (phase: Outcome["phase"]): Outcome => {
  return { recipe: FIRE, phase, dwellMs: 0, objects: [], box: [0.4, 0.4, 0.1, 0.2], votes: "" };
};
const [A, B] = [device("t/a", 122.4), device("t/b", 122.401)]; // 96 m apart

describe("incidents", () => {
  let rows: FoldStateRow[] = [];
  let incidents = new Incidents();
  beforeEach(() => {
    rows = [];
    incidents = new Incidents();
  });
  const fold = (
    phase: Outcome["phase"],
    camera: Device,
    point: { lon: number; lat: number; errorM: number } | null = null,
  ) => incidents.fold(outcome(phase), camera, point, 1000, rows);
  /** as a restart would */
  const restart = () => {
    const last = new Map(rows.map((r) => [r.key, r]));
    incidents = new Incidents();
    incidents.load([...last.values()].map((r) => JSON.parse(JSON.stringify(r)) as FoldStateRow));
  };

  it("are one for two cameras on one grid, over a restart, until the last one sees nothing", () => {
    expect(fold("raise", A)).toMatchObject({ phase: "raise", subject: "place:t/a" });
    restart();
    expect(fold("raise", B)).toMatchObject({ phase: "update", subject: "place:t/a", cameras: ["t/a", "t/b"] });
    expect(fold("clear", A)).toBeNull();
    restart();
    expect(fold("update", B)).toMatchObject({ phase: "update", subject: "place:t/a" });
    expect(fold("clear", B)).toMatchObject({ phase: "clear", subject: "place:t/a" });
    expect(rows.at(-1)?.state).toBeNull();
    restart();
    expect(fold("raise", B)).toMatchObject({ phase: "raise", subject: "place:t/b" });
  });

  it("are two on two grids, too far away, or without a place", () => {
    fold("raise", A);
    expect(fold("raise", device("t/c", 122.4005, "g2"))).toMatchObject({ phase: "raise", subject: "place:t/c" });
    expect(fold("raise", device("t/d", 122.41))).toMatchObject({ phase: "raise", subject: "place:t/d" });
    const nowhere = { ...device("t/e", 0), lon: null, lat: null } as unknown as Device;
    expect(fold("raise", nowhere)).toMatchObject({ phase: "raise", subject: "place:t/e" });
  });

  it("go by the objects' own places where both are known, whatever the grids of the cameras", () => {
    const at = (lon: number) => ({ lon, lat: 30.7, errorM: 5 });
    fold("raise", A, at(122.405));
    expect(fold("raise", device("t/far", 122.42, "g9"), at(122.4055))).toMatchObject({ phase: "update" });
    expect(fold("raise", B, at(122.45))).toMatchObject({ phase: "raise", subject: "place:t/b" });
  });

  it("clear what was raised before there were incidents", () => {
    expect(fold("clear", A)).toEqual({ phase: "clear", subject: "place:t/a", cameras: ["t/a"] });
  });

  it("keep subjects apart when a camera that left opens another one", () => {
    const at = (lon: number) => ({ lon, lat: 30.7, errorM: 5 });
    fold("raise", A, at(122.4));
    fold("raise", B, at(122.4));
    fold("clear", A);
    expect(fold("raise", A, at(122.5))).toMatchObject({ phase: "raise", subject: "place:t/a#2" });
  });
});

it("false alarms are remembered a camera, recipe and place, once an event, and forgotten after the cooldown", () => {
  const rows: FoldStateRow[] = [];
  const known = new FalseAlarms();
  known.add({ id: "e1" }, "t/a", FIRE, [0, 0, 0.1, 0.1], 1000, rows);
  known.add({ id: "e1" }, "t/a", FIRE, [0, 0, 0.1, 0.1], 900_000, rows);
  expect(rows).toHaveLength(1);
  const again = new FalseAlarms();
  again.load(JSON.parse(JSON.stringify(rows)) as FoldStateRow[]);
  expect(again.at("t/a", FIRE)).toMatchObject([{ until: 1000 + 1_800_000 }]);
  expect(again.at("t/b", FIRE)).toEqual([]);
  again.sweep(1_000_000, rows);
  expect(again.at("t/a", FIRE)).toHaveLength(1);
  again.sweep(2_000_000, rows);
  expect([again.at("t/a", FIRE), rows.at(-1)?.state]).toEqual([[], null]);
});
