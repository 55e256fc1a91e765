import Type from "typebox";
import { blaming } from "../../store/failure.ts";
import {
  batteries,
  firmwareHistory,
  firmwareVersions,
  frameLoss,
  metricQuality,
  radioTrend,
  samples,
} from "../../store/queries/device-depth.ts";
import type { App } from "../app.ts";
import { share } from "../availability-report.ts";
import { notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Text } from "../query.ts";
import { DeviceHealthReport } from "../reports-schema.ts";

const DAY = 86_400_000;
const DEFAULT_DAYS = 7;
const Uid = Type.Object({ site: Text(), name: Text() });
const Days = Type.Object({ days: Type.Optional(Type.Integer({ minimum: 1, maximum: 90 })) });

/** The depth of one device's health: what its readings are worth, battery, radio, loss, clock, firmware. */
export function deviceHealthRoutes(app: App, { context, reports }: Parts): void {
  const { pool, registry, clock, timeZone, health, ingest } = context;

  app.get(
    "/api/devices/:site/:name/health",
    {
      config: { role: "viewer" },
      schema: { tags: ["devices"], params: Uid, querystring: Days, response: { 200: DeviceHealthReport } },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const device = registry.device(`${request.params.site}/${request.params.name}`);
      if (device === undefined || !scope.hasDevice(device)) throw notFound("device");
      const to = clock();
      const from = to - (request.query.days ?? DEFAULT_DAYS) * DAY;
      const { id, profile, uid, edge } = device;
      const [metrics, reported, frames, radio, cells, versions, history, counted] = await blaming(
        Promise.all([
          metricQuality(pool, id, from, to),
          samples(pool, id, from, to),
          frameLoss(pool, id, from, to),
          radioTrend(pool, id, from, to, timeZone),
          batteries(pool, to, id),
          firmwareVersions(pool),
          firmwareHistory(pool, id, from, to),
          reports.availabilityOf([reports.subject(device)], { from, to }),
        ]),
      );
      const battery = cells.find(({ metric }) => metric === "battery_percent") ?? cells[0];
      const every = profile.expectEveryMs;
      const expected = every === null ? 0 : Math.floor((to - from) / every);
      return {
        from,
        to,
        timeZone,
        availability: counted,
        metrics: metrics.map(({ clock: _, late: __, ...row }) => row),
        battery: battery === undefined ? null : reports.battery(device, battery),
        radio,
        frames: frames === null ? null : { ...frames, share: share(frames.lost, frames.lost + frames.received) },
        expected:
          every === null ? null : { samples: reported, expected, share: share(Math.min(reported, expected), expected) },
        clock: {
          ...health.clockOf(device),
          ahead: most(metrics.map((row) => row.clock)),
          late: most(metrics.map((row) => row.late)),
        },
        duplicates: ingest.repeated.get(edge.key) ?? 0,
        firmware: history,
        firmwareDrift: driftOf(uid, versions),
      };

      /** The version that most devices of its profile have, where it is another one; null = no drift. */
      function driftOf(of: string, all: readonly { deviceId: number; version: string }[]): string | null {
        const counts = new Map<string, number>();
        let own: string | null = null;
        for (const { deviceId, version } of all) {
          const other = registry.deviceById(deviceId);
          if (other?.profile.id !== profile.id) continue;
          if (other.uid === of) own = version;
          counts.set(version, (counts.get(version) ?? 0) + 1);
        }
        const [usual] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [null];
        return own === null || usual === own || counts.get(own) === counts.get(usual ?? "") ? null : usual;
      }
    },
  );
}

/** Metrics of one sample share its fate: the one with most says how many samples. */
const most = (counts: readonly number[]) => Math.max(0, ...counts);
