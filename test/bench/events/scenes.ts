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
  readonly conditions: Conditions;
  /** light that changes while all of that happens: from when on, in order */
  readonly changes: readonly (Conditions & { readonly at: number })[];
  readonly attributes: Readonly<Record<string, string>>;
  /** cameras with overlapping views; each sees it from its own place */
  readonly cameras: number;
  /** a registered hydrant so many metres beside the vehicle, seen by a calibrated camera; null = none, not calibrated */
  readonly hydrant: number | null;
  /** what happens is a heap of litter of a photograph, laid into the empty scene */
  readonly photo: boolean;
}

export type Conditions = Pick<SceneStep, "light" | "night" | "rain" | "infrared" | "shake">;

/** six pixels of 1280, and the same at night by infrared: a mast in a strong wind */
const WIND = { amplitude: 0.005, hz: 1.2, gusts: 0.6 };

const CONDITIONS = {
  day: {},
  dusk: { light: 0.5 },
  night: { night: true, light: 0.12 },
  rain: { rain: 0.8, light: 0.8 },
  infrared: { infrared: true, light: 0.05 },
  wind: { shake: WIND },
  "infrared-wind": { infrared: true, light: 0.05, shake: WIND },
  // by itself, as most cameras do
  switching: { infrared: "auto", light: 0.6 },
} as const;
/** Out of the day, through a dusk that hesitates, into the night, and back, s: the filter moves at 245 and 565. */
const DUSK_AND_DAWN: EventScene["changes"] = [
  ...[60, 0.3, 100, 0.22, 140, 0.28, 240, 0.12, 500, 0.3, 560, 0.5].flatMap((at, i, all) =>
    i % 2 === 0 ? [{ at, light: all[i + 1], infrared: "auto" as const }] : [],
  ),
];
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
  readonly hydrant?: number;
  readonly changes?: EventScene["changes"];
}

const GROUND = "0,0.45 1,0.45 1,1 0,1";
const LANE = { fire_lane_zone: GROUND };
const CLEAN = { clean_zone: GROUND };
const BOTH = { ...LANE, ...CLEAN };
/** eight of the fourteen people of a crowd */
export const CROWD_COUNT = 8;
const CROWD = { crowd_zone: GROUND, crowd_count: String(CROWD_COUNT) };
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
  { kind: "vision.fire", scene: "fire", when: ["infrared"], to: 180, end: 330, every: 10 },
  { kind: "vision.fire", scene: "fire", when: ["wind"], to: 180, end: 330, every: 10, places: ["street"] },
  { kind: "vision.smoke", scene: "smoke", when: ["infrared"], to: 210, end: 360, every: 10, places: ["street"] },
  {
    kind: "vision.overflow",
    scene: "overflow",
    when: ["wind"],
    to: 540,
    end: 720,
    every: 30,
    attributes: CLEAN,
    places: ["street"],
  },
  {
    kind: "vision.garbage",
    scene: "empty",
    when: ["wind", "infrared-wind"],
    to: 540,
    end: 720,
    every: 30,
    attributes: CLEAN,
    places: ["street"],
    photo: true,
  },
  {
    kind: "vision.fire_lane",
    scene: "car",
    when: ["infrared", "wind"],
    to: 360,
    end: 480,
    every: 20,
    attributes: LANE,
    places: ["street"],
  },
  {
    kind: "vision.fire_lane",
    scene: "truck",
    when: ["infrared"],
    to: 360,
    end: 480,
    every: 20,
    attributes: LANE,
    places: ["quay"],
  },
  {
    kind: "vision.stall",
    scene: "stall",
    when: ["infrared"],
    to: 360,
    end: 480,
    every: 15,
    places: ["street"],
  },
  // parked from day through dusk, night and dawn: once
  {
    kind: "vision.fire_lane",
    scene: "car",
    when: ["switching"],
    to: 700,
    end: 800,
    every: 20,
    attributes: LANE,
    places: ["street"],
    changes: DUSK_AND_DAWN,
  },
  ...(["empty", "lamp"] as const).flatMap((scene): Plan[] => [
    {
      ...{ kind: null, scene, when: ["wind", "infrared-wind"], from: 0, end: 600, every: 30 },
      ...{ attributes: BOTH, places: ["street"] },
    },
    {
      ...{ kind: null, scene, when: ["switching"], from: 0, end: 760, every: 20 },
      ...{ attributes: BOTH, places: ["street"], changes: DUSK_AND_DAWN },
    },
  ]),
  {
    kind: null,
    scene: "traffic",
    when: ["infrared"],
    from: 0,
    end: 600,
    every: 30,
    attributes: BOTH,
    places: ["street"],
  },
  ...(["car", "truck"] as const).flatMap((scene): Plan[] => [
    {
      ...{ kind: "vision.hydrant_blocked", scene, when: ["day", "rain"], to: 360, end: 480, every: 20 },
      hydrant: 1,
    },
    { kind: null, scene, when: ["day", "rain"], end: 480, every: 20, places: ["street"], hydrant: 8 },
  ]),
  {
    ...{ kind: "vision.crowding", scene: "crowd", when: ["day", "day", "dusk", "rain"], to: 240, end: 400, every: 10 },
    attributes: CROWD,
  },
  { kind: null, scene: "group", when: ["day", "rain"], from: 0, end: 600, every: 10, attributes: CROWD },
];

/** All scenes; the same every time. */
export function eventScenes(): EventScene[] {
  let seed = 3;
  return PLANS.flatMap((plan) =>
    plan.when.flatMap((condition, i) =>
      (plan.places ?? (["street", "quay"] as const)).map((place): EventScene => {
        seed++;
        const {
          kind,
          scene,
          from = 60,
          end,
          to = end,
          every,
          attributes = {},
          cameras = 1,
          photo = false,
          hydrant = null,
          changes = [],
        } = plan;
        const shown = photo ? "litter-photo" : hydrant === null ? scene : `${scene}-hydrant-${hydrant}m`;
        const name = `${shown}-${condition}-${place}-${i + 1}${cameras > 1 ? "-two-cameras" : ""}`;
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
          changes,
          attributes,
          cameras,
          photo,
          hydrant,
        };
      }),
    ),
  );
}
