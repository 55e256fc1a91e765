import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MarkedPoint, type PointsCalibration, POSE_SIGMA, solveCalibration, type Solved } from "./calibration.ts";
import { metresBetween } from "./geodesy.ts";
import { chance, offset, seenAt, type TrueCamera } from "./world.testing.ts";

const ASPECT = 16 / 9;
const HERE = { lon: 122.45, lat: 30.72 };
const MAST: TrueCamera = { ...HERE, aspect: ASPECT, heightM: 12, bearing: 40, pitch: -18, roll: 2, fov: 70 };

function solved(c: Parameters<typeof solveCalibration>[0]): Solved {
  const answer = solveCalibration(c);
  if ("refused" in answer) throw new Error(`${answer.refused}: ${answer.detail}`);
  return answer;
}

/** A place in front of a camera, `along` metres away and `across` to its right, with where it is seen. */
function mark(camera: TrueCamera, along: number, across: number): MarkedPoint | null {
  const b = (camera.bearing * Math.PI) / 180;
  const east = along * Math.sin(b) + across * Math.cos(b);
  const at = offset(camera.lon, camera.lat, east, along * Math.cos(b) - across * Math.sin(b));
  const seen = seenAt(camera, at.lon, at.lat);
  if (seen === null || seen.some((v) => v < 0 || v > 1)) return null;
  return { x: seen[0], y: seen[1], ...at };
}

const marks = (camera: TrueCamera, places: readonly (readonly [number, number])[]): MarkedPoint[] =>
  places.map(([along, across]) => {
    const made = mark(camera, along, across);
    if (made === null) throw new Error(`${along}, ${across} is not in the picture`);
    return made;
  });
const SQUARE = marks(MAST, [
  [25, -8],
  [28, 9],
  [70, 20],
  [65, -18],
]);
const points = (list: readonly MarkedPoint[]): PointsCalibration => ({
  method: "points",
  aspect: ASPECT,
  points: list,
});
const refusal = (list: readonly MarkedPoint[]): string => {
  const answer = solveCalibration(points(list));
  return "refused" in answer ? answer.refused : "taken";
};

