import Type, { type Static } from "typebox";
import { Nullable } from "./schema.ts";

// Where events go, and how that goes. Durations in ms.

export const TargetInfo = Type.Object({
  name: Type.String(),
  kind: Type.String(),
  /** without path, query or credentials */
  origin: Type.String(),
  deliver: Type.String(),
  /** it failed several times in a row; its rows wait */
  down: Type.Boolean(),
  /** in a row */
  failures: Type.Number(),
  /** until it is tried again after a failure; 0 = at any time */
  pauseMs: Type.Number(),
  /** rows since the hub started; failed = attempts that are made again */
  counts: Type.Object({ delivered: Type.Number(), failed: Type.Number(), parked: Type.Number() }),
  /** may it call back? */
  callbacks: Type.Boolean(),
  /** rows of the outbox that wait, and that were given up until somebody replays them */
  waiting: Type.Number(),
  parked: Type.Number(),
  /** of the row that has waited longest; null = none waits */
  oldestMs: Nullable(Type.Number()),
  lastError: Type.String(),
});
export const TargetList = Type.Object({ items: Type.Array(TargetInfo) });
export const TargetTested = Type.Object({
  /** delivered | refused (it works, and will not take this) | failed | stopped (the hub stops) */
  outcome: Type.String(),
  /** why; "" = delivered */
  error: Type.String(),
  ms: Type.Number(),
});

export type TargetInfo = Static<typeof TargetInfo>;
export type TargetTested = Static<typeof TargetTested>;
