import { fractal } from "./fractal.ts";

/** A picture of interleaved RGB bytes. */
export interface Canvas {
  readonly raw: Buffer;
  readonly width: number;
  readonly height: number;
}

/** Where something burns: the middle of its ground line and its size, pixels. */
export interface Burning {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/**
 * Paints flames in place: tongues of rising noise, hot and white below, red and torn above, with the glow that they throw on what is
 * around them. @param t seconds
 */
export function paintFlames(canvas: Canvas, { x, y, w, h }: Burning, t: number, seed: number, night: boolean): void {
  const { raw, width, height } = canvas;
  glow(
    canvas,
    { x, y: y - h * 0.35, w: w * (night ? 6 : 3.2), h: h * (night ? 5 : 2.6) },
    t,
    seed,
    night ? 0.85 : 0.28,
  );
  const left = Math.max(0, Math.floor(x - w));
  const right = Math.min(width, Math.ceil(x + w));
  const top = Math.max(0, Math.floor(y - h * 1.25));
  for (let py = top; py < Math.min(height, y); py++) {
    const up = (y - py) / h; // 0 at the ground, 1 at the mean tip
    for (let px = left; px < right; px++) {
      // tongues lean and part as they rise
      const sway = (fractal(up * 2, t * 1.3, 0, seed + 77, 2) - 0.5) * up * 0.9;
      const across = (px - x) / (w / 2) - sway;
      const body = fractal(((px - x) / w) * 4 + 50, up * 2.6 - t * 2.4, t * 1.1, seed, 4);
      const outline = 1 - Math.abs(across) ** 1.7 / Math.max(0.08, 1.15 - up * 0.85);
      const heat = outline * 1.1 + (body - 0.5) * 2.6 * (0.35 + up) - up * 0.72;
      if (heat <= 0.02) continue;
      const v = Math.min(1, heat);
      const alpha = Math.min(1, v * 2.6);
      const at = (py * width + px) * 3;
      const colour = [255, 70 + 185 * Math.min(1, v * 1.25), 12 + 205 * Math.max(0, v - 0.52) * 2];
      for (let c = 0; c < 3; c++) raw[at + c] = clamp(raw[at + c] * (1 - alpha) + colour[c] * alpha);
    }
  }
}

/** Paints smoke in place: rolling puffs that widen, thin out and drift. @param thickness 0..1 @param shade grey of the smoke, 0..255 */
export function paintSmoke(
  canvas: Canvas,
  { x, y, w, h }: Burning,
  t: number,
  seed: number,
  { thickness, shade, wind }: { readonly thickness: number; readonly shade: number; readonly wind: number },
): void {
  const { raw, width, height } = canvas;
  const top = Math.max(0, Math.floor(y - h));
  for (let py = top; py < Math.min(height, y); py++) {
    const up = (y - py) / h;
    const spread = (0.16 + 0.84 * up ** 0.75) * (w / 2);
    const centre = x + wind * up * w * 0.6 + (fractal(up * 2.5 - t * 0.12, 3, 0, seed + 5, 2) - 0.5) * spread * 0.9;
    const left = Math.max(0, Math.floor(centre - spread * 1.5));
    const right = Math.min(width, Math.ceil(centre + spread * 1.5));
    for (let px = left; px < right; px++) {
      const across = (px - centre) / spread;
      const puff = fractal(((px - x) / w) * 5 + 9, up * 4.5 - t * 0.35, t * 0.16, seed, 5);
      const edge = 1 - across * across + (puff - 0.5) * 2.4;
      if (edge <= 0) continue;
      const fadeOut = up > 0.75 ? (1 - up) * 4 : 1;
      const alpha = Math.min(0.96, edge * 1.4) * thickness * fadeOut;
      // lit from the upper left: puffs have a bright and a dark side
      const light =
        shade + (puff - fractal(((px - x - 5) / w) * 5 + 9, up * 4.5 + 0.12 - t * 0.35, t * 0.16, seed, 3)) * 190;
      const at = (py * width + px) * 3;
      for (let c = 0; c < 3; c++) raw[at + c] = clamp(raw[at + c] * (1 - alpha) + (light + (c === 2 ? 4 : 0)) * alpha);
    }
  }
}

/** Warm light around a flame that flickers with it. */
function glow(
  { raw, width, height }: Canvas,
  { x, y, w, h }: Burning,
  t: number,
  seed: number,
  strength: number,
): void {
  const flicker = strength * (0.75 + 0.5 * fractal(t * 3, 0, 0, seed + 9, 2));
  for (let py = Math.max(0, Math.floor(y - h / 2)); py < Math.min(height, y + h / 2); py++) {
    for (let px = Math.max(0, Math.floor(x - w / 2)); px < Math.min(width, x + w / 2); px++) {
      const d = ((px - x) / (w / 2)) ** 2 + ((py - y) / (h / 2)) ** 2;
      if (d >= 1) continue;
      const g = flicker * (1 - d) ** 2;
      const at = (py * width + px) * 3;
      raw[at] = clamp(raw[at] * (1 + g * 1.2) + 70 * g);
      raw[at + 1] = clamp(raw[at + 1] * (1 + g * 0.6) + 28 * g);
      raw[at + 2] = clamp(raw[at + 2] + 4 * g);
    }
  }
}

function clamp(v: number): number {
  return v < 0 ? 0 : v > 255 ? 255 : v;
}
