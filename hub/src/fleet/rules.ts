import type { Finding } from "../finding.ts";
import { AnchorDrags, Drifts } from "./adrift.ts";
import { Approaches } from "./approach.ts";
import { AreaWatch } from "./areas.ts";
import type { Changes } from "./changes.ts";
import { Clashes } from "./clash.ts";
import { Encounters } from "./encounter.ts";
import type { FormationShape } from "./formation.ts";
import type { Incidents, Watch } from "./incidents.ts";
import type { SeaArea } from "./membership.ts";
import type { FleetSettings } from "./options.ts";
import { PortWatch } from "./ports.ts";
import { SilenceWatch } from "./silence.ts";
import { DRILLS, REAL, SosWatch } from "./sos.ts";
import { Splits } from "./split.ts";
import { Stragglers } from "./straggler.ts";
import type { Track } from "./track.ts";
import { report, type Waters } from "./waters.ts";

/** All rules of the room, in the order in which they speak; each keeps its own rows under its own prefix. */
export class FleetRules {
  readonly stragglers: Stragglers;
  readonly splits: Splits;
  readonly sos: SosWatch;
  readonly drills: SosWatch;
  readonly silence: SilenceWatch;
  readonly areas: AreaWatch;
  readonly ports: PortWatch;
  readonly clashes: Clashes;
  readonly approaches: Approaches;
  readonly encounters: Encounters;
  readonly drifts: Drifts;
  readonly drags: AnchorDrags;
  readonly #watches: ReadonlyMap<string, Watch>;
  readonly #vesselRules: readonly (readonly [string, Incidents<unknown>])[];

  constructor(settings: FleetSettings, changes: Changes) {
    this.stragglers = new Stragglers(settings, changes);
    this.splits = new Splits(changes);
    this.sos = new SosWatch(settings, changes, REAL);
    this.drills = new SosWatch(settings, changes, DRILLS);
    this.silence = new SilenceWatch(changes);
    this.areas = new AreaWatch(changes);
    this.ports = new PortWatch(changes);
    this.clashes = new Clashes(changes);
    this.approaches = new Approaches(changes);
    this.encounters = new Encounters(changes);
    this.drifts = new Drifts(changes);
    this.drags = new AnchorDrags(changes);
    this.#vesselRules = [
      ["vessel.mmsi_clash", this.clashes.incidents],
      ["vessel.drift", this.drifts.incidents],
      ["vessel.anchor_drag", this.drags.incidents],
      ["", this.drags.anchorages],
    ];
    const watches: Watch[] = [
      this.stragglers,
      this.sos,
      this.drills,
      this.areas,
      this.ports,
      this.splits.incidents,
      this.approaches.incidents,
      this.encounters.incidents,
      ...this.silence.watches(),
      ...this.#vesselRules.map(([, incidents]) => incidents),
    ];
    this.#watches = new Map(watches.map((watch) => [watch.prefix, watch]));
  }

  /** @param running areas change while vessels are followed */
  setAreas(areas: readonly SeaArea[], running: boolean): void {
    this.areas.setAreas(areas, running);
    this.ports.setAreas(areas);
  }

  reset(): void {
    for (const watch of this.#watches.values()) watch.reset();
    this.approaches.reset();
    this.encounters.reset();
  }

  load(key: string, state: unknown): void {
    const colon = key.indexOf(":");
    this.#watches.get(key.slice(0, colon + 1))?.load(key.slice(colon + 1), state);
  }

  harbourOf(mmsi: number): string | null {
    return this.areas.harbourOf(mmsi) ?? this.ports.harbourOf(mmsi);
  }

  isDistress(mmsi: number): boolean {
    return this.sos.isOpen(mmsi) || this.drills.isOpen(mmsi);
  }

  /** A live, plausible step of a vessel. @param from its last place in the same segment */
  moved(
    track: Track,
    from: { readonly lon: number; readonly lat: number; readonly ts: number } | null,
    waters: Waters,
    now: number,
    out: Finding[],
  ): void {
    const to = track.main!;
    this.areas.moved({ track, from, to }, waters, now, out);
    this.ports.moved(track, to, this.areas.harbourOf(track.mmsi), waters, now, out);
    this.drifts.moved(track, to, waters, now, out);
    this.drags.moved(track, to, waters, now, out);
  }

  /** @param save called for tracks that have changed */
  tick(
    waters: Waters,
    shapeOf: (gridId: string) => FormationShape,
    now: number,
    save: (track: Track) => void,
    out: Finding[],
  ): void {
    const { membership } = waters;
    const formations = new Set(membership.formations());
    this.silence.tick(waters, now, save, out);
    const over = (mmsi: number, gridId: string) => {
      if (membership.formationOf(mmsi) !== gridId) return "left_formation";
      return waters.tracks.get(mmsi)?.clashing === true ? "mmsi_clash" : null;
    };
    this.stragglers.release(over, now, out);
    this.splits.release((gridId) => formations.has(gridId), now, out);
    for (const gridId of formations) {
      const settings = waters.settingsOf(gridId);
      const shape = shapeOf(gridId);
      if (this.splits.evaluate(gridId, shape, settings, now, out)) {
        // before it is reported the timers of stragglers wait; afterwards they are part of it
        if (this.splits.incidents.isOpen(gridId)) this.stragglers.yieldTo(gridId, membership.members(gridId), now, out);
      } else this.stragglers.evaluate(gridId, shape, settings, now, out);
    }
    this.ports.tick(waters, now, out);
    this.areas.tick(waters, now, out);
    this.approaches.tick(waters, now, out);
    this.encounters.tick(waters, now, out);
    this.#forgetful(waters, now, out);
    const trackOf = (mmsi: number) => waters.tracks.get(mmsi);
    this.sos.tick(now, out, trackOf);
    this.drills.tick(now, out, trackOf);
  }

  /** Incidents of vessels that are forgotten, lost for hours, or of two in one. */
  #forgetful(waters: Waters, now: number, out: Finding[]): void {
    for (const [key, state] of this.clashes.incidents.entries()) {
      const track = waters.tracks.get(Number(key));
      if (track !== undefined) this.clashes.look(track, state.gridId, waters.settings, now, out);
    }
    for (const [kind, incidents] of this.#vesselRules)
      for (const [key, state] of incidents.entries()) {
        const track = waters.tracks.get(Number(key));
        if (track !== undefined && now - (track.main?.ts ?? 0) < waters.settings.gapMs) continue;
        if (state.open)
          out.push(
            report(kind, "clear", 4, now, `mmsi:${key}`, state.gridId, null, { mmsi: Number(key), why: "not_heard" }),
          );
        incidents.drop(key);
      }
  }
}
