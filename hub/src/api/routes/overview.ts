import { blaming } from "../../store/failure.ts";
import { countDeadLetters } from "../../store/queries/dead-letters.ts";
import { openedAndClosedSince } from "../../store/queries/events.ts";
import type { App } from "../app.ts";
import { callerOf } from "../guard.ts";
import { startOfDay } from "../local-day.ts";
import type { Parts } from "../parts.ts";
import { Overview } from "../schema.ts";
import { carriesOthers, visibleEdges, visibleVessels } from "../visible.ts";

export function overviewRoutes(app: App, { context, tally, rate }: Parts): void {
  const { pool, clock, timeZone, health, registry } = context;
  app.get(
    "/api/overview",
    { config: { role: "viewer" }, schema: { tags: ["overview"], response: { 200: Overview } } },
    async (request) => {
      const { scope } = callerOf(request);
      const now = clock();
      const keys = visibleEdges(scope, registry);
      const [today, deadLetters] = await blaming(
        Promise.all([
          openedAndClosedSince(pool, startOfDay(now, timeZone), scope.grids === null ? undefined : [...scope.grids]),
          countDeadLetters(pool, scope.everything ? undefined : keys),
        ]),
      );
      const gateways = keys.filter((key) => carriesOthers(key, registry));
      const { devices, health: states, active } = tally.of(scope);
      return {
        now,
        health: states,
        devices,
        edges: {
          online: gateways.reduce((n, key) => n + (health.of(`edge:${key}`)?.state === "online" ? 1 : 0), 0),
          total: gateways.length,
        },
        active,
        today,
        vessels: visibleVessels(scope, context, now).length,
        deadLetters,
        rate: rate.perSecond,
        county: countyOf(context.grids(), scope.grids),
      };
    },
  );
}

interface Named {
  readonly id: string;
  readonly name: string;
  readonly level: string;
}

/** The county of what the account sees; "" where no grids are loaded. */
function countyOf(
  set: { grids(): Iterable<Named>; path(id: string): readonly Named[] },
  seen: ReadonlySet<string> | null,
): string {
  for (const grid of set.grids()) {
    if (seen !== null && !seen.has(grid.id)) continue;
    const county = set.path(grid.id).find(({ level }) => level === "county");
    if (county !== undefined) return county.name;
  }
  return "";
}
