import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { decodeAisFrame } from "@gridhub/device-profiles/protocol/ais/frame.ts";
import type { Position } from "@gridhub/device-profiles/reading.ts";
import { beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../../hub/src/device.ts";
import type { Finding } from "../../hub/src/finding.ts";
import { Fleet } from "../../hub/src/fleet/fleet.ts";
import { GridSet } from "../../hub/src/grids/grid-set.ts";
import { emptyBatch, type FoldStateRow } from "../../hub/src/store/batch.ts";
import { EAST_GRID, FleetDay } from "../../simulators/src/fleet-day.ts";
import { planeAt, type Point } from "../../simulators/src/world/polygon.ts";
import { HARBOURS } from "../../simulators/src/world/sea.ts";
import { buildWorld } from "../../simulators/src/world.ts";

// Ten hours of 1,168 vessels on a virtual clock, from sentences to findings, with the incidents of the script and every fault of
// radio. GRIDHUB_FLEET_DAY=full reports as often as ITU-R M.1371 asks; else a third of that, at least every three minutes.
const FULL = process.env.GRIDHUB_FLEET_DAY === "full";
const CADENCE = FULL
  ? { scale: 1, maxMs: Infinity, staticMs: 360_000 }
  : { scale: 3, maxMs: 180_000, staticMs: 1_200_000 };
const START = Date.UTC(2025, 10, 21, 20);
const HOURS = 10;
const STEP_MS = 5000;
const TOLERATED = 0.01; // findings nobody wrote into the script, a vessel-day

interface Found extends Pick<Finding, "kind" | "phase" | "subject" | "gridId"> {
  readonly now: number;
  /** the finding's grid, else the area that its place lies in */
  readonly grid: string | null;
}

const ring = (points: readonly Point[]) => [[...points, points[0]].map(([lon, lat]) => [lon, lat])];

function seaFeature(id: string, rule: "harbour" | "no_go", points: readonly Point[], parent: string) {
  const properties = { id, name: id, level: "area", category: "maritime", parent, synthetic: true, sea: { rule } };
  return { type: "Feature", id, properties, geometry: { type: "Polygon", coordinates: ring(points) } };
}

function circle([lon, lat]: Point, metres: number): Point[] {
  const plane = planeAt(lon, lat);
  return Array.from({ length: 16 }, (_, i) => {
    const a = (2 * Math.PI * i) / 16;
    return plane.toDegrees([metres * Math.cos(a), metres * Math.sin(a)]);
  });
}

const receiverDevice = (id: number, name: string, [lon, lat]: Point, gridId: string): Device => ({
  id,
  uid: `shengsi/${name}`,
  site: "shengsi",
  name,
  edge: { id, key: `shengsi/${name}`, site: "shengsi", name, title: "" },
  title: "",
  profile: { id: "generic/ais-receiver@1.0.0", positions: true } as unknown as CompiledProfile,
  lon,
  lat,
  gridId,
  attributes: {},
  series: new Int32Array(0),
});

describe("ten hours at sea", { timeout: 600_000 }, () => {
  const world = buildWorld();
  const day = new FleetDay(world, { startMs: START, cadence: CADENCE });
  const found: Found[] = [];
  const numbers = { sentences: 0, refused: 0, positions: 0, duplicates: 0 };

  beforeAll(() => {
    const features = [
      ...world.features,
      ...Object.entries(HARBOURS).map(([town, at]) => seaFeature(`harbour-${town}`, "harbour", circle(at, 900), town)),
      seaFeature(day.noGo.id, "no_go", day.noGo.ring, EAST_GRID),
    ];
    const { set, problems } = GridSet.build([{ file: "world", data: { type: "FeatureCollection", features } }], 1);
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    if (set === null) throw new Error("the world has no grids");
    const fleet = new Fleet({ durationScale: 1 }, set.at(START));
    const devices = new Map(
      day.receivers.map((r, i) => [r, receiverDevice(i + 1, r.name, r.at, i === 0 ? "330922100" : EAST_GRID)]),
    );
    const out: Finding[] = [];
    const rows: FoldStateRow[] = [];
    for (let now = START; now <= START + HOURS * 3_600_000; now += STEP_MS) {
      const batch = emptyBatch(1);
      for (const { receiver, message, ts, rx } of day.heard(now)) {
        numbers.sentences += message.lines.length;
        const positions: Position[] = [];
        const frame = Buffer.from(message.lines.join("\n"), "latin1");
        if (decodeAisFrame(frame, ts, positions) !== null) numbers.refused++;
        for (const p of positions) fleet.observe(p, devices.get(receiver)!, false, rx, batch, out);
        numbers.positions += positions.length;
      }
      fleet.tick(now, out);
      fleet.drain(rows);
      rows.length = 0;
      for (const { kind, phase, subject, gridId, lon, lat } of out.splice(0)) {
        const area = lon === null || lat === null ? null : (set.locateArea(lon, lat).gridId ?? null);
        found.push({ kind, phase, subject, gridId, now, grid: gridId ?? area });
      }
    }
    numbers.duplicates = fleet.counts.duplicates;
  }, 600_000);

  const raised = () => found.filter(({ phase }) => phase === "raise");
  const minutes = (ms: number) => Math.round((ms - START) / 60_000);
  const tell = ({ kind, subject, grid, now }: Found) => `${kind} ${subject} on ${grid} at ${minutes(now)} min`;
  const fits = (f: Found, i: FleetDay["incidents"][number]) => f.kind === i.kind && f.subject.includes(i.subject);

  it("is heard by both stations, with losses and doubles", () => {
    expect(numbers.positions).toBeGreaterThan(300_000);
    expect(numbers.refused).toBe(0);
    expect(numbers.duplicates).toBeGreaterThan(10_000);
    expect(day.jumps).toBeGreaterThan(50);
  });

  it("finds every incident of the script exactly once, in time and on the right grid", () => {
    const report = day.incidents.map((i) => {
      const hits = raised().filter((f) => fits(f, i) && f.now >= i.from && f.now <= i.by);
      return `${i.name}: ${hits.map((f) => f.grid).join(", ")}`;
    });
    expect(report).toEqual(day.incidents.map((i) => `${i.name}: ${i.grid}`));
  });

  it("ends what has ended", () => {
    for (const i of day.incidents.filter(({ name }) => ["straggler", "dark", "outage", "mayday"].includes(name)))
      expect(found.filter((f) => fits(f, i) && f.phase === "clear").length, i.name).toBe(1);
  });

  it(`reports nothing else: less than ${TOLERATED} a vessel-day`, () => {
    const noise = raised().filter((f) => !day.incidents.some((i) => fits(f, i)));
    const vesselDays = (day.boats.size * HOURS) / 24;
    console.info(JSON.stringify({ ...numbers, noise: noise.map(tell), aVesselDay: noise.length / vesselDays }));
    expect(noise.length / vesselDays, noise.map(tell).join("\n")).toBeLessThan(TOLERATED);
  });
});
