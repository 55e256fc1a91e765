import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { App } from "../app.ts";
import { ApiFailure } from "../failure.ts";
import { type Caller, callerOf } from "../guard.ts";
import { ProfileList, ReloadInfo } from "../onboarding-schema.ts";
import type { Parts } from "../parts.ts";

const tags = ["profiles"];

export function profileRoutes(app: App, { context }: Parts): void {
  const { profiles, registry, pool } = context;

  app.get(
    "/api/profiles",
    { config: { role: "operator" }, schema: { tags, response: { 200: ProfileList } } },
    async (request) => {
      const { scope } = callerOf(request);
      const devices = new Map<string, number>();
      for (const device of registry.devices()) {
        const { id } = device.profile;
        if (scope.hasDevice(device)) devices.set(id, (devices.get(id) ?? 0) + 1);
      }
      const newest = new Set(profiles.newest());
      const items = profiles.all().map((profile) => ({
        id: profile.id,
        kind: profile.kind,
        titleZh: profile.titleZh,
        titleEn: profile.titleEn,
        file: profiles.fileOf(profile.id),
        devices: devices.get(profile.id) ?? 0,
        newest: newest.has(profile),
      }));
      return { items, problems: [...profiles.problems] };
    },
  );

  app.post(
    "/api/profiles/reload",
    { config: { role: "admin" }, schema: { tags, response: { 200: ReloadInfo } } },
    async (request) => {
      const { account } = ofEverything(callerOf(request));
      const { added, replaced, problems } = profiles.reload();
      const detail = { added, replaced, problems: problems.length };
      await blaming(audit(pool, account.username, "profiles_reload", "profiles", detail));
      return { added, replaced, problems: [...problems] };
    },
  );
}

/** A profile is everybody's: who sees a part of the devices only does not change it. */
function ofEverything(caller: Caller): Caller {
  if (!caller.scope.everything) throw new ApiFailure(403, "FORBIDDEN", "profiles concern devices outside your grids");
  return caller;
}
