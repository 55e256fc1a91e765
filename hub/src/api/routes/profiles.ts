import type { Moved, VersionProblem } from "../../onboarding/profile-versions.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { type Caller, callerOf } from "../guard.ts";
import {
  MovedInfo,
  ProfileList,
  PromoteRequest,
  ReloadInfo,
  RollbackRequest,
  ShadowInfo,
  ShadowRequest,
} from "../onboarding-schema.ts";
import type { Parts } from "../parts.ts";

const tags = ["profiles"];

export function profileRoutes(app: App, { context }: Parts): void {
  const { profiles, versions, registry, pool } = context;

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
      const offered = new Set(profiles.offered());
      const items = profiles.all().map((profile) => ({
        id: profile.id,
        kind: profile.kind,
        titleZh: profile.titleZh,
        titleEn: profile.titleEn,
        file: profiles.fileOf(profile.id),
        devices: devices.get(profile.id) ?? 0,
        newest: newest.has(profile),
        promoted: offered.has(profile),
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

  app.post(
    "/api/profiles/shadow",
    { config: { role: "admin" }, schema: { tags, body: ShadowRequest, response: { 200: ShadowInfo } } },
    async (request) => {
      ofEverything(callerOf(request));
      const { from, to, limit = 1000 } = request.body;
      const { metrics, newlyRefused, newlyAccepted, alarms, ...rest } = done(await versions.shadow(from, to, limit));
      const named = <T extends { readonly deviceId: number }>({ deviceId, ...example }: T) => ({
        device: registry.deviceById(deviceId)?.uid ?? "",
        ...example,
      });
      return {
        ...rest,
        metrics: metrics.map((each) => ({ ...each, examples: each.examples.map(named) })),
        newlyRefused: { ...newlyRefused, examples: newlyRefused.examples.map(named) },
        newlyAccepted: { ...newlyAccepted, examples: newlyAccepted.examples.map(named) },
        alarms: alarms.map((each) => ({ ...each, examples: each.examples.map(named) })),
      };
    },
  );

  app.post(
    "/api/profiles/promote",
    { config: { role: "admin" }, schema: { tags, body: PromoteRequest, response: { 200: MovedInfo } } },
    async (request) => {
      const { account } = ofEverything(callerOf(request));
      const { from, to, devices: uids } = request.body;
      const only = uids?.map((uid) => {
        const device = registry.device(uid);
        if (device === undefined) throw notFound(`device ${uid}`);
        return device;
      });
      const moved = done(await versions.promote(from, to, account.username, only));
      return audited(account.username, "profile_promote", moved);
    },
  );

  app.post(
    "/api/profiles/rollback",
    { config: { role: "admin" }, schema: { tags, body: RollbackRequest, response: { 200: MovedInfo } } },
    async (request) => {
      const { account } = ofEverything(callerOf(request));
      return audited(account.username, "profile_rollback", done(await versions.rollback(request.body.profile)));
    },
  );

  async function audited(who: string, action: string, { from, to, devices }: Moved): Promise<MovedInfo> {
    await blaming(audit(pool, who, action, `profile:${to}`, { from, to, devices: devices.length }));
    return { from, to, devices: devices.length };
  }
}

/** A profile is everybody's: who sees a part of the devices only does not change it. */
export function ofEverything(caller: Caller): Caller {
  if (!caller.scope.everything) throw new ApiFailure(403, "FORBIDDEN", "profiles concern devices outside your grids");
  return caller;
}

export function done<T extends object>(result: T | VersionProblem): T {
  if (!("problem" in result)) return result;
  const { problem, detail } = result;
  throw new ApiFailure(409, problem === "unknown" ? "PROFILE_UNKNOWN" : "NOT_MOVABLE", detail);
}
