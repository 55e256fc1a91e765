import type { GridEvent } from "../event.ts";
import { KINDS } from "../events/kinds.ts";
import type { ApiContext } from "./context.ts";
import { gridPath } from "./device-view.ts";
import { whyActive } from "../events/why-active.ts";
import type { EventInfo, EventLifeInfo } from "./schema.ts";

type Needs = Pick<ApiContext, "grids" | "registry" | "fleet" | "events" | "eventTitles" | "rules" | "clock">;

const NAMES_MS = 5000;

/** Events as people read them: titles, names, the way down to the grid. */
export class EventView {
  readonly #of: Needs;
  #names: ReadonlyMap<number, string> = new Map();
  #namesAt = -Infinity;

  constructor(context: Needs) {
    this.#of = context;
  }

  info(event: Readonly<GridEvent>): EventInfo {
    const { registry, grids } = this.#of;
    const { zh, en, codeName } = this.#kind(event.kind);
    const device = event.deviceId === null ? undefined : registry.deviceById(event.deviceId);
    const { id, kind, subject, gridId, gridMatch, severity, sensing, handling, lon, lat, source } = event;
    const { openedAt, updatedAt, clearedAt, createdAt, occurrences, late, revision } = event;
    return {
      id,
      kind,
      titleZh: zh,
      titleEn: en,
      codeName,
      subject,
      subjectTitle: this.#subjectTitle(subject),
      gridId,
      gridPath: gridPath(grids(), gridId),
      gridMatch,
      severity,
      sensing,
      handling,
      deviceUid: device?.uid ?? null,
      lon,
      lat,
      source,
      openedAt,
      updatedAt,
      clearedAt,
      createdAt,
      occurrences,
      late,
      revision,
      muted: event.life.muted ?? null,
      unsent: event.life.unsent ?? null,
      flaps: event.life.flaps ?? 0,
      parts: event.life.parts?.length ?? 1,
      held: event.life.held?.length ?? 0,
      verdict: event.life.verdict ?? null,
    };
  }

  /** What a searched word means in the words that people see: kinds by title, devices and grids by name. */
  meaningOf(word: string): { kinds: string[]; devices: number[]; grids: string[] } {
    const needle = word.toLowerCase();
    const has = (text: string) => text.toLowerCase().includes(needle);
    const { rules } = this.#of.rules.area;
    const kinds = new Set([...this.#of.events.policy.codes.kinds(), ...this.#of.eventTitles.keys(), ...rules.map(({ event }) => event)]); // prettier-ignore
    const grids = new Set<string>();
    const set = this.#of.grids();
    for (const grid of set.grids()) if (has(grid.name)) for (const id of set.subtree(grid.id)) grids.add(id);
    const devices: number[] = [];
    for (const device of this.#of.registry.devices()) if (has(device.title)) devices.push(device.id);
    return {
      kinds: [...kinds].filter((kind) => has(this.#kind(kind).zh) || has(this.#kind(kind).en)),
      devices: devices.slice(0, 10_000),
      grids: [...grids],
    };
  }

  titles(kind: string): { readonly zh: string; readonly en: string } {
    return this.#kind(kind);
  }

  /** What the detail says beyond the row: contributors, what it holds back, the ladder, why it is active. */
  life(event: Readonly<GridEvent>): EventLifeInfo {
    const { parts = [], held = [], ladder, platform } = event.life;
    const device = (id: number | null) => (id === null ? null : (this.#of.registry.deviceById(id)?.uid ?? null));
    const named = <T extends { kind: string; subject: string; deviceId: number | null }>(of: T) => ({
      kind: of.kind,
      titleZh: this.#kind(of.kind).zh,
      titleEn: this.#kind(of.kind).en,
      subject: of.subject,
      subjectTitle: this.#subjectTitle(of.subject),
      deviceUid: device(of.deviceId),
    });
    const why = whyActive(event);
    return {
      contributors: parts.map((part) => {
        const { severity, active, since, last, count, source } = part;
        return { ...named(part), severity, active, since, last, count, source };
      }),
      held: held.slice(0, 100).map((each) => ({ ...named(each), severity: each.severity, since: each.ts })),
      ladder: ladder === undefined ? null : { ...ladder },
      until: platform?.until ?? null,
      whyActive: why === null ? null : { code: why.code, detail: [...why.detail] },
    };
  }

  #kind(kind: string): { zh: string; en: string; codeName: string } {
    const { codes } = this.#of.events.policy;
    const info = codes.info(kind);
    // A kind of the catalogue is shared by many makers: one profile's words for it would be wrong for the others.
    const isShared = Object.hasOwn(KINDS, kind) || codes.get(kind) !== undefined;
    const titles = isShared ? undefined : (this.#of.eventTitles.get(kind) ?? this.#ruleTitles(kind));
    const codeName = info.provisional ? `${info.codeName} (provisional)` : info.codeName;
    return { zh: titles?.zh ?? info.titleZh, en: titles?.en ?? info.titleEn, codeName };
  }

  #ruleTitles(kind: string): { readonly zh: string; readonly en: string } | undefined {
    const rule = this.#of.rules.area.rules.find(({ event }) => event === kind);
    return rule && { zh: rule.titleZh, en: rule.titleEn };
  }

  #subjectTitle(subject: string): string {
    const { registry } = this.#of;
    const at = subject.indexOf(":");
    const id = subject.slice(at + 1);
    switch (subject.slice(0, at)) {
      case "device":
      case "place":
        // behind `#` stands which of its places, or which ticket
        return (registry.device(id) ?? registry.device(id.replace(/#.*$/, "")))?.title || id;
      case "edge":
        return registry.edgeByKey(id)?.title || id;
      case "mmsi":
        // two vessels of one event (approach, encounter) are joined by a plus
        return id
          .split("+")
          .map((mmsi) => this.#vessel(Number(mmsi)) || `MMSI ${mmsi}`)
          .join(" / ");
      default:
        return this.#of.grids().get(id)?.name ?? id;
    }
  }

  /** The name in the formation's roster, else what the vessel says of itself. */
  #vessel(mmsi: number): string {
    const { grids, fleet, clock } = this.#of;
    const formation = grids().formationOf(mmsi);
    const member =
      formation === null
        ? undefined
        : grids()
            .roster(formation)
            .find((m) => m.mmsi === mmsi);
    if (member !== undefined && member.name !== "") return member.name;
    const now = clock();
    if (Math.abs(now - this.#namesAt) > NAMES_MS) {
      this.#namesAt = now;
      this.#names = new Map(Array.from(fleet.vessels(now), (vessel) => [vessel.mmsi, vessel.name] as const));
    }
    return this.#names.get(mmsi) ?? "";
  }
}
