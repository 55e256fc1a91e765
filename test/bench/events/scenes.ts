import type { Place } from "../../../simulators/src/camera/backdrop.ts";
import type { SceneName, SceneStep } from "../../../simulators/src/camera/scene.ts";

/** A camera's scripted view with the event that it must cause, if any. Times in seconds of scene time. */
export interface EventScene {
  readonly name: string;
  /** event kind that must be raised once; null = nothing may be raised */
  readonly kind: string | null;
  /** what happens, from when to when */
  readonly scene: SceneName;
  readonly from: number;
  readonly to: number;
  readonly end: number;
  /** a frame every so many seconds */
  readonly every: number;
  readonly place: Place;
  readonly seed: number;
  readonly conditions: Pick<SceneStep, "light" | "night" | "rain">;
  readonly attributes: Readonly<Record<string, string>>;
  /** cameras with overlapping views; each sees it from its own place */
  readonly cameras: number;
  /** what happens is a heap of litter of a photograph, laid into the empty scene */
  readonly photo: boolean;
}

const CONDITIONS = {
  day: {},
  dusk: { light: 0.5 },
  night: { night: true, light: 0.12 },
  rain: { rain: 0.8, light: 0.8 },
} as const;
type Condition = keyof typeof CONDITIONS;

interface Plan {
  readonly kind: string | null;
  readonly scene: SceneName;
  readonly when: readonly Condition[];
  readonly from?: number;
  readonly to?: number;
  readonly end: number;
  readonly every: number;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly cameras?: number;
  readonly places?: readonly Place[];
  readonly photo?: true;
}

const GROUND = "0,0.45 1,0.45 1,1 0,1";
const LANE = { fire_lane_zone: GROUND };
const CLEAN = { clean_zone: GROUND };
const BOTH = { ...LANE, ...CLEAN };
const PLANS: readonly Plan[] = [
  { kind: "vision.fire", scene: "fire", when: ["day", "day", "night", "night", "rain"], to: 180, end: 330, every: 10 },
  { kind: "vision.fire", scene: "fire", when: ["night"], to: 180, end: 330, every: 10, cameras: 2 },
  { kind: "vision.smoke", scene: "smoke", when: ["day", "day", "day", "night", "rain"], to: 210, end: 360, every: 10 },
  {
    kind: "vision.garbage",
    scene: "litter",
    when: ["day", "day", "night", "rain"],
    to: 540,
    end: 720,
    every: 30,
    attributes: CLEAN,
  },
  {
    kind: "vision.overflow",
    scene: "overflow",
    when: ["day", "day", "night", "rain"],
    to: 540,
    end: 720,
    every: 30,
    attributes: CLEAN,
  },
  {
    kind: "vision.fire_lane",
    scene: "car",
    when: ["day", "night", "rain"],
    to: 360,
    end: 480,
    every: 20,
    attributes: LANE,
  },
  {
    kind: "vision.fire_lane",
    scene: "truck",
    when: ["day", "night", "rain"],
    to: 360,
    end: 480,
    every: 20,
    attributes: LANE,
  },
  { kind: "vision.stall", scene: "stall", when: ["day", "day", "dusk", "rain"], to: 360, end: 480, every: 15 },
  // long runs in which nothing happens that anybody has to know of
  {
    kind: null,
    scene: "empty",
    when: ["day", "night", "rain"],
    from: 0,
    end: 1800,
    every: 30,
    attributes: BOTH,
    places: ["street"],
  },
  {
    kind: null,
    scene: "traffic",
    when: ["day", "night"],
    from: 0,
    end: 1200,
    every: 30,
    attributes: BOTH,
    places: ["street"],
  },
  {
    kind: null,
    scene: "walker",
    when: ["day", "dusk"],
    from: 0,
    end: 1200,
    every: 30,
    attributes: BOTH,
    places: ["street"],
  },
  {
    kind: null,
    scene: "lamp",
    when: ["day", "night"],
    from: 0,
    end: 1200,
    every: 30,
    attributes: BOTH,
    places: ["street"],
  },
  {
    kind: null,
    scene: "bin",
    when: ["day", "night"],
    from: 0,
    end: 1200,
    every: 30,
    attributes: BOTH,
    places: ["street"],
  },
  // at the end: a scene's seed is its place in this list
  {
    kind: "vision.garbage",
    scene: "empty",
    when: ["day", "day", "day", "dusk", "rain"],
    to: 540,
    end: 720,
    every: 30,
    attributes: CLEAN,
    photo: true,
  },
];

/** All scenes; the same every time. */
export function eventScenes(): EventScene[] {
  let seed = 3;
  return PLANS.flatMap((plan) =>
    plan.when.flatMap((condition, i) =>
      (plan.places ?? (["street", "quay"] as const)).map((place): EventScene => {
        seed++;
        const { kind, scene, from = 60, end, to = end, every, attributes = {}, cameras = 1, photo = false } = plan;
        const name = `${photo ? "litter-photo" : scene}-${condition}-${place}-${i + 1}${cameras > 1 ? "-two-cameras" : ""}`;
        return {
          name,
          kind,
          scene,
          from,
          to,
          end,
          every,
          place,
          seed,
          conditions: CONDITIONS[condition],
          attributes,
          cameras,
          photo,
        };
      }),
    ),
  );
}
