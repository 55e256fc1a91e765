import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { gridCommand } from "./grid.ts";

let dir = "";
let out = "";
const cell = (id: string, x: number) => ({
  type: "Feature",
  properties: { id, name: `cell ${id}`, level: "grid", category: "integrated", parent: null },
  geometry: {
    type: "Polygon",
    coordinates: [
      [
        [x, 30],
        [x + 1, 30],
        [x + 1, 31],
        [x, 31],
        [x, 30],
      ],
    ],
  },
});
const write = async (name: string, text: string) => {
  const path = join(dir, name);
  await writeFile(path, text);
  return path;
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "gridhub-grid-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(() => {
  out = "";
  const sink = (chunk: string | Uint8Array) => {
    out += String(chunk);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(sink);
  vi.spyOn(process.stderr, "write").mockImplementation(sink);
  return () => vi.restoreAllMocks();
});

describe("gridhub grid", () => {
  it("checks sound files, with a byte order mark too", async () => {
    const a = await write(
      "a.geojson",
      `\uFEFF${JSON.stringify({ type: "FeatureCollection", features: [cell("a", 1)] })}`,
    );
    expect(await gridCommand(["check", a])).toBe(0);
    expect(out).toContain("1 grids (1 grid); 0 errors, 0 warnings");
  });

  it("names every fault of every file and fails", async () => {
    const features = [cell("a", 1), cell("a", 3), cell("b", 1.5), { type: "Feature" }];
    const bad = await write("bad.geojson", JSON.stringify({ type: "FeatureCollection", features }));
    const broken = await write("broken.geojson", "{");
    expect(await gridCommand(["check", bad, broken, join(dir, "absent.geojson"), "--json"])).toBe(1);
    const report = JSON.parse(out) as { errors: number; problems: { code: string; file: string }[] };
    expect(report.problems.map((p) => p.code).sort()).toEqual([
      "bad_field",
      "duplicate_id",
      "overlap",
      "unreadable",
      "unreadable",
    ]);
    expect(report.errors).toBe(5);
  });

  it("locates a position", async () => {
    const a = await write("l.geojson", JSON.stringify({ type: "FeatureCollection", features: [cell("a", 1)] }));
    expect(await gridCommand(["locate", a, "--at", "1.5,30.5", "--json"])).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ gridId: "a", match: "inside", path: [{ id: "a" }] });
    expect(await gridCommand(["locate", a, "--at", "9,30.5"])).toBe(1);
  });

  it.each([
    [[]],
    [["draw", "x"]],
    [["check"]],
    [["check", "--odd"]],
    [["locate", "x", "--at", "1"]],
    [["check", "x", "--tolerance", "y"]],
  ])("explains itself on wrong use %j", async (argv) => {
    expect(await gridCommand(argv)).toBe(2);
    expect(out).toContain("gridhub grid check FILE...");
  });

  it("helps", async () => {
    expect(await gridCommand(["--help"])).toBe(0);
    expect(out).toContain("--json");
  });
});
