import type { Canvas } from "./burning.ts";

/** What stands out of an infrared picture; positions in user units of the drawing. */
export interface Spark {
  readonly x: number;
  readonly y: number;
  readonly r: number;
  /** throws the camera's own light back; glows by itself, 1 = clipped */
  readonly kind: "reflector" | "glow";
  readonly strength: number;
}

/** [x, y, r, strength] in a figure's units: 100 = its height, x from the middle, y from the top. */
type Mark = readonly [number, number, number, number];

/** Lamps, plates, tapes, spokes and eyes; a number plate seen from the side is a narrow strip. */
const REFLECTORS: Readonly<Record<string, readonly Mark[]>> = {
  car: [
    [141, 58, 3.2, 0.9],
    [-139, 56, 4, 1.2],
    [-147, 69, 2.2, 1],
    [-147, 73, 2.2, 1],
    [-97, 79, 4, 0.12],
    [93, 79, 4, 0.12],
  ],
  truck: [
    [107, 66, 2.6, 0.9],
    [-115, 74, 2.4, 1.2],
    ...[-106, -84, -62, -40, -18, 4, 26].map((x): Mark => [x, 76, 1.9, 1]),
    ...[-114, 32].flatMap((x): Mark[] => [
      [x, 8, 1.6, 0.7],
      [x, 14, 1.6, 0.7],
    ]),
  ],
  bicycle: [
    [-46, 49, 2, 0.9],
    [46, 91, 2, 0.9],
    [-77, 60, 2.6, 1.2],
    [6, 83, 2, 0.8],
  ],
  person: [
    [-1.9, 6.3, 0.4, 0.3],
    [1.9, 6.3, 0.4, 0.3],
  ],
  boat: [
    [-84, 40, 2, 0.8],
    [-24, 40, 2, 0.8],
    [34, 0, 2, 0.8],
  ],
};

/** Grille and exhaust of an engine that runs or ran. */
const ENGINES: Readonly<Record<string, readonly Mark[]>> = {
  car: [
    [134, 66, 9, 0.75],
    [112, 52, 16, 0.3],
    [-138, 84, 5, 0.9],
  ],
  truck: [
    [108, 58, 7, 0.75],
    [60, 82, 8, 0.6],
  ],
};
const LAMPS: Readonly<Record<string, readonly Mark[]>> = {
  car: [
    [144, 58, 9, 3],
    [-143, 56, 5, 1.2],
  ],
};

/**
 * @param x middle of the figure @param y its foot @param h height, user units
 * @param engine 0..1 how warm its engine is; 1 = it runs, with its lights on
 */
export function sparksOf(label: string, x: number, y: number, h: number, engine: number): Spark[] {
  const place = (marks: readonly Mark[] | undefined, kind: Spark["kind"], factor: number): Spark[] =>
    (marks ?? []).map(([mx, my, r, strength]) => ({
      ...{ x: x + (mx * h) / 100, y: y - h + (my * h) / 100, r: (r * h) / 100 },
      ...{ kind, strength: strength * factor },
    }));
  return [
    ...place(REFLECTORS[label], "reflector", 1),
    ...(engine > 0.05 ? place(ENGINES[label], "glow", engine) : []),
    ...(engine >= 1 ? place(LAMPS[label], "glow", 1) : []),
  ];
}

/** Adds a bright core with its halo, clipped where it is too much. @param x, y, r pixels */
export function paintSpark({ raw, width, height }: Canvas, x: number, y: number, r: number, strength: number): void {
  const core = Math.max(0.8, r);
  const reach = core * (2 + 2.5 * Math.min(2, strength));
  for (let py = Math.max(0, Math.floor(y - reach)); py < Math.min(height, y + reach); py++) {
    for (let px = Math.max(0, Math.floor(x - reach)); px < Math.min(width, x + reach); px++) {
      const d = Math.hypot(px + 0.5 - x, py + 0.5 - y);
      if (d >= reach) continue;
      const halo = 0.22 * (1 - d / reach) ** 2;
      const light = 255 * strength * (Math.exp(-((d / core) ** 2)) + halo);
      const at = (py * width + px) * 3;
      raw[at] = raw[at + 1] = raw[at + 2] = Math.min(255, raw[at] + light);
    }
  }
}
