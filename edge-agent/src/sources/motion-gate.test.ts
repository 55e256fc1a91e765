import { describe, expect, it } from "vitest";
import { GATE_HEIGHT, GATE_WIDTH, MotionGate } from "./motion-gate.ts";
import { NO_SHIFT, shiftOf } from "./picture-shift.ts";

const [W, H] = [GATE_WIDTH, GATE_HEIGHT];

interface Look {
  /** where the swinging mast has moved the picture to, pixels */
  readonly dx?: number;
  readonly dy?: number;
  /** how much light falls on a place, u and v as fractions of the picture */
  readonly light?: (u: number, v: number) => number;
  /** left edge of a person, pixels; absent = nobody */
  readonly person?: number;
  readonly seed?: number;
}

/** A street with walls, windows and a kerb, sampled where the camera looks, with the sensor's noise. */
function street({ dx = 0, dy = 0, light = () => 1, person, seed = 1 }: Look = {}): Uint8Array {
  const out = new Uint8Array(W * H);
  let noise = seed;
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      let v = 0;
      // four points a pixel, so that edges move by fractions
      for (const [ox, oy] of [
        [-0.25, -0.25],
        [0.25, -0.25],
        [-0.25, 0.25],
        [0.25, 0.25],
      ] as const)
        // prettier-ignore
        v += at(x + ox - dx, y + oy - dy, person) / 4;
      noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
      out[y * W + x] = Math.min(255, v * light(x / W, y / H) + (noise >>> 24) / 40);
    }
  }
  return out;
}

function at(x: number, y: number, person: number | undefined): number {
  if (person !== undefined && x >= person && x < person + 8 && y >= 55 && y < 80) return 30;
  if (y > 84) return 70 + (Math.floor((x + 400) / 12) % 3 === 0 && y > 92 && y < 94 ? 120 : 0);
  if (y > 82) return 210;
  if (y > 46) return 140;
  return (x + 400) % 22 < 8 && (y + 40) % 18 < 9 ? 50 : 175 + (Math.floor((x + 400) / 44) % 2) * 30;
}

/** Its own lamp: bright in front, dark behind and at the edges. */
const infrared = (u: number, v: number) => 1.5 * v * v * Math.exp(-(((u - 0.5) / 0.4) ** 2));
const dusk = () => 0.5;

/** Two modes of a mast, 2 looks a second. */
const swing = (i: number, amplitude: number): Pick<Look, "dx" | "dy"> => ({
  dx: amplitude * (0.7 * Math.sin(i * 3.3) + 0.3 * Math.sin(i * 5.9)),
  dy: amplitude * 0.5 * Math.sin(i * 5.1),
});

describe("the change to infrared", () => {
  it("is motion for seconds at most, in the evening and in the morning", () => {
    const gate = new MotionGate();
    const lights: [looks: number, light: (u: number, v: number) => number][] = [
      [20, dusk],
      // the filter has gone: far too much light, exposed anew within two looks
      [1, (u, v) => infrared(u, v) * 3],
      [1, (u, v) => infrared(u, v) * 1.4],
      [120, infrared],
      [1, () => 0.1],
      [1, () => 0.35],
      [120, dusk],
    ];
    let seed = 0;
    const moved = lights.map(([looks, light]) => {
      let count = 0;
      for (let i = 0; i < looks; i++) if (gate.look(street({ light, seed: ++seed })).motion) count++;
      return count;
    });
    expect(moved[0]).toBe(0);
    expect(moved.reduce((sum, n) => sum + n)).toBeLessThanOrEqual(10);
    // and it sees again
    expect(gate.look(street({ light: dusk, person: 60 })).motion).toBe(true);
  });

  it("is found out with somebody walking through the picture, who goes on being motion", () => {
    const gate = new MotionGate();
    for (let i = 0; i < 10; i++) gate.look(street({ light: dusk, seed: i }));
    const moving: number[] = [];
    for (let i = 0; i < 60; i++) {
      const verdict = gate.look(street({ light: infrared, person: 30 + i * 2, seed: i }));
      expect(verdict.motion || i < SETTLES, `look ${i}`).toBe(true);
      moving.push(verdict.moving);
    }
    expect(Math.max(...moving.slice(SETTLES))).toBeLessThan(0.08);
  });
});
/** looks after which another light is the background */
const SETTLES = 5;

describe("a mast in the wind", () => {
  it("is not motion, at amplitudes up to a hundredth of the width and more, by day and by infrared", () => {
    for (const amplitude of [0.6, 1.5, 2.5]) {
      for (const light of [() => 1, infrared]) {
        const gate = new MotionGate();
        let moved = 0;
        for (let i = 0; i < 100; i++)
          if (gate.look(street({ ...swing(i, i < 20 ? 0 : amplitude), light, seed: i })).motion) moved++;
        expect(moved, `amplitude ${amplitude}`).toBeLessThanOrEqual(2);
      }
    }
  });

  it("does not hide who walks through", () => {
    const gate = new MotionGate();
    for (let i = 0; i < 60; i++) gate.look(street({ ...swing(i, 2), seed: i }));
    let seen = 0;
    for (let i = 60; i < 100; i++) if (gate.look(street({ ...swing(i, 2), person: 20 + (i - 60) * 3 })).motion) seen++;
    expect(seen).toBeGreaterThanOrEqual(38);
  });

  it("is found by where the picture fits, and by nothing else", () => {
    const background = Float32Array.from(street());
    for (const [dx, dy] of [
      [3, -2],
      [-4, 1],
      [0, 3],
    ] as const)
      // prettier-ignore
      expect(shiftOf(street({ dx, dy, seed: 9 }), background, W, H)).toEqual({ dx, dy });
    expect(shiftOf(street({ seed: 9 }), background, W, H)).toEqual(NO_SHIFT);
    expect(shiftOf(street({ person: 60, seed: 9 }), background, W, H)).toEqual(NO_SHIFT);
    expect(shiftOf(street({ dx: 2, person: 60, seed: 9 }), background, W, H)).toEqual({ dx: 2, dy: 0 });
    expect(shiftOf(new Uint8Array(W * H).fill(90), background.fill(80), W, H)).toEqual(NO_SHIFT);
  });
});
