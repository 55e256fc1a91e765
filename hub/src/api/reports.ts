import type { Device } from "../device.ts";
import { batteryOutlook } from "../health/battery.ts";
import { type AvailabilityRow, availabilityRows } from "../store/queries/availability.ts";
import { batteries, type BatteryRow } from "../store/queries/device-depth.ts";
import { eventStatistics } from "../store/queries/event-statistics.ts";
import {
  AvailabilityGroups,
  type GroupBy,
  groupOf,
  placeOf,
  share,
  type Subject,
  townOf,
} from "./availability-report.ts";
import type { ApiContext } from "./context.ts";
import type { EventView } from "./event-view.ts";
import { KeptAnswers } from "./kept-answers.ts";
import type { AvailabilityInfo, BatteryInfo, EventStatistics } from "./reports-schema.ts";
import type { Scope } from "./scope.ts";
import { carriesOthers } from "./visible.ts";

export interface Period {
  /** ms UTC */
  readonly from: number;
  readonly to: number;
}

export interface DeviceFilter {
  readonly grid?: string;
  readonly kinds?: readonly string[];
  readonly site?: string;
}

export type EventBy = "kind" | "grid" | "town" | "severity" | "source" | "device" | "day";

/** How old a computed table may be, ms: turning pages and sorting columns must not count ten thousand devices anew. */
const KEPT_MS = 60_000;
const BATTERIES_KEPT_MS = 600_000;
/** batteries change by the day: an hour-old table is shown while the next is made */
const BATTERIES_SHOWN_MS = 3_600_000;

/** Joins what the store counted with names, grids and scopes. */
export class Reports {
  readonly #of: ApiContext;
  readonly #events: EventView;
  readonly #kept = new KeptAnswers();

  constructor(context: ApiContext, events: EventView) {
    this.#of = context;
    this.#events = events;
  }

  /** Devices that an account sees, narrowed. */
  devices(scope: Scope, { grid, kinds, site }: DeviceFilter): Device[] {
    const grids = scope.within(grid);
    return [...this.#of.registry.devices()].filter(
      (device) =>
        (grids === null || (device.gridId !== null && grids.has(device.gridId))) &&
        (kinds === undefined || kinds.includes(device.profile.kind)) &&
        (site === undefined || device.site === site),
    );
  }

