import type { Place } from "./backdrop.ts";
import type { Canvas } from "./burning.ts";
import { paintSpark, type Spark } from "./sparks.ts";
import { lampPools } from "./weather.ts";

/** Height of the drawing, user units. */
const H = 720;
/** Rows (user units) at which the ground would be infinitely far away, and behind which there are walls. */
const DEPTH: Readonly<Record<Place, { readonly horizon: number; readonly wall: number }>> = {
  street: { horizon: 205, wall: 332 },
  quay: { horizon: 150, wall: 0 },
};
/** The light points to where things happen, and is weaker towards the edges: middle and width, fractions of the frame. */
const BEAM = { x: 0.5, y: 0.66, wide: 0.34, high: 0.4 };
/** How the sensor turns light into grey: steep in the dark, clipped softly. */
const GAIN = 4.2;

/** A ring of infrared lamps around the lens: what it lights, by the distance at which things stand. */
export class InfraredLamp {
  private readonly far: Float32Array;
  private readonly across: Float32Array;
  private readonly down: Float32Array;
  private readonly wallRow: number;

  constructor(width: number, height: number, place: Place) {
    const { horizon, wall } = DEPTH[place];
    this.wallRow = Math.round((wall * height) / H);
    // distance on the ground goes with 1 / rows below the horizon, light with the distance's square
    this.far = Float32Array.from({ length: height }, (_, row) => {
      const below = Math.max(0, (row * H) / height - horizon) / (H - horizon);
      return below * below;
    });
    this.across = Float32Array.from({ length: width }, (_, x) => bell((x / width - BEAM.x) / BEAM.wide));
    this.down = Float32Array.from({ length: height }, (_, y) => bell((y / height - BEAM.y) / BEAM.high));
  }

  /** @param foot row in which what is seen at (x, y) stands on the ground @returns 0..1 */
  at(x: number, y: number, foot: number): number {
    const row = Math.min(this.far.length - 1, Math.max(foot, this.wallRow));
    return this.far[row] * this.across[x] * this.down[y];
  }
}

export interface InfraredScene {
  readonly lamp: InfraredLamp;
  /** row of the foot of the figure that a pixel shows; 0 = none, the place itself */
  readonly feet: Int16Array;
  /** light of the sky, 0..1 */
  readonly sky: number;
  /** street lamps burn too */
  readonly lamps: boolean;
  /** how far the exposure stops down for what is too bright, 0..1 */
  readonly stop: number;
}

/** From colours by day to what a sensor sees by infrared, in place: all three channels are equal afterwards. */
export function paintInfrared({ raw, width, height }: Canvas, scene: InfraredScene): void {
  const { lamp, feet, sky, lamps, stop } = scene;
  const around = 0.018 + 0.25 * sky * sky;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const at = i * 3;
      const [r, g, b] = [raw[at], raw[at + 1], raw[at + 2]];
      // dyes that are dark or strong in colour throw infrared back; soot, rubber and glass do not
      const most = r > g ? (r > b ? r : b) : g > b ? g : b;
      const albedo = (0.3 * r + 0.1 * g + 0.6 * most) / 255;
      const own = lamp.at(x, y, feet[i] === 0 ? y : feet[i]);
      const street = lamps ? 0.1 * lampPools(x / width, y / height) : 0;
      const v = 255 * (1 - Math.exp(-GAIN * stop * albedo * (own + street + around)));
      raw[at] = raw[at + 1] = raw[at + 2] = v;
    }
  }
}

/** Reflectors by the light that reaches them, and what glows by itself. @param scaleX, scaleY pixels a user unit */
export function paintSparks(
  canvas: Canvas,
  sparks: readonly (Spark & { readonly foot: number })[],
  { lamp }: InfraredScene,
  scaleX: number,
  scaleY: number,
): void {
  for (const { x, y, r, kind, strength, foot } of sparks) {
    const [px, py] = [x * scaleX, y * scaleY];
    if (px < 0 || py < 0 || px >= canvas.width || py >= canvas.height) continue;
    const lit =
      kind === "glow" ? 1 : Math.min(1.4, 5 * lamp.at(Math.floor(px), Math.floor(py), Math.round(foot * scaleY)));
    paintSpark(canvas, px, py, r * scaleY, strength * lit);
  }
}

/** Flames and lamps, which are red to the eye, are nearly white to this sensor; what is grey already stays. In place. */
export function takeColour(raw: Buffer): void {
  for (let i = 0; i < raw.length; i += 3) raw[i] = raw[i + 1] = raw[i + 2] = (raw[i] * 7 + raw[i + 1] * 3 + 5) / 10;
}

function bell(v: number): number {
  return Math.exp((-v * v) / 2);
}
