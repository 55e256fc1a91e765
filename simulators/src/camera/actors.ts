import type { Place } from "./backdrop.ts";
import { bicycle, chair, stallTable, umbrella } from "./goods.ts";
import { person, type Outfit } from "./person.ts";
import { bin, heap } from "./rubbish.ts";
import type { SceneName, TruthObject } from "./scene.ts";
import { sparksOf, type Spark } from "./sparks.ts";
import { boat, car, truck } from "./vehicle.ts";

/** A drawn thing; box in user units of the drawing. */
export interface Actor extends TruthObject {
  readonly svg: string;
  readonly foot: number;
  /** reflectors and warm parts, which only infrared shows */
  readonly sparks: readonly Spark[];
}

/** Width of the drawing in user units. */
const W = 1280;

const OUTFITS: readonly Outfit[] = [
  { skin: "#c99b7a", hair: "#221a16", top: "#8a2f2b", bottom: "#33405a" },
  { skin: "#c4946f", hair: "#1d1815", top: "#5a1f1f", bottom: "#222326" },
  { skin: "#d0a584", hair: "#2a211c", top: "#c8622e", bottom: "#26314a" },
];
export const OUTFIT_COUNT = OUTFITS.length;

const PAINTS = ["#8a2d28", "#2f4f7d", "#b9bcc0", "#2b2d31"];
const BINS = ["#2f6b3c", "#2a4f86", "#5a5d62"];

type Draw = (x: number, y: number, h: number) => string;

interface More {
  /** of its height, from the top, that counts as the object */
  readonly part?: number;
  /** how warm its engine is, 0..1; 1 = it runs */
  readonly engine?: number;
}

/** @param aspect width / height of the figure */
function actor(label: string, x: number, y: number, h: number, aspect: number, draw: Draw, more: More = {}): Actor {
  const { part = 1, engine = 0 } = more;
  const box = [x - (h * aspect) / 2, y - h, h * aspect, h * part] as const;
  return { label, svg: draw(x, y, h), foot: y, box, sparks: sparksOf(label, x, y, h, engine) };
}

/** Who and what is in a scene, back to front. @param t ms since the scene began @param tMs ms of scene time */
export function actorsOf(
  scene: SceneName,
  place: Place,
  seed: number,
  outfit: number,
  t: number,
  tMs: number,
): Actor[] {
  const wear = OUTFITS[outfit];
  const ground = place === "street" ? 530 : 620;
  const shift = ((seed * 97) % 240) - 120;
  // parked at the scene's beginning with a warm engine
  const cooling = 0.9 * Math.exp(-t / 300_000);
  switch (scene) {
    case "stall": {
      // the vendor shifts weight and moves a little behind the goods
      const sway = 2 * Math.sin(tMs / 2300) + Math.sin(tMs / 710);
      const stance = 0.75 + 0.06 * Math.sin(tMs / 900);
      return [
        // what the model calls an umbrella is the canopy
        actor("umbrella", 560, ground - 20, 250, 0.96, (x, y, h) => umbrella(x, y, h, ["#2b5fa8", "#2b5fa8"]), {
          part: 0.32,
        }),
        actor("bicycle", 330, ground + 14, 112, 1.52, (x, y, h) => bicycle(x, y, h, "#2f5d8c")),
        actor("dining table", 520, ground + 28, 100, 1.8, stallTable),
        actor("chair", 868, ground + 6, 96, 0.7, (x, y, h) => chair(x, y, h, "#8a2f2b")),
        actor("person", 757 + sway, ground, 165, 0.3, (x, y, h) => person(x, y, h, wear, stance)),
      ];
    }
    case "walker": {
      // crosses the picture at 1.4 m/s (a person is 1.7 m = 180 pixels) and comes back
      const path = ((t / 1000) * 148) % (2 * W);
      const out = path < W;
      const stride = Math.sin((tMs / 1000) * 2 * Math.PI * 0.9);
      const draw: Draw = (x, y, h) => person(x, y, h, wear, stride, out ? 1 : -1);
      return [actor("person", out ? path : 2 * W - path, ground - 10, 180, 0.3, draw)];
    }
    case "crowd":
      return people(14, ground, seed, tMs);
    case "group":
      return people(5, ground, seed, tMs);
    case "boat": {
      const bob = 2 * Math.sin(tMs / 1100);
      return [actor("boat", 760, 330 + bob, 110, 2.5, (x, y, h) => boat(x, y, h, "#2f5d8c"))];
    }
    case "car":
      return [
        actor("car", 640 + shift, ground + 70, 150, 2.95, (x, y, h) => car(x, y, h, PAINTS[seed % PAINTS.length]), {
          engine: cooling,
        }),
      ];
    case "truck":
      return [
        actor("truck", 640 + shift, ground + 60, 190, 2.35, (x, y, h) => truck(x, y, h, PAINTS[seed % PAINTS.length]), {
          engine: cooling,
        }),
      ];
    case "traffic": {
      const path = ((t / 1000) * 420 + seed * 300) % (2.4 * W);
      const draw: Draw = (x, y, h) => car(x, y, h, PAINTS[(seed + 1) % PAINTS.length]);
      return [actor("car", path - 0.2 * W, ground + 110, 150, 2.95, draw, { engine: 1 })];
    }
    case "litter":
      return [actor("garbage", 640 + shift, ground + 60, 120, 2.1, (x, y, h) => heap(x, y, h, seed + 11))];
    case "bin":
      return bins(ground, shift, seed, false);
    case "overflow":
      return bins(ground, shift, seed, true);
    default:
      return [];
  }
}

/** People who stand about in two rows, none quite before another, the nearer ones larger. */
function people(count: number, ground: number, seed: number, tMs: number): Actor[] {
  return Array.from({ length: count }, (_, i) => {
    const front = i >= count / 2;
    const column = front ? i - Math.ceil(count / 2) : i;
    const wear = OUTFITS[(seed + i * 2 + column) % OUTFITS.length];
    const sway = 3 * Math.sin(tMs / (1900 + 170 * i) + i);
    const x = 110 + column * 165 + (front ? 70 : 0) + ((seed * 31 + i * 47) % 24) + sway;
    const stance = 0.6 * Math.sin(tMs / 2700 + i * 1.7);
    const draw: Draw = (px, py, h) => person(px, py, h, wear, stance, i % 2 === 0 ? 1 : -1);
    return actor("person", x, ground + (front ? 75 : -15), front ? 190 : 145, 0.3, draw);
  });
}

function bins(ground: number, shift: number, seed: number, full: boolean): Actor[] {
  const [label, aspect] = full ? ["overflow", 1.2] : ["garbage_bin", 0.72];
  const colour = BINS[seed % BINS.length];
  return [0, 1].map((i) =>
    actor(label, 600 + shift + i * 190, ground + 50, 165, aspect, (x, y, h) => bin(x, y, h, colour, full, seed + i)),
  );
}