  async availability(
    scope: Scope,
    filter: DeviceFilter,
    period: Period,
    by: GroupBy | "edge",
  ): Promise<{ total: AvailabilityInfo; items: AvailabilityInfo[] }> {
    const subjects =
      by === "edge" ? this.#edges(scope, filter) : this.devices(scope, filter).map((d) => this.subject(d));
    const key = ["availability", scope.key, JSON.stringify(filter), by === "edge", period.from, period.to].join("\n");
    const rows = await this.#kept.keep(key, KEPT_MS, () =>
      availabilityRows(
        this.#of.pool,
        subjects.map(({ subject }) => subject),
        period.from,
        period.to,
      ),
    );
    const bySubject = new Map(rows.map((row): [string, AvailabilityRow] => [row.subject, row]));
    const groups = new AvailabilityGroups();
    const grids = this.#of.grids();
    for (const subject of subjects) {
      const { key: own, title, place, device } = subject;
      const group = device === null ? { key: own, title, place } : groupOf(device, by as GroupBy, grids);
      groups.add(subject, bySubject.get(subject.subject), group);
    }
    return { total: groups.total(""), items: groups.items() };
  }

  /** Of these alone, all in one. */
  async availabilityOf(subjects: readonly Subject[], { from, to }: Period): Promise<AvailabilityInfo> {
    const rows = await availabilityRows(
      this.#of.pool,
      subjects.map(({ subject }) => subject),
      from,
      to,
    );
    const groups = new AvailabilityGroups();
    for (const subject of subjects)
      groups.add(
        subject,
        rows.find((row) => row.subject === subject.subject),
        subject,
      );
    return groups.items()[0] ?? groups.total("");
  }

  subject(device: Device): Subject {
    const subject = `device:${device.uid}`;
    return {
      subject,
      key: device.uid,
      title: device.title || device.uid,
      place: placeOf(this.#of.grids(), device.gridId),
      health: this.#of.health.of(subject)?.state ?? "unknown",
      device,
    };
  }

  #edges(scope: Scope, { site }: DeviceFilter): Subject[] {
    const { registry, health } = this.#of;
    const edges: Subject[] = [];
    for (const edge of registry.edges()) {
      if (!scope.hasEdge(edge.key, registry) || !carriesOthers(edge.key, registry)) continue;
      if (site !== undefined && edge.site !== site) continue;
      const subject = `edge:${edge.key}`;
      const state = health.of(subject)?.state ?? "unknown";
      edges.push({
        subject,
        key: edge.key,
        title: edge.title || edge.key,
        place: edge.site,
        health: state,
        device: null,
      });
    }
    return edges;
  }

  async events(
    scope: Scope,
    { grid, kinds }: DeviceFilter,
    period: Period,
    by: EventBy,
  ): Promise<{ total: EventStatistics; items: EventStatistics[] }> {
    const { pool, timeZone, grids } = this.#of;
    const set = grids();
    const within = scope.within(grid);
    const above = new Map<string, string>();
    if (by === "town") for (const { id } of set.grids()) above.set(id, townOf(set, id)?.id ?? id);
    const asked = { ...period, timeZone, grids: within === null ? null : [...within], kinds, above };
    const grouping = by === "town" ? "grid" : by;
    const key = ["events", scope.key, grid, kinds, by, period.from, period.to].join("\n");
    const { rows, total } = await this.#kept.keep(key, KEPT_MS, () =>
      eventStatistics(pool, { ...asked, by: grouping }),
    );
    const items = rows.map((row) => ({ ...row, ...this.#eventTitles(by, row.key), ...falseShare(row) }));
    return {
      total: { ...total, severity: [...total.severity], titleZh: "", titleEn: "", ...falseShare(total) },
      items: items.map((item) => ({ ...item, severity: [...item.severity] })),
    };
  }

  #eventTitles(by: EventBy, key: string): { titleZh: string; titleEn: string } {
    const same = (title: string) => ({ titleZh: title, titleEn: title });
    if (by === "kind") {
      const { zh, en } = this.#events.titles(key);
      return { titleZh: zh, titleEn: en };
    }
    if (by === "grid" || by === "town") return same(this.#of.grids().get(key)?.name ?? key);
    if (by === "device") {
      const device = key === "" ? undefined : this.#of.registry.deviceById(Number(key));
      return same(device?.title || (device?.uid ?? key));
    }
    return same(key);
  }

  /** Batteries, those that need somebody first. A look over all series takes a while: it is kept for ten minutes, and shown for an hour. */
  async batteries(scope: Scope, filter: DeviceFilter): Promise<BatteryInfo[]> {
    const rows = await this.#kept.keep(
      "batteries",
      BATTERIES_KEPT_MS,
      () => batteries(this.#of.pool, this.#of.clock()),
      BATTERIES_SHOWN_MS,
    );
    const byDevice = new Map<number, BatteryRow>();
    // a share says more than a voltage where a device has both
    for (const row of rows)
      if (row.metric === "battery_percent" || !byDevice.has(row.deviceId)) byDevice.set(row.deviceId, row);
    const items: BatteryInfo[] = [];
    for (const device of this.devices(scope, filter)) {
      const row = byDevice.get(device.id);
      if (row !== undefined) items.push(this.battery(device, row));
    }
    const rank = (item: BatteryInfo) => item.daysLeft ?? (item.state === "unknown" ? 1e6 : 1e7);
    return items.sort((a, b) => rank(a) - rank(b) || a.value - b.value || (a.uid < b.uid ? -1 : 1));
  }

  battery(device: Device, row: BatteryRow): BatteryInfo {
    const { metric, unit, value, ts, perDay } = row;
    const { empty, daysLeft, state } = batteryOutlook(metric, value, perDay, device.attributes.min_battery);
    const place = placeOf(this.#of.grids(), device.gridId);
    return { uid: device.uid, title: device.title || device.uid, place, metric, unit, value, ts, perDay, empty, daysLeft, state }; // prettier-ignore
  }
}

function falseShare({ falseAlarms, ended }: { falseAlarms: number; ended: number }): { falseShare: number | null } {
  return { falseShare: share(falseAlarms, ended) };
}
