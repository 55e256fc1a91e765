import type { Pool } from "pg";
import { AreaRuleKeeper } from "./area-rule-keeper.ts";
import type { GridSet } from "./grids/grid-set.ts";
import type { Log } from "./log.ts";
import type { ProfileLibrary } from "./onboarding/profile-library.ts";
import type { RoomStages } from "./stages.ts";

/** What the keeper of area rules is joined with; the flow is made after it. */
export interface AreaRuleParts {
  readonly pool: Pool;
  readonly grids: () => GridSet;
  readonly profiles: Pick<ProfileLibrary, "newest">;
  readonly flow: () => {
    readonly pipeline: { submit(change: (now: number) => void): Promise<void> };
    readonly stages: Pick<RoomStages, "setAreaRules">;
  };
  readonly log: Log;
  readonly settleMs?: number;
}

/**
 * The rules of the configured files and of the database.
 * @throws HubError RULES_INVALID naming file, line, field and what was expected
 */
export async function openAreaRules(
  files: readonly string[],
  { pool, grids, profiles, flow, log, settleMs }: AreaRuleParts,
): Promise<AreaRuleKeeper> {
  const keeper = new AreaRuleKeeper({
    files,
    pool,
    gridExists: (id) => grids().path(id).length > 0,
    profiles: () => profiles.newest(),
    apply: (rules) => flow().pipeline.submit((now) => flow().stages.setAreaRules(rules, now)),
    log,
    settleMs,
  });
  await keeper.open();
  return keeper;
}
