import { mulberry32 } from "@gridhub/device-profiles/seeded-random.ts";
import type { Canvas } from "./burning.ts";

/** where street lamps stand, fractions of the frame's width */
const LAMPS = [0.18, 0.52, 0.86];

/** Light of street lamps at fixed places on the ground. @param u, v fractions of the frame */
export function lampPools(u: number, v: number): number {
  let lit = 0;
  for (const lamp of LAMPS) {
    const d = ((u - lamp) / 0.2) ** 2 + ((v - 0.78) / 0.34) ** 2;
    if (d < 1) lit += (1 - d) ** 1.5;
  }
  return lit;
}

/** Street lamps: what a night camera sees by, pools of yellow light on the ground. `light` is what the sky still gives. */
export function nightfall({ raw, width, height }: Canvas, light: number): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const lit = lampPools(x / width, y / height);
      const level = light + lit * (0.62 - light * 0.4);
      const at = (y * width + x) * 3;
      // a small sensor at high gain: less colour, a blue cast where there is no lamp
      const grey = 0.35 * (0.3 * raw[at] + 0.59 * raw[at + 1] + 0.11 * raw[at + 2]);
      raw[at] = (raw[at] * 0.65 + grey) * level * (1 + 0.12 * lit);
      raw[at + 1] = (raw[at + 1] * 0.65 + grey) * level;
      raw[at + 2] = (raw[at + 2] * 0.65 + grey) * level * (1.08 - 0.3 * Math.min(1, lit));
    }
  }
}

/**
 * Rain: a grey veil that takes contrast, and streaks that are elsewhere in every frame.
 * @param strength 0..1 @param lit drops before a camera's own lamp shine, the air behind them does not; 1 = by daylight
 */
export function rain({ raw, width, height }: Canvas, strength: number, seed: number, lit = 1): void {
  const veil = 0.28 * strength;
  const air = 128 / lit;
  for (let i = 0; i < raw.length; i++) raw[i] = raw[i] * (1 - veil) + air * veil;
  const random = mulberry32(seed);
  const drops = Math.round(width * height * 0.0011 * strength);
  for (let n = 0; n < drops; n++) {
    let x = random() * width;
    const y = random() * height;
    const length = (8 + random() * 22) * (height / 720);
    const bright = (26 + random() * 40) * lit;
    for (let s = 0; s < length; s++, x -= 0.16) {
      const [px, py] = [Math.floor(x), Math.floor(y + s)];
      if (px < 0 || px >= width || py >= height) break;
      const at = (py * width + px) * 3;
      for (let c = 0; c < 3; c++) raw[at + c] = Math.min(255, raw[at + c] + bright * strength);
    }
  }
}
