import type { Device } from "../../device.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { RedecodeJob } from "../../store/queries/redecode-jobs.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { type Caller, callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import {
  RedecodeCancelled,
  RedecodeCreated,
  RedecodeDetail,
  RedecodeInfo,
  RedecodeList,
  RedecodePath,
  RedecodeRequest,
} from "../redecode-schema.ts";
import { done, ofEverything } from "./profiles.ts";

const tags = ["profiles"];

/** Stored frames decoded again by a version of their profile: ask, watch, cancel. */
export function redecodeRoutes(app: App, { context }: Parts): void {
  const { redecoder, registry, pool, clock } = context;

  app.post(
    "/api/profiles/redecode",
    { config: { role: "admin" }, schema: { tags, body: RedecodeRequest, response: { 200: RedecodeCreated } } },
    async (request) => {
      const caller = callerOf(request);
      const { profile, devices: uids, from, to, dry_run: dryRun = false } = request.body;
      if (from !== undefined && from >= (to ?? clock()))
        throw new ApiFailure(400, "INVALID", "from must be before to, and in the past");
      const devices = uids?.map((uid) => deviceOf(caller, uid));
      if (devices === undefined) ofEverything(caller);
      const who = caller.account.username;
      const job = done(await redecoder.create({ profile, devices, from, to, dryRun, who }));
      const detail = { profile: job.profile, devices: uids ?? "all", from: from ?? null, to: to ?? null, dryRun };
      await blaming(audit(pool, who, "profile_redecode", `redecode:${job.id}`, detail));
      return { id: job.id };
    },
  );

  app.get(
    "/api/profiles/redecode",
    { config: { role: "operator" }, schema: { tags, response: { 200: RedecodeList } } },
    async (request) => {
      const caller = callerOf(request);
      return { items: (await redecoder.list()).filter((job) => sees(caller, job)).map(infoOf) };
    },
  );

  app.get(
    "/api/profiles/redecode/:id",
    { config: { role: "operator" }, schema: { tags, params: RedecodePath, response: { 200: RedecodeDetail } } },
    async (request) => {
      const job = await redecoder.find(request.params.id);
      if (job === null || !sees(callerOf(request), job)) throw notFound("job");
      return { ...infoOf(job), differences: [...job.differences] };
    },
  );

  app.post(
    "/api/profiles/redecode/:id/cancel",
    { config: { role: "admin" }, schema: { tags, params: RedecodePath, response: { 200: RedecodeCancelled } } },
    async (request) => {
      const caller = callerOf(request);
      const { id } = request.params;
      const job = await redecoder.find(id);
      if (job === null || !sees(caller, job)) throw notFound("job");
      const cancelled = await redecoder.cancel(id);
      if (cancelled)
        await blaming(audit(pool, caller.account.username, "profile_redecode_cancel", `redecode:${id}`, {}));
      return { id, cancelled };
    },
  );

  function deviceOf({ scope }: Caller, uid: string): Device {
    const device = registry.device(uid);
    if (device === undefined || !scope.hasDevice(device)) throw notFound(`device ${uid}`);
    return device;
  }

  /** A job is shown to who sees all of its devices. */
  function sees({ scope }: Caller, { devices }: RedecodeJob): boolean {
    return scope.everything || devices.every((id) => hasDevice(scope, registry.deviceById(id)));
  }
}

function hasDevice(scope: Caller["scope"], device: Device | undefined): boolean {
  return device !== undefined && scope.hasDevice(device);
}

function infoOf(job: RedecodeJob): RedecodeInfo {
  const { id, profile, state, dryRun, since, until, devices, done, total, counts, who, error } = job;
  const { frames, added, changed, removed, kept, refused, events } = counts;
  return {
    id,
    profile,
    state,
    dryRun,
    from: since,
    to: until,
    devices: devices.length,
    progress: { done, total },
    counts: {
      frames,
      added,
      changed,
      removed,
      kept,
      refused: Object.values(refused).reduce((sum, n) => sum + n, 0),
      refusedBy: refused,
      events,
    },
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    endedAt: job.endedAt,
    by: who,
    error,
  };
}
