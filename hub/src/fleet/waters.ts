import type { Finding, Severity } from "../finding.ts";
import type { Incident } from "./incidents.ts";
import type { FormationMembership } from "./membership.ts";
import type { FleetSettings } from "./options.ts";
import type { Track } from "./track.ts";

/** What every rule of the room may ask. */
export interface Waters {
  readonly tracks: ReadonlyMap<number, Track>;
  readonly membership: FormationMembership;
  /** settings of the hub */
  readonly settings: FleetSettings;
  /** settings of a grid, with what it and the grids above say */
  settingsOf(gridId: string | null): FleetSettings;
  /** grid of the harbour that a vessel lies in; null = at sea */
  harbourOf(mmsi: number): string | null;
}

/** Net buoys and what may be one are no vessels; what has one identifier for two is none that a rule can follow. */
export function isJudged(track: Track, waters: Waters): boolean {
  return !track.clashing && track.isVessel(waters.membership.formationOf(track.mmsi) !== null);
}

/** Distances of findings: two digits; NM, knots, degrees. */
export function rounded(value: number, digits = 2): number {
  const f = 10 ** digits;
  return Math.round(value * f) / f;
}

/** A finding of this room. @param at where; null = unknown */
export function report(
  kind: string,
  phase: Finding["phase"],
  severity: Severity,
  now: number,
  subject: string,
  gridId: string | null,
  at: { readonly lon: number; readonly lat: number } | null,
  evidence: Readonly<Record<string, unknown>>,
): Finding {
  return {
    kind,
    phase,
    severity,
    ts: now,
    subject,
    device: null,
    gridId,
    lon: at?.lon ?? null,
    lat: at?.lat ?? null,
    source: `fleet:${kind.slice(kind.indexOf(".") + 1)}`,
    evidence,
    late: false,
  };
}

/**
 * What is on the grid of a formation names the area that it happened in; findings of an area name the formation themselves.
 * @param from index of the first new finding
 */
export function nameAreas(out: Finding[], from: number, membership: FormationMembership): void {
  for (let i = from; i < out.length; i++) {
    const { lon, lat, evidence } = out[i];
    if (lon === null || lat === null || "area" in evidence) continue;
    const area = membership.areaAt?.(lon, lat) ?? null;
    if (area !== null) out[i] = { ...out[i], evidence: { ...evidence, area } };
  }
}

/** Time of a state in words of evidence. */
export function held(state: Incident<unknown>, now: number): { readonly since: number; readonly heldMs: number } {
  return { since: state.since, heldMs: now - state.since };
}

/** Who a vessel is, for evidence. */
export function whoIs(track: Track): { mmsi: number; name: string | null } {
  return { mmsi: track.mmsi, name: track.name };
}
