import { loadText } from "@gridhub/device-profiles/load.ts";
import type { Problem } from "@gridhub/device-profiles/problem.ts";
import Type from "typebox";
import { FLAG_PATTERN, loadAreaRules } from "../../rules/area/area-rule.ts";
import type { RuleCounts } from "../../rules/rule-counts.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import { feedbackBySource } from "../../store/queries/rules.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { DryRunBody, DryRunInfo, FlagRequest, type RuleInfo, RuleList } from "../rules-schema.ts";

const tags = ["rules"];
const DAY = 86_400_000;
const DEFAULT_DAYS = 90;
const DEFAULT_EVENTS = 1000;
const MAX_DAYS = 31;

const RulesQuery = Type.Object({ days: Type.Optional(Type.Integer({ minimum: 1, maximum: 400 })) });
const FlagName = Type.Object({ name: Type.String({ pattern: FLAG_PATTERN }) });

export function ruleRoutes(app: App, { context }: Parts): void {
  const { pool, registry, rules, clock, pipeline } = context;
  /** dry runs under way: one at a time, they compete with the hub for the database and for this thread */
  let running = false;

  app.get(
    "/api/rules",
    { config: { role: "viewer" }, schema: { tags, querystring: RulesQuery, response: { 200: RuleList } } },
    async (request) => {
      const { scope } = callerOf(request);
      const { days = DEFAULT_DAYS } = request.query;
      const grids = scope.grids === null ? undefined : [...scope.grids];
      const feedback = new Map(
        (await blaming(feedbackBySource(pool, clock() - days * DAY, grids))).map((row) => [row.source, row]),
      );
      const active = new Map<string, number>();
      for (const { rule, device } of rules.engine.activeAlarms())
        if (scope.hasDevice(device)) active.set(rule, (active.get(rule) ?? 0) + 1);
      const items = new Map<string, RuleInfo>();
      for (const device of registry.devices()) {
        if (!scope.hasDevice(device)) continue;
        const { profile } = device;
        for (const { name, event, severity } of profile.alarms) {
          const rule = `${profile.id}#${name}`;
          const known = items.get(rule);
          if (known === undefined) {
            const now = { devices: 1, active: active.get(rule) ?? 0 };
            items.set(rule, info(`rule:${rule}`, event, severity, now, rules.engine.counters.of(rule)));
          } else known.devices++;
        }
      }
      for (const rule of rules.area.rules) {
        const now = { devices: 0, active: rules.area.activeOf(rule).filter((grid) => scope.has(grid)).length };
        const counts = rules.engine.counters.of(`area:${rule.id}`);
        items.set(`area:${rule.id}`, info(`area:${rule.id}`, rule.event, rule.severity, now, counts));
      }
      const flags = rules.area.flags.all().filter(({ grid }) => grid === "" || scope.has(grid));
      return { items: [...items.values()], flags };

      function info(
        rule: string,
        event: string,
        severity: RuleInfo["severity"],
        now: { devices: number; active: number },
        { evaluated, raised, cleared, suppressed, late }: RuleCounts,
      ): RuleInfo {
        const { events = 0, confirmed = 0, falseAlarms = 0 } = feedback.get(rule) ?? {};
        const judged = confirmed + falseAlarms;
        const precision = judged === 0 ? null : confirmed / judged;
        return { rule, event, severity, ...now, evaluated, raised, cleared, suppressed, late, events, confirmed, falseAlarms, precision }; // prettier-ignore
      }
    },
  );

  app.put(
    "/api/rules/flags/:name",
    {
      config: { role: "operator" },
      schema: { tags, params: FlagName, body: FlagRequest, response: { 200: RuleList } },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { value, grid = "", until = null } = request.body;
      const { name } = request.params;
      if (grid === "" && !scope.everything) throw new ApiFailure(403, "FORBIDDEN", "name a grid of yours");
      if (grid !== "" && (!scope.has(grid) || context.grids().get(grid) === undefined)) throw notFound("grid");
      await pipeline.submit((now) => rules.setFlag({ name, grid, value, until }, now));
      await blaming(audit(pool, account.username, "rule_flag", `flag:${name}`, { grid, value, until }));
      return { items: [], flags: rules.area.flags.all().filter((flag) => flag.grid === "" || scope.has(flag.grid)) };
    },
  );

  app.post(
    "/api/rules/dry-run",
    { config: { role: "operator" }, schema: { tags, body: DryRunBody, response: { 200: DryRunInfo } } },
    async (request) => {
      const { scope } = callerOf(request);
      const { profile: profileText, rules: rulesText, from, to, grid, limit = DEFAULT_EVENTS } = request.body;
      if ((profileText === undefined) === (rulesText === undefined)) throw invalid("expected either profile or rules");
      if (!(to > from) || to - from > MAX_DAYS * DAY)
        throw invalid(`from, to: expected a period of at most ${MAX_DAYS} days`);
      const problems: Problem[] = [];
      const profile = profileText === undefined ? null : loadText(profileText, "profile");
      problems.push(...(profile?.problems ?? []));
      const area =
        rulesText === undefined
          ? null
          : loadAreaRules(rulesText, "rules", (id) => context.grids().get(id) !== undefined);
      problems.push(...(area?.problems ?? []));
      const error = problems.find(({ level }) => level === "error");
      if (error !== undefined) throw invalid(`${error.file} line ${error.line}: ${error.path}: ${error.message}`);
      const compiled = profile?.profile?.compiled ?? null;
      const model = compiled?.id.replace(/@.*$/, "");
      const within = scope.within(grid);
      const devices = [...registry.devices()].filter(
        (device) =>
          (within === null || (device.gridId !== null && within.has(device.gridId))) &&
          // a rule of areas joins devices of all kinds
          (area !== null || device.profile.id.replace(/@.*$/, "") === model),
      );
      if (running) throw new ApiFailure(409, "DRY_RUN_RUNS", "another dry run is under way");
      running = true;
      try {
        const result = await blaming(
          rules.dryRun({ profile: compiled, area: area?.rules ?? [], devices, from, to, limit }),
        );
        const said = problems.map(({ line, path, message, level }) => ({ line, path, message, level }));
        return { ...result, events: [...result.events], problems: said };
      } finally {
        running = false;
      }
    },
  );
}

function invalid(message: string): ApiFailure {
  return new ApiFailure(400, "INVALID", message);
}
