import { DenseDecoder } from "./dense.ts";
import { describe, expect, it } from "vitest";
import { CenterNetDecoder } from "./centernet.ts";
import { suppress } from "./suppress.ts";
import { YoloxDecoder } from "./yolox.ts";

const floor = Float32Array.from([0.3, 0.5]);

describe("centernet", () => {
  it("takes local maxima above the label's threshold, edges of the map included", () => {
    const decoder = new CenterNetDecoder({ heat: "heat", size: "size", nmsIou: 0.5, max: 10 }, { width: 16 });
    const heat = new Float32Array(2 * 16);
    const at = (c: number, x: number, y: number) => c * 16 + y * 4 + x;
    heat[at(0, 0, 0)] = 0.9;
    heat[at(0, 1, 0)] = 0.8; // beside a higher one
    heat[at(0, 3, 3)] = 0.4;
    heat[at(1, 2, 1)] = 0.45; // below its label's 0.5
    const size = new Float32Array(4 * 16).fill(3);
    size[2 * 16 + 15] = 7; // right edge of the object at (3, 3)
    const found = decoder.decode(
      [
        { data: heat, dims: [1, 2, 4, 4] },
        { data: size, dims: [1, 4, 4, 4] },
      ],
      floor,
    );
    expect(found.map((d) => [d.label, Math.round(d.score * 10) / 10, d.box])).toEqual([
      [0, 0.9, [-3, -3, 6, 6]],
      [0, 0.4, [9, 9, 10, 6]],
    ]);
  });
});

describe("yolox", () => {
  const row = (dx: number, dy: number, w: number, h: number, objectness: number, a: number, b: number) => [
    dx,
    dy,
    w,
    h,
    objectness,
    a,
    b,
  ];
  const input = { width: 16, height: 16 };
  // strides 8 and 16: four cells, then one
  const data = Float32Array.from([
    ...row(0.5, 0.5, Math.log(2), 0, 0.9, 0.8, 0.1),
    ...row(0, 0, 0, 0, 0.1, 1, 1),
    ...row(0, 0, 0, 0, 0, 0, 0),
    ...row(0, 0, 0, 0, 0.9, 0.1, 0.5),
    ...row(0.5, 0.5, 0, 0, 1, 0, 0.9),
  ]);

  it("decodes offsets in strides", () => {
    const decoder = new YoloxDecoder({ output: "out", strides: [8, 16], pixels: false, nmsIou: 0.5, max: 10 }, input);
    const found = decoder.decode([{ data, dims: [1, 5, 7] }], floor);
    const round = (b: readonly number[]) => b.map((v) => Math.round(v * 100) / 100);
    expect(found.map((d) => [d.label, Math.round(d.score * 100) / 100, round(d.box)])).toEqual([
      [1, 0.9, [0, 0, 16, 16]],
      [0, 0.72, [-4, 0, 16, 8]],
    ]);
  });

  it("takes boxes as they are where the graph made pixels of them", () => {
    const decoder = new YoloxDecoder({ output: "out", strides: [16], pixels: true, nmsIou: 0.5, max: 10 }, input);
    const pixels = Float32Array.from(row(8, 9, 4, 6, 1, 0.7, 0));
    expect(decoder.decode([{ data: pixels, dims: [1, 1, 7] }], floor)[0].box).toEqual([6, 6, 4, 6]);
  });
});

it("suppression keeps the best of each label, other labels beside it, and no more than asked for", () => {
  const d = (label: number, score: number, x: number) => ({ label, score, box: [x, 0, 10, 10] as const });
  const found = [d(0, 0.5, 1), d(0, 0.9, 0), d(1, 0.6, 0), d(0, 0.4, 30), d(0, 0.3, 60)];
  expect(suppress(found, 0.5, 3).map((k) => k.score)).toEqual([0.9, 0.6, 0.4]);
});

describe("dense", () => {
  const input = { width: 100, height: 50 };
  const floor = Float32Array.of(0.5, 0.6);
  const base = { output: "out", nmsIou: 0.5, max: 10 };

  it("reads columns of middles in pixels", () => {
    const decoder = new DenseDecoder(
      { ...base, order: "columns", box: "centre", unit: "pixels", scores: "probabilities" },
      input,
    );
    // three boxes: found, below its class's floor, a second of the first kind on the same place
    const data = Float32Array.of(50, 20, 51, 25, 20, 25, 20, 10, 20, 10, 10, 10, 0.9, 0.1, 0.7, 0.1, 0.55, 0.1);
    expect(decoder.decode([{ data, dims: [1, 6, 3] }], floor)).toEqual([
      { label: 0, score: expect.closeTo(0.9) as number, box: [40, 20, 20, 10] },
    ]);
  });

  it("reads rows of corners in fractions, with logits", () => {
    const decoder = new DenseDecoder(
      { ...base, order: "rows", box: "corners", unit: "fraction", scores: "logits" },
      input,
    );
    const data = Float32Array.of(0.1, 0.2, 0.3, 0.6, -3, 2, 0.5, 0.5, 0.6, 0.6, 0.1, Number.NaN);
    const found = decoder.decode([{ data, dims: [1, 2, 6] }], floor);
    expect(found.map((d) => [d.label, Math.round(d.score * 100), d.box.map(Math.round)])).toEqual([
      [1, 88, [10, 10, 20, 20]],
      [0, 52, [50, 25, 10, 5]],
    ]);
  });
});
