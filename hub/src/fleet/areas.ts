import type { Finding } from "../finding.ts";
import { AreaIndex } from "./area-index.ts";
import { AREA_RULES, isBroken, speedSeen, type Visit } from "./area-rules.ts";
import { inForce } from "./calendar.ts";
import type { Changes } from "./changes.ts";
import type { Watch } from "./incidents.ts";
import type { SeaArea } from "./membership.ts";
import type { Segment, Track } from "./track.ts";
import { report, rounded, type Waters, whoIs } from "./waters.ts";

type Seen = Visit & { readonly crossed?: true };
type Visits = Readonly<Record<string, Visit>>;

interface Step {
  readonly track: Track;
  readonly from: { readonly lon: number; readonly lat: number; readonly ts: number } | null;
  readonly to: Segment;
}

/** schedules are looked at this often, ms */
const SCHEDULE_MS = 10_000;

/**
 * Who is in which area. Safety zones are entered at once, and crossed when the way between two fixes cuts them; everything else
 * is entered and left after two fixes or 100 m beyond the border. Durable per vessel; schedules are looked at with every tick.
 */
export class AreaWatch implements Watch {
  readonly prefix = "area:";
  readonly #changes: Changes;
  readonly #visits = new Map<number, Visits>();
  #index = new AreaIndex([]);
  #byId: ReadonlyMap<string, number> = new Map();
  readonly #workplaces = new Map<string, string[]>();
  #tickedAt = Number.NEGATIVE_INFINITY;
  /** drawn anew since the last tick: who is in it already makes no step into it */
  #redrawn: ReadonlySet<string> = new Set();

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  /** @param running vessels are followed already: who is in a new area is judged with the next tick, by his last place */
  setAreas(areas: readonly SeaArea[], running: boolean): void {
    this.#tickedAt = Number.NEGATIVE_INFINITY;
    const drawn = new Map(this.#index.areas.map((area) => [area.id, JSON.stringify(area.polygons)]));
    this.#index = new AreaIndex(areas);
    if (running) {
      const redrawn = this.#index.areas.filter(({ id, polygons }) => drawn.get(id) !== JSON.stringify(polygons));
      this.#redrawn = new Set([...this.#redrawn, ...redrawn.map(({ id }) => id)]);
    }
    this.#byId = new Map(this.#index.areas.map(({ id }, i) => [id, i]));
    this.#workplaces.clear();
    for (const { id, rule, sea } of this.#index.areas)
      if (rule === "working_area")
        for (const f of sea.formations ?? []) this.#workplaces.set(f, [...(this.#workplaces.get(f) ?? []), id]);
  }

  load(key: string, state: unknown): void {
    this.#visits.set(Number(key), state as Visits);
  }

  reset(): void {
    this.#tickedAt = Number.NEGATIVE_INFINITY;
    this.#redrawn = new Set();
    this.#visits.clear();
  }

  /** ids of the areas that a vessel is in */
  areasOf(mmsi: number): string[] {
    const visits = this.#visits.get(mmsi);
    return visits === undefined ? [] : Object.keys(visits).filter((id) => visits[id].inside);
  }

  /** the harbour that a vessel lies in */
  harbourOf(mmsi: number): string | null {
    const visits = this.#visits.get(mmsi);
    if (visits === undefined) return null;
    for (const id in visits) if (visits[id].inside && this.#area(id)?.rule === "harbour") return id;
    return null;
  }

  /** A plausible step of a vessel. */
  moved(step: Step, waters: Waters, now: number, out: Finding[]): void {
    const { track, from, to } = step;
    const before = this.#visits.get(track.mmsi);
    const a = from ?? to;
    const near = this.#index.near(a.lon, a.lat, to.lon, to.lat);
    const formationId = waters.membership.formationOf(track.mmsi);
    const workplaces = formationId === null ? undefined : this.#workplaces.get(formationId);
    if (near.length === 0 && before === undefined && workplaces === undefined) return;
    const after: Record<string, Visit> = {};
    const seen = new Set(near.map((i) => this.#index.areas[i].id));
    for (const id of Object.keys(before ?? {})) seen.add(id);
    for (const id of workplaces ?? []) seen.add(id);
    for (const id of seen) {
      const i = this.#byId.get(id);
      const known = before?.[id];
      if (i === undefined) {
        // the step comes between the new areas and their first tick
        if (known?.open === true) out.push(this.#gone(track.mmsi, id, known, "area_removed", now));
        continue;
      }
      const visit: Seen | undefined = this.#visit(i, step, known, waters);
      if (visit !== undefined) after[id] = visit;
      if (visit?.crossed === true) this.#cross(i, step, waters, now, out);
    }
    this.#judge(track, after, waters, now, out);
    this.#keep(track.mmsi, before, after);
  }

  /** Schedules begin and end, areas and memberships change, vessels are forgotten. */
  tick(waters: Waters, now: number, out: Finding[]): void {
    if (now - this.#tickedAt < SCHEDULE_MS && now >= this.#tickedAt) return;
    this.#tickedAt = now;
    if (this.#redrawn.size > 0) this.#place(waters, now);
    for (const [mmsi, before] of this.#visits) {
      const track = waters.tracks.get(mmsi);
      const after: Record<string, Visit> = {};
      for (const [id, visit] of Object.entries(before)) {
        if (track !== undefined && this.#byId.has(id)) after[id] = visit;
        else if (visit.open)
          out.push(this.#gone(mmsi, id, visit, track === undefined ? "forgotten" : "area_removed", now));
      }
      if (track !== undefined) this.#judge(track, after, waters, now, out);
      this.#keep(mmsi, before, after);
    }
  }

  /** Who is in an area that was drawn anew, and no longer in one that was moved: by the last place, unless that is too old. */
  #place(waters: Waters, now: number): void {
    for (const track of waters.tracks.values()) {
      const to = track.main;
      if (to === null || track.freshness(now, waters.settings) === "lost") continue;
      const before = this.#visits.get(track.mmsi);
      const after: Record<string, Visit> = { ...before };
      for (const id of this.#redrawn) {
        const i = this.#byId.get(id);
        const inside = i !== undefined && this.#index.contains(i, to.lon, to.lat);
        const known = before?.[id];
        if (inside === (known?.inside === true)) continue;
        const since = inside ? to.ts : (known?.since ?? to.ts);
        const rule = known?.rule ?? this.#area(id)!.rule;
        after[id] = { since, against: 0, inside, open: known?.open ?? false, rule };
      }
      this.#keep(track.mmsi, before, after);
    }
    this.#redrawn = new Set();
  }

  #area(id: string): SeaArea | undefined {
    const i = this.#byId.get(id);
    return i === undefined ? undefined : this.#index.areas[i];
  }

  /** What the step makes of the vessel's state at one area; undefined = nothing to remember. */
  #visit(i: number, { from, to }: Step, before: Visit | undefined, waters: Waters): Seen | undefined {
    const area = this.#index.areas[i];
    const { rule } = area;
    const s = waters.settingsOf(area.id);
    const atOnce = rule !== "harbour" && AREA_RULES[rule].atOnce;
    const is = this.#index.contains(i, to.lon, to.lat);
    if (is === (before?.inside === true)) {
      if (before !== undefined && (is || before.open)) {
        const speed = is ? speedSeen(area.sea.limit_kn, to.sog, before) : before.speed;
        return before.against > 0 || speed !== before.speed ? { ...before, against: 0, speed } : before;
      }
      if (is || from === null || !atOnce || to.ts - from.ts > s.crossGapMs) return undefined;
      return this.#index.crosses(i, from.lon, from.lat, to.lon, to.lat)
        ? { since: to.ts, against: 0, inside: false, open: false, rule, crossed: true }
        : undefined;
    }
    const against = (before?.against ?? 0) + 1;
    const turned = (is && atOnce) || against >= s.areaFixes || this.#index.borderM(i, to.lon, to.lat) >= s.areaMarginM;
    const since = before?.since ?? to.ts;
    const visit = {
      since,
      against: turned ? 0 : against,
      inside: turned ? is : !is,
      open: before?.open ?? false,
      rule,
    };
    return is ? { ...visit, speed: speedSeen(area.sea.limit_kn, to.sog, visit) } : visit;
  }

  /** Raises and clears by what is inside now; leaves in `after` what must be remembered. */
  #judge(track: Track, after: Record<string, Visit>, waters: Waters, now: number, out: Finding[]): void {
    const formationId = waters.membership.formationOf(track.mmsi);
    const workplaces = formationId === null || track.main === null ? undefined : this.#workplaces.get(formationId);
    // a working area is broken by those of its boats that are not in it
    for (const id of workplaces ?? [])
      after[id] ??= { since: track.main!.ts, against: 0, inside: false, open: false, rule: "working_area" };
    for (const [id, seen] of Object.entries(after)) {
      let visit = seen;
      const area = this.#area(id)!;
      if (visit.open && visit.rule !== area.rule) {
        out.push(this.#gone(track.mmsi, id, visit, "rule_changed", now));
        visit = { ...visit, open: false };
      }
      const wrong = isBroken(area, track, visit, this.harbourOf(track.mmsi) !== null, waters, now);
      if (wrong && !visit.open) out.push(this.#finding("raise", track, area, visit, waters, now, {}));
      if (!wrong && visit.open)
        out.push(this.#finding("clear", track, area, visit, waters, now, { why: whyOver(area, visit, waters, now) }));
      const { since, against, inside } = visit;
      // what was counted led to this: it begins anew
      const speed = wrong === visit.open ? visit.speed : 0;
      if (inside || wrong || against > 0) after[id] = { since, against, inside, open: wrong, rule: area.rule, speed };
      else delete after[id];
    }
  }

  /** In and out between two fixes: begins and ends at once. */
  #cross(i: number, step: Step, waters: Waters, now: number, out: Finding[]): void {
    const area = this.#index.areas[i];
    const visit = { since: step.to.ts, against: 0, inside: true, open: false, rule: area.rule };
    if (!isBroken(area, step.track, visit, false, waters, now)) return;
    const { from, to } = step;
    const way = { crossed: true, from: [from!.lon, from!.lat], to: [to.lon, to.lat], fixesApartMs: to.ts - from!.ts };
    out.push(this.#finding("raise", step.track, area, visit, waters, now, way));
    out.push(this.#finding("clear", step.track, area, visit, waters, now, { ...way, why: "left" }));
  }

  #finding(
    phase: Finding["phase"],
    track: Track,
    area: SeaArea,
    visit: Visit,
    waters: Waters,
    now: number,
    more: Readonly<Record<string, unknown>>,
  ): Finding {
    const { kind, severity } = AREA_RULES[area.rule as keyof typeof AREA_RULES];
    const at = track.main;
    const i = this.#byId.get(area.id)!;
    return report(kind, phase, area.sea.severity ?? severity, now, `mmsi:${track.mmsi}`, area.id, at, {
      ...whoIs(track),
      area: area.name,
      formation: waters.membership.formationOf(track.mmsi),
      gear: waters.membership.gearOf?.(track.mmsi) ?? "",
      sog: at?.sog ?? null,
      borderM: at === null ? null : Math.round(this.#index.borderM(i, at.lon, at.lat)),
      at: at === null ? null : [rounded(at.lon, 5), rounded(at.lat, 5)],
      since: visit.since,
      heldMs: Math.max(0, now - visit.since),
      ...(area.sea.limit_kn === undefined ? {} : { limitKn: area.sea.limit_kn }),
      ...more,
    });
  }

  #gone(mmsi: number, areaId: string, { rule, since }: Visit, why: AreaEnd, now: number): Finding {
    const { kind, severity } = AREA_RULES[rule as keyof typeof AREA_RULES];
    return report(kind, "clear", severity, now, `mmsi:${mmsi}`, areaId, null, { mmsi, why, since });
  }

  #keep(mmsi: number, before: Visits | undefined, after: Visits): void {
    const ids = Object.keys(after);
    if (ids.length === 0) {
      if (before === undefined) return;
      this.#visits.delete(mmsi);
      this.#changes.mark(this.prefix + mmsi, () => null);
      return;
    }
    this.#visits.set(mmsi, after);
    if (!same(before, after)) this.#changes.mark(this.prefix + mmsi, () => after);
  }
}

/** Why a violation is over, as its event says it. */
export const AREA_ENDS = [
  "inside",
  "slower",
  "left",
  "out_of_force",
  "rule_changed",
  "area_removed",
  "forgotten",
] as const;
type AreaEnd = (typeof AREA_ENDS)[number];

/** back where it belongs, slow again, out of force while it stays, or left */
function whyOver({ rule, sea }: SeaArea, { inside }: Visit, { settings }: Waters, now: number): AreaEnd {
  if (!inForce(sea, now, settings.timeZone)) return "out_of_force";
  if (!inside) return "left";
  return rule === "speed_limit" ? "slower" : "inside";
}

function same(a: Visits | undefined, b: Visits): boolean {
  const [before, after] = [Object.entries(a ?? {}), Object.entries(b)];
  if (before.length !== after.length) return false;
  return before.every(([id, v]) => {
    const w = b[id];
    return (
      w !== undefined &&
      v.since === w.since &&
      v.against === w.against &&
      v.inside === w.inside &&
      v.open === w.open &&
      v.rule === w.rule &&
      v.speed === w.speed
    );
  });
}
