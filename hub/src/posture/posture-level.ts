import Type, { type Static } from "typebox";

/** 平 normal, 战: alert, then the four grades of an emergency response, the gravest last. */
export const POSTURE_LEVELS = ["normal", "alert", "IV", "III", "II", "I"] as const;
export type PostureLevel = (typeof POSTURE_LEVELS)[number];

const factor = (fallback: number, least: number, description: string) =>
  Type.Number({ minimum: least, maximum: 10, default: fallback, description });
const pace = (least: number, description: string) =>
  Type.Optional(Type.Integer({ minimum: least, maximum: 86_400_000, description }));

/** What a level changes in its town. A factor of 1 changes nothing. */
export const EffectsSchema = Type.Object(
  {
    threshold: factor(1, 0.7, "Multiplies the score thresholds of detectors; below 0.7 nothing leaves a detector."),
    dwell: factor(1, 0.05, "Multiplies the time that something must be seen before it is an event."),
    sampling: factor(1, 0.05, "Multiplies the time between two samples of a camera."),
    escalation: factor(1, 0.05, "Multiplies the times of the escalation ladder."),
    dedupe: factor(1, 0.05, "Multiplies the time in which what comes back continues the same event."),
    heartbeat_ms: pace(100, "Time between two heartbeats of an edge, ms; absent = the edge's own."),
    interval_ms: pace(100, "Time between two pictures of a camera, ms; absent = the camera's own."),
    patrol_ms: pace(1000, "Time between two patrol pictures of a camera, ms; absent = the camera's own."),
    limits: Type.Record(Type.String({ pattern: "^[a-z][a-z0-9_]{0,63}$" }), Type.Number(), {
      default: {},
      description:
        "Attributes that alarms take their limits from, e.g. {min_pressure: 0.12}: these values hold instead.",
    }),
  },
  { additionalProperties: false },
);
export type PostureEffects = Static<typeof EffectsSchema>;

export const NORMAL_EFFECTS: PostureEffects = Object.freeze({
  threshold: 1,
  dwell: 1,
  sampling: 1,
  escalation: 1,
  dedupe: 1,
  limits: {},
});

type Raised = Exclude<PostureLevel, "normal">;
export type EffectsByLevel = Readonly<Record<Raised, PostureEffects>>;

const effects = (threshold: number, rate: number, escalation: number, heartbeat_ms?: number): PostureEffects => ({
  ...NORMAL_EFFECTS,
  threshold,
  dwell: rate,
  sampling: rate,
  escalation,
  ...(heartbeat_ms !== undefined && { heartbeat_ms }),
});

/** The graver, the sooner something counts, the oftener it is looked at and the faster it goes up the ladder. */
export const DEFAULT_EFFECTS: EffectsByLevel = {
  alert: effects(1, 0.75, 0.75),
  IV: effects(0.95, 0.6, 0.6),
  III: effects(0.9, 0.5, 0.5, 10_000),
  II: effects(0.85, 0.35, 0.35, 10_000),
  I: effects(0.8, 0.25, 0.25, 5000),
};

/** The `posture:` block of the hub's settings. */
export const PostureSchema = Type.Object(
  {
    longest_hours: Type.Number({
      exclusiveMinimum: 0,
      maximum: 24 * 31,
      default: 72,
      description: "Longest time that a level above normal may be set for; then it reverts, unless it is set anew.",
    }),
    levels: Type.Partial(
      Type.Object({ alert: EffectsSchema, IV: EffectsSchema, III: EffectsSchema, II: EffectsSchema, I: EffectsSchema }),
      { default: {}, additionalProperties: false, description: "What each level changes (hub/src/posture/README.md)." },
    ),
  },
  { additionalProperties: false, default: {} },
);

/** How grave a level is: 0 normal .. 5 response I. */
export function rankOf(level: PostureLevel): number {
  return POSTURE_LEVELS.indexOf(level);
}