describe("four points and more", () => {
  it("find any other place of a flat ground, whatever the camera and the order of the points", () => {
    const camera = fc.record({
      heightM: fc.double({ min: 8, max: 60, noNaN: true }),
      bearing: fc.double({ min: 0, max: 360, noNaN: true }),
      pitch: fc.double({ min: -60, max: -15, noNaN: true }),
      roll: fc.double({ min: -8, max: 8, noNaN: true }),
      fov: fc.double({ min: 30, max: 90, noNaN: true }),
    });
    fc.assert(
      fc.property(camera, fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 4 }), (pose, order) => {
        const true_: TrueCamera = { ...HERE, aspect: ASPECT, ...pose };
        const ahead = pose.heightM / Math.tan((-pose.pitch * Math.PI) / 180);
        const wide = ahead * 0.2;
        const made = [
          [0.85, -0.8],
          [0.9, 1],
          [1.2, -1],
          [1.15, 0.9],
          [1.3, 0.2],
        ].map(([f, s]) => mark(true_, ahead * f, wide * s));
        const target = mark(true_, ahead * 1.05, wide * 0.3);
        fc.pre(made.every((m) => m !== null) && target !== null);
        const list = made.filter((m) => m !== null);
        const { residuals, locate, pixel } = solved({
          ...points(order.map((i) => list[i])),
          mapErrorM: 0.05,
        });
        expect(Math.max(...residuals)).toBeLessThan(0.02);
        const found = locate(target?.x ?? 0, target?.y ?? 0, 0.001, 0.001);
        if (found.kind !== "ground") throw new Error(found.kind);
        expect(metresBetween(found.lon, found.lat, target?.lon ?? 0, target?.lat ?? 0)).toBeLessThan(0.05);
        const back = pixel(found.lon, found.lat);
        expect(back?.[0]).toBeCloseTo(target?.x ?? 0, 6);
        expect(back?.[1]).toBeCloseTo(target?.y ?? 0, 6);
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  it("are refused with the reason where they say nothing or contradict themselves", () => {
    expect(refusal(SQUARE)).toBe("taken");
    expect(refusal(SQUARE.slice(0, 3))).toBe("too_few");
    expect(refusal([])).toBe("too_few");
    expect(refusal(Array.from({ length: 13 }, () => SQUARE[0]))).toBe("too_many");
    expect(refusal([SQUARE[0], SQUARE[0], SQUARE[1], SQUARE[2]])).toBe("collinear");
    const line = marks(MAST, [
      [25, 0],
      [40, 0],
      [60, 0],
      [65, -18],
    ]);
    expect(refusal(line)).toBe("collinear");
    // the map's points clockwise where the picture's go the other way
    const onMap = (order: readonly number[]) => SQUARE.map((p, i) => ({ ...p, lon: SQUARE[order[i]].lon, lat: SQUARE[order[i]].lat })); // prettier-ignore
    expect(refusal(onMap([1, 0, 3, 2]))).toBe("mirrored");
    expect(["crossed", "mirrored"]).toContain(refusal(onMap([1, 0, 2, 3])));
    expect(refusal(SQUARE.map((p, i) => (i === 0 ? { ...p, x: 1.2 } : p)))).toBe("out_of_range");
    expect(refusal(SQUARE.map((p, i) => (i === 0 ? { ...p, lat: p.lat + 1 } : p)))).toBe("far");
  });

  it("say in metres what a wrong one misses, and the place becomes less sure by it", () => {
    const six = marks(MAST, [[25, -8], [28, 9], [70, 20], [65, -18], [45, 0], [50, 12]]); // prettier-ignore
    const good = solved(points(six));
    const bad = solved(points(six.map((p, i) => (i === 4 ? { ...p, ...offset(p.lon, p.lat, 15, 0) } : p))));
    expect(good.rmsM).toBeLessThan(0.05);
    expect(bad.rmsM).toBeGreaterThan(2);
    expect(bad.residuals.indexOf(Math.max(...bad.residuals))).toBe(4);
    const error = (s: Solved) => {
      const found = s.locate(0.5, 0.6, 0.002, 0.002);
      return found.kind === "ground" ? found.errorM : Number.NaN;
    };
    expect(error(bad)).toBeGreaterThan(2 * error(good));
  });

  it("give the direction alone above the horizon and where the place could be anywhere", () => {
    const { locate } = solved(points(SQUARE));
    const above = locate(0.5, 0.05, 0.002, 0.002);
    expect(above.kind).toBe("bearing");
    if (above.kind === "bearing") expect(Math.abs(above.bearing - MAST.bearing)).toBeLessThan(5);
    expect(locate(0.5, 0.6, 0.002, 0.4).kind).toBe("bearing");
  });

  it("undo the bend of a lens", () => {
    const k1 = -0.12;
    const corner = Math.hypot(0.5, 0.5 / ASPECT);
    const bent = SQUARE.map((p) => {
      const [x, y] = [p.x - 0.5, (p.y - 0.5) / ASPECT];
      const f = 1 + k1 * (Math.hypot(x, y) / corner) ** 2;
      return { ...p, x: 0.5 + x * f, y: 0.5 + y * f * ASPECT };
    });
    const target = mark(MAST, 28, 12);
    const { locate, pixel } = solved({ ...points(bent), k1 });
    const at = pixel(target?.lon ?? 0, target?.lat ?? 0) ?? [0, 0];
    const found = locate(at[0], at[1], 0.001, 0.001);
    if (found.kind !== "ground") throw new Error(found.kind);
    expect(metresBetween(found.lon, found.lat, target?.lon ?? 0, target?.lat ?? 0)).toBeLessThan(0.05);
    expect(Math.hypot(at[0] - (target?.x ?? 0), at[1] - (target?.y ?? 0))).toBeGreaterThan(0.0005);
  });
});

describe("a pose", () => {
  const LOOKOUT: TrueCamera = { ...HERE, aspect: ASPECT, heightM: 180, bearing: 300, pitch: -4, roll: 1, fov: 40 };

  it("finds places from the foot of a mast to kilometres off, and the horizon where it is", () => {
    for (const [camera, along, within] of [
      [MAST, 30, 0.05],
      [MAST, 90, 0.2],
      [LOOKOUT, 1500, 3],
      [LOOKOUT, 3000, 15],
    ] as const) {
      const target = mark(camera, along, along / 12);
      const { locate } = solved({ method: "pose", ...camera });
      const found = locate(target?.x ?? 0, target?.y ?? 0, 0.0005, 0.0005);
      if (found.kind !== "ground") throw new Error(`${along} m: ${found.kind}`);
      // the model's light bends with the earth, the test's does not
      expect(metresBetween(found.lon, found.lat, target?.lon ?? 0, target?.lat ?? 0)).toBeLessThan(within);
    }
    const sky = solved({ method: "pose", ...LOOKOUT }).locate(0.75, 0.02, 0.001, 0.001);
    if (sky.kind !== "bearing") throw new Error(sky.kind);
    expect(sky.bearing).toBeGreaterThan(305);
    expect(sky.bearing).toBeLessThan(315);
  });

  it("refuses what no camera is", () => {
    const of = (change: object) => {
      const answer = solveCalibration({ method: "pose", ...MAST, ...change });
      return "refused" in answer ? answer.detail.split(": ")[1] : "taken";
    };
    expect(of({})).toBe("taken");
    expect(of({ heightM: 0 })).toBe("heightM");
    expect(of({ fov: 200 })).toBe("fov");
    expect(of({ k1: -2 })).toBe("k1");
    expect(of({ pitch: Number.NaN })).toBe("pitch");
  });
});

describe("the error of a place", () => {
  const hits = (runs: number, once: (seed: number) => boolean | null): { share: number; counted: number } => {
    let [hit, counted] = [0, 0];
    for (let seed = 1; seed <= runs; seed++) {
      const answer = once(seed);
      if (answer === null) continue;
      counted++;
      if (answer) hit++;
    }
    return { share: hit / counted, counted };
  };
  const within = (
    s: Solved,
    x: number,
    y: number,
    sigma: readonly [number, number],
    at: MarkedPoint,
  ): boolean | null => {
    const found = s.locate(x, y, ...sigma);
    if (found.kind !== "ground") return null;
    return metresBetween(found.lon, found.lat, at.lon, at.lat) <= found.errorM;
  };

  it("holds the truth in 95 of 100 cases: points clicked and drawn with a shaking hand", () => {
    const { share, counted } = hits(1500, (seed) => {
      const r = chance(seed);
      const camera: TrueCamera = { ...MAST, heightM: r.uniform(5, 40), pitch: r.uniform(-35, -12), roll: r.uniform(-4, 4), fov: r.uniform(45, 90), bearing: r.uniform(0, 360) }; // prettier-ignore
      const ahead = camera.heightM / Math.tan((-camera.pitch * Math.PI) / 180);
      const [mapM, n] = [r.uniform(0.3, 2), seed % 3 === 0 ? 4 : 4 + (seed % 5)];
      const list: MarkedPoint[] = [];
      for (let i = 0; i < 60 && list.length < n; i++) {
        const p = mark(camera, ahead * r.uniform(0.6, 1.8), ahead * r.uniform(-0.5, 0.5));
        if (p === null) continue;
        const drawn = offset(p.lon, p.lat, r.normal(mapM), r.normal(mapM));
        list.push({ x: p.x + r.normal(0.0016), y: p.y + r.normal(0.0016 * ASPECT), ...drawn });
      }
      const target = mark(camera, ahead * r.uniform(0.6, 1.8), ahead * r.uniform(-0.5, 0.5));
      const answer = solveCalibration({ ...points(list), mapErrorM: mapM });
      if (target === null || "refused" in answer) return null;
      const sigma = [0.004, 0.008] as const;
      return within(answer, target.x + r.normal(sigma[0]), target.y + r.normal(sigma[1]), sigma, target);
    });
    expect(counted).toBeGreaterThan(800);
    expect(share).toBeGreaterThanOrEqual(0.95);
  });

  it("holds the truth in 95 of 100 cases: a pose that was measured roughly, to the far end of the view", () => {
    const { share, counted } = hits(2000, (seed) => {
      const r = chance(seed);
      const said = { ...HERE, aspect: ASPECT, heightM: r.uniform(30, 250), bearing: r.uniform(0, 360), pitch: r.uniform(-20, -3), roll: r.uniform(-2, 2), fov: r.uniform(10, 60) }; // prettier-ignore
      const sigma = { ...POSE_SIGMA, heightM: said.heightM / 20 };
      const real: TrueCamera = {
        ...said,
        heightM: said.heightM + r.normal(sigma.heightM),
        bearing: said.bearing + r.normal(sigma.bearing),
        pitch: said.pitch + r.normal(sigma.pitch),
        roll: said.roll + r.normal(sigma.roll),
        fov: said.fov + r.normal(sigma.fov),
      };
      const ahead = said.heightM / Math.tan((-said.pitch * Math.PI) / 180);
      const target = mark(real, ahead * r.uniform(0.5, 2), ahead * r.uniform(-0.3, 0.3));
      if (target === null) return null;
      const pixel = [0.003, 0.005] as const;
      const s = solved({ method: "pose", ...said });
      return within(s, target.x + r.normal(pixel[0]), target.y + r.normal(pixel[1]), pixel, target);
    });
    expect(counted).toBeGreaterThan(800);
    expect(share).toBeGreaterThanOrEqual(0.95);
  });
});
