import type { Finding } from "../finding.ts";
import type { Changes } from "./changes.ts";
import type { FormationShape, FreshMember } from "./formation.ts";
import type { FleetSettings } from "./options.ts";

/** A vessel that is too far from its formation: waiting out the hold, or reported. */
export interface StragglerState {
  /** the formation it strays from */
  readonly gridId: string;
  /** hub time when it was first seen too far out, ms UTC */
  readonly since: number;
  open: boolean;
  /** hub time of the last finding */
  updatedAt: number;
  distanceNm: number;
  thresholdNm: number;
}

const STRAGGLER_KEY = "straggler:";
const SOURCE = "fleet:straggler";

/**
 * A member farther than max(2 NM, 3 x spread) from the centre for 10 minutes; clears within 80 % of the threshold. Silence
 * neither raises nor clears: a vessel that is not heard keeps its timer and its finding.
 */
export class Stragglers {
  readonly prefix = STRAGGLER_KEY;
  /** of the formation being looked at */
  #settings: FleetSettings;
  readonly #changes: Changes;
  readonly #states = new Map<number, StragglerState>();

  constructor(settings: FleetSettings, changes: Changes) {
    this.#settings = settings;
    this.#changes = changes;
  }

  load(mmsi: string, state: unknown): void {
    this.#states.set(Number(mmsi), { ...(state as StragglerState) });
  }

  reset(): void {
    this.#states.clear();
  }

  isOpen(mmsi: number): boolean {
    return this.#states.get(mmsi)?.open === true;
  }

  evaluate(gridId: string, shape: FormationShape, settings: FleetSettings, now: number, out: Finding[]): void {
    if (shape.centre === null) return;
    this.#settings = settings;
    for (const member of shape.fresh) {
      const { mmsi } = member.track;
      const state = this.#states.get(mmsi);
      if (state === undefined) {
        if (member.distanceNm <= shape.thresholdNm) continue;
        this.#set(mmsi, {
          gridId,
          since: now,
          open: false,
          updatedAt: now,
          distanceNm: member.distanceNm,
          thresholdNm: shape.thresholdNm,
        });
      } else if (member.distanceNm <= shape.thresholdNm * (state.open ? this.#settings.stragglerClear : 1)) {
        if (state.open) out.push(this.#finding("clear", member, state, shape, now));
        this.#drop(mmsi);
      } else this.#still(member, state, shape, now, out);
    }
  }

  /** Ends what belongs to no formation any more, and what is no longer followed. @param over why; null = it goes on */
  release(over: (mmsi: number, gridId: string) => string | null, now: number, out: Finding[]): void {
    for (const [mmsi, state] of this.#states) {
      const why = over(mmsi, state.gridId);
      if (why === null) continue;
      if (state.open) out.push(this.#gone(mmsi, state, now, why));
      this.#drop(mmsi);
    }
  }

  /** The formation is in parts: nobody has strayed from it alone. */
  yieldTo(gridId: string, members: readonly number[], now: number, out: Finding[]): void {
    for (const mmsi of members) {
      const state = this.#states.get(mmsi);
      if (state?.gridId !== gridId) continue;
      if (state.open) out.push(this.#gone(mmsi, state, now, "formation_split"));
      this.#drop(mmsi);
    }
  }

  #still(member: FreshMember, state: StragglerState, shape: FormationShape, now: number, out: Finding[]): void {
    const { mmsi } = member.track;
    const { stragglerHoldMs, updateMs } = this.#settings;
    if (!state.open) {
      if (now - state.since < stragglerHoldMs) return;
      this.#set(mmsi, { ...state, open: true, ...this.#seen(member, shape, now) });
      out.push(this.#finding("raise", member, state, shape, now));
    } else if (now - state.updatedAt >= updateMs && moved(state.distanceNm, member.distanceNm)) {
      this.#set(mmsi, { ...state, ...this.#seen(member, shape, now) });
      out.push(this.#finding("update", member, state, shape, now));
    }
  }

  #seen(member: FreshMember, shape: FormationShape, now: number) {
    return { updatedAt: now, distanceNm: member.distanceNm, thresholdNm: shape.thresholdNm };
  }

  #set(mmsi: number, state: StragglerState): void {
    this.#states.set(mmsi, state);
    this.#changes.mark(STRAGGLER_KEY + mmsi, () => state);
  }

  #drop(mmsi: number): void {
    this.#states.delete(mmsi);
    this.#changes.mark(STRAGGLER_KEY + mmsi, () => null);
  }

  #finding(
    phase: "raise" | "update" | "clear",
    member: FreshMember,
    state: StragglerState,
    shape: FormationShape,
    now: number,
  ): Finding {
    const { track } = member;
    return {
      kind: "vessel.straggler",
      phase,
      severity: this.#settings.stragglerSeverity,
      ts: now,
      subject: `mmsi:${track.mmsi}`,
      device: null,
      gridId: state.gridId,
      lon: member.lon,
      lat: member.lat,
      source: SOURCE,
      evidence: {
        mmsi: track.mmsi,
        name: track.name,
        distanceNm: rounded(member.distanceNm),
        thresholdNm: rounded(shape.thresholdNm),
        spreadNm: rounded(shape.spreadNm),
        centre: shape.centre === null ? null : [rounded(shape.centre.lon, 5), rounded(shape.centre.lat, 5)],
        fresh: shape.fresh.length,
        since: state.since,
        heldMs: now - state.since,
        sog: track.main?.sog ?? null,
        cog: track.main?.cog ?? null,
      },
      late: false,
    };
  }

  #gone(mmsi: number, state: StragglerState, now: number, why: string): Finding {
    return {
      kind: "vessel.straggler",
      phase: "clear",
      severity: this.#settings.stragglerSeverity,
      ts: now,
      subject: `mmsi:${mmsi}`,
      device: null,
      gridId: state.gridId,
      lon: null,
      lat: null,
      source: SOURCE,
      evidence: { mmsi, why, heldMs: now - state.since, distanceNm: rounded(state.distanceNm) },
      late: false,
    };
  }
}

/** An update is worth a line of the timeline when the distance changed by a tenth. */
function moved(before: number, after: number): boolean {
  return Math.abs(after - before) >= 0.1 * before;
}

function rounded(value: number, digits = 2): number {
  const f = 10 ** digits;
  return Math.round(value * f) / f;
}
