import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { gridDiffCommand } from "./grid-diff.ts";

const dir = mkdtempSync(join(tmpdir(), "gridhub-diff-"));
afterAll(() => rmSync(dir, { recursive: true }));
let out = "";
beforeEach(() => {
  out = "";
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, "write").mockImplementation((chunk) => ((out += String(chunk)), true));
});

const cell = (id: string, x0: number, x1: number, name = id) => ({
  type: "Feature",
  geometry: { type: "Polygon", coordinates: [[[x0, 0], [x1, 0], [x1, 0.01], [x0, 0.01], [x0, 0]]] }, // prettier-ignore
  properties: { id, name, level: "grid", category: "integrated", parent: null },
});
function file(name: string, ...features: object[]): string {
  const path = join(dir, name);
  writeFileSync(path, JSON.stringify({ type: "FeatureCollection", features }));
  return path;
}

describe("gridhub grid diff", () => {
  it("names cells added, removed and changed with their areas, and devices that move", async () => {
    const old = file("old.geojson", cell("a", 0, 0.01), cell("b", 0.01, 0.02), cell("c", 0.02, 0.03));
    const next = file("new.geojson", cell("a", 0, 0.015), cell("b", 0.015, 0.02, "B"), cell("d", 0.03, 0.04));
    const devices = join(dir, "devices.csv");
    writeFileSync(devices, "title,uid,lon,lat\nx,t/1,0.005,0.005\ny,t/2,0.012,0.005\nz,t/3,0.025,0.005\n");
    expect(await gridDiffCommand(["--old", old, next, "--devices", devices, "--json"])).toBe(1);
    const { changes, moves } = JSON.parse(out) as {
      changes: { areaBefore: number; areaAfter: number }[];
      moves: object[];
    };
    expect(changes).toMatchObject([
      { change: "changed", id: "a", fields: ["geometry"] },
      { change: "changed", id: "b", fields: ["name", "geometry"] },
      { change: "removed", id: "c", areaAfter: null },
      { change: "added", id: "d", areaBefore: null },
    ]);
    expect(changes[0].areaBefore / 1_236_400).toBeCloseTo(1, 2);
    expect(changes[0].areaAfter / changes[0].areaBefore).toBeCloseTo(1.5);
    expect(moves).toEqual([
      { uid: "t/2", from: "b", to: "a", match: "inside" },
      { uid: "t/3", from: "c", to: null, match: "unmatched" },
    ]);
    out = "";
    expect(await gridDiffCommand(["--old", old, next])).toBe(1);
    expect(out).toContain("1 added, 1 removed, 2 changed; 0 of 0 devices move");
  });

  it("finds nothing between equal versions, and says what is wrong with its input", async () => {
    const [a, b] = [cell("a", 0, 0.01), cell("b", 0.01, 0.02)];
    const old = file("one.geojson", a, b);
    expect(await gridDiffCommand(["--old", old, file("two.geojson", b, a)])).toBe(0);
    expect(await gridDiffCommand([old])).toBe(2);
    expect(await gridDiffCommand(["--old", old, join(dir, "absent.geojson")])).toBe(2);
    const devices = join(dir, "bad.csv");
    writeFileSync(devices, "uid,lon,lat\nt/1,here,2\n");
    expect(await gridDiffCommand(["--old", old, old, "--devices", devices])).toBe(2);
    expect(out).toContain("line 2: expected a uid");
  });
});
