import type { EventPart, GridEvent } from "../event.ts";
import type { Finding, Severity } from "../finding.ts";
import { matchesKind } from "./kind-pattern.ts";

/** Kinds that are one incident when they come from one place within a time: a camera and a smoke detector see one fire. */
export interface FusionRule {
  readonly family: string;
  readonly kinds: readonly string[];
  /** metres between the positions; findings without a position are not joined */
  readonly radius_m: number;
  /** seconds since the event was last heard of */
  readonly window_s: number;
}

export class FusionRules {
  readonly #rules: readonly FusionRule[];
  readonly #byKind = new Map<string, FusionRule | null>();

  constructor(rules: readonly FusionRule[]) {
    this.#rules = rules;
  }

  of(kind: string): FusionRule | null {
    let rule = this.#byKind.get(kind);
    if (rule === undefined) {
      rule = this.#rules.find(({ kinds }) => kinds.some((pattern) => matchesKind(pattern, kind))) ?? null;
      if (this.#byKind.size < 10_000) this.#byKind.set(kind, rule);
    }
    return rule;
  }
}

type Point = { readonly lon: number | null; readonly lat: number | null };

/** Metres; Infinity where a position is missing. Flat over the few hundred metres that matter here. */
export function metresBetween(a: Point, b: Point): number {
  if (a.lon === null || a.lat === null || b.lon === null || b.lat === null) return Infinity;
  const north = (a.lat - b.lat) * 111_195;
  const east = (a.lon - b.lon) * 111_195 * Math.cos(((a.lat + b.lat) * Math.PI) / 360);
  return Math.hypot(north, east);
}

/** An event of one thing as the first of several. */
export function ownPart(event: Readonly<GridEvent>): EventPart {
  const { kind, subject, deviceId, source, severity, openedAt, updatedAt, occurrences } = event;
  const active = event.sensing === "active";
  return { kind, subject, deviceId, source, severity, active, since: openedAt, last: updatedAt, count: occurrences };
}

export function partOf(parts: readonly EventPart[] | undefined, f: Finding): EventPart | undefined {
  return parts?.find((part) => part.kind === f.kind && part.subject === f.subject);
}

/** The parts after a raise or an update: a new one, or the known one heard again. */
export function withRaised(parts: readonly EventPart[], f: Finding): EventPart[] {
  const { kind, subject, source, severity, ts } = f;
  const known = partOf(parts, f);
  if (known === undefined) {
    const deviceId = f.device?.id ?? null;
    return [...parts, { kind, subject, deviceId, source, severity, active: true, since: ts, last: ts, count: 1 }];
  }
  const heard = { ...known, severity, active: true, last: Math.max(known.last, ts), count: known.count + 1 };
  return parts.map((part) => (part === known ? heard : part));
}

export function withCleared(parts: readonly EventPart[], f: Finding): EventPart[] {
  return parts.map((part) =>
    part.kind === f.kind && part.subject === f.subject
      ? { ...part, active: false, last: Math.max(part.last, f.ts) }
      : part,
  );
}

/** The most severe of what goes on; null when nothing does. 1 is the highest. */
export function severityOf(parts: readonly EventPart[]): Severity | null {
  let worst: Severity | null = null;
  for (const { active, severity } of parts) if (active && (worst === null || severity < worst)) worst = severity;
  return worst;
}
