import type { Finding } from "../finding.ts";
import type { Changes } from "./changes.ts";
import { distanceNm, type Place } from "./distance.ts";
import type { FormationShape, FreshMember } from "./formation.ts";
import { type Incident, Incidents, step } from "./incidents.ts";
import type { FleetSettings } from "./options.ts";
import { held, report, rounded } from "./waters.ts";

interface Parts {
  /** MMSIs of each part, the largest first */
  readonly parts: readonly (readonly number[])[];
  /** between the nearest boats of the two largest parts, NM */
  readonly apartNm: number;
}

/**
 * A formation whose fresh members form two parts of two boats or more, no boat of one within 2 NM of any of the other
 * (single linkage). One event says so; until it is over nobody is a straggler. Over = one part at 80 % of the distance, seen
 * with boats of both parts, since silence clears nothing.
 */
export class Splits {
  readonly incidents: Incidents<Parts>;

  constructor(changes: Changes) {
    this.incidents = new Incidents("split:", changes);
  }

  /** @returns true while the formation is in parts, also before that is reported */
  evaluate(gridId: string, shape: FormationShape, settings: FleetSettings, now: number, out: Finding[]): boolean {
    if (settings.splitNm <= 0) return false;
    const state = this.incidents.get(gridId);
    const parts = partsOf(shape.fresh, settings.splitNm);
    const apart = parts !== null;
    const data = parts ?? state?.data ?? { parts: [], apartNm: 0 };
    const off =
      state !== undefined &&
      !apart &&
      bothHeard(state.data, shape.fresh) &&
      partsOf(shape.fresh, settings.splitNm * settings.stragglerClear) === null;
    const news = (a: Parts, b: Parts) =>
      a.parts.length !== b.parts.length || Math.abs(a.apartNm - b.apartNm) >= 0.25 * a.apartNm;
    const done = step(this.incidents, gridId, { on: apart, off, gridId, data }, now, {
      holdMs: settings.splitHoldMs,
      updateMs: settings.updateMs,
      news,
    });
    if (done !== null) out.push(finding(gridId, done.phase, done.state, shape, now));
    return apart || this.incidents.isOpen(gridId);
  }

  /** Ends what belongs to formations that are no more. */
  release(exists: (gridId: string) => boolean, now: number, out: Finding[]): void {
    for (const [gridId, state] of this.incidents.entries()) {
      if (exists(gridId)) continue;
      if (state.open)
        out.push(
          report("formation.split", "clear", 3, now, `formation:${gridId}`, gridId, null, { why: "formation_removed" }),
        );
      this.incidents.drop(gridId);
    }
  }
}

function finding(
  gridId: string,
  phase: Finding["phase"],
  state: Incident<Parts>,
  shape: FormationShape,
  now: number,
): Finding {
  const { parts, apartNm } = state.data;
  const centres = parts.map((part) => {
    const at = shape.fresh.filter((m) => part.includes(m.track.mmsi));
    const mean = (of: (m: Place) => number) => at.reduce((sum, m) => sum + of(m), 0) / Math.max(1, at.length);
    return at.length === 0 ? null : [rounded(mean((m) => m.lon), 5), rounded(mean((m) => m.lat), 5)]; // prettier-ignore
  });
  return report("formation.split", phase, 3, now, `formation:${gridId}`, gridId, shape.centre, {
    parts: parts.map((part, i) => ({ boats: part.length, mmsi: part.slice(0, 20), centre: centres[i] })),
    apartNm: rounded(apartNm),
    fresh: shape.fresh.length,
    ...held(state, now),
  });
}

function bothHeard({ parts }: Parts, fresh: readonly FreshMember[]): boolean {
  const heard = new Set(fresh.map((m) => m.track.mmsi));
  return parts.slice(0, 2).every((part) => part.some((mmsi) => heard.has(mmsi)));
}

/** Two or more parts of two boats or more; null when there are none. Boats alone belong to no part. */
function partsOf(fresh: readonly FreshMember[], linkNm: number): Parts | null {
  if (fresh.length < 4) return null;
  const root = fresh.map((_, i) => i);
  const find = (i: number): number => {
    while (root[i] !== i) i = root[i] = root[root[i]];
    return i;
  };
  for (let i = 0; i < fresh.length; i++)
    for (let j = i + 1; j < fresh.length; j++) {
      const [a, b] = [find(i), find(j)];
      if (a !== b && near(fresh[i], fresh[j], linkNm)) root[b] = a;
    }
  const groups = new Map<number, FreshMember[]>();
  for (const [i, member] of fresh.entries()) {
    const list = groups.get(find(i));
    if (list === undefined) groups.set(find(i), [member]);
    else list.push(member);
  }
  const parts = [...groups.values()].filter((part) => part.length >= 2);
  if (parts.length < 2) return null;
  const first = (part: readonly FreshMember[]) => Math.min(...part.map((m) => m.track.mmsi));
  parts.sort((a, b) => b.length - a.length || first(a) - first(b));
  let apartNm = Number.POSITIVE_INFINITY;
  for (const a of parts[0])
    for (const b of parts[1]) apartNm = Math.min(apartNm, distanceNm(a.lon, a.lat, b.lon, b.lat));
  return { parts: parts.map((part) => part.map((m) => m.track.mmsi).sort((a, b) => a - b)), apartNm };
}

function near(a: Place, b: Place, nm: number): boolean {
  // cheap refusal first: a degree of latitude is 60 NM
  return Math.abs(a.lat - b.lat) * 60 <= nm + 1 && distanceNm(a.lon, a.lat, b.lon, b.lat) <= nm;
}
