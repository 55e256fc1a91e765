import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import Type from "typebox";
import type { Edge } from "../../device.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import type { QuarantineRow } from "../../store/queries/onboarding.ts";
import { type Ignored, ignoredDevices, setIgnored } from "../../store/queries/quarantine-ignore.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import {
  Adopt,
  AdoptionInfo,
  Ignore,
  QuarantineDetailInfo,
  QuarantineItem,
  QuarantinePath,
} from "../onboarding-schema.ts";
import type { Parts } from "../parts.ts";
import type { Scope } from "../scope.ts";
import { preview } from "./dead-letters.ts";

const tags = ["onboarding"];

export function onboardingRoutes(app: App, { context }: Parts): void {
  const { quarantine, registry, pool } = context;

  /** Unknown devices lie on no grid: they are seen with their edge, or by who may create edges of the site. */
  const sees = (scope: Scope, edge: Edge) =>
    scope.everything || scope.hasEdge(edge.key, registry) || scope.sites()?.has(edge.site) === true;

  function edgeOf(scope: Scope, site: string, name: string): Edge {
    const edge = registry.edge(site, name);
    if (edge === undefined || !sees(scope, edge)) throw notFound("device in quarantine");
    return edge;
  }

  const itemOf = (row: QuarantineRow, ignored: ReadonlyMap<string, Ignored>): QuarantineItem => {
    const { edge, device, firstSeen, lastSeen, count, lanes } = row;
    const registered = registry.devicesOf(edge).get(device)?.uid ?? null;
    return {
      edge,
      device,
      firstSeen,
      lastSeen,
      count,
      lanes,
      registered,
      ignored: ignored.get(`${edge}/${device}`) ?? null,
    };
  };

  app.get(
    "/api/quarantine",
    {
      config: { role: "operator" },
      schema: { tags, response: { 200: Type.Object({ items: Type.Array(QuarantineItem) }) } },
    },
    async (request) => {
      const { scope } = callerOf(request);
      const edges = scope.everything
        ? undefined
        : [...registry.edges()].filter((edge) => sees(scope, edge)).map(({ key }) => key);
      const [rows, ignored] = await Promise.all([quarantine.list(edges), blaming(ignoredDevices(pool))]);
      return { items: rows.map((row) => itemOf(row, ignored)) };
    },
  );

  app.get(
    "/api/quarantine/:site/:edge/:device",
    { config: { role: "operator" }, schema: { tags, params: QuarantinePath, response: { 200: QuarantineDetailInfo } } },
    async (request) => {
      const { site, edge: name, device } = request.params;
      const edge = edgeOf(callerOf(request).scope, site, name);
      const detail = await quarantine.detail(edge.key, device);
      if (detail === null) throw notFound("device in quarantine");
      const samples = detail.letters.map(({ id, rx, lane, payload }) => ({
        id,
        rx,
        lane,
        bytes: payload.length,
        preview: preview(payload.subarray(0, 512)),
      }));
      const suggestions = detail.suggestions.map((each) => ({ ...each, readings: [...each.readings] }));
      return { ...itemOf(detail, await blaming(ignoredDevices(pool))), samples, suggestions };
    },
  );

  app.post(
    "/api/quarantine/:site/:edge/:device/ignore",
    { config: { role: "operator" }, schema: { tags, params: QuarantinePath, body: Ignore, response: { 200: Ignore } } },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { site, edge: name, device } = request.params;
      const edge = edgeOf(scope, site, name);
      const { ignored } = request.body;
      await blaming(setIgnored(pool, edge.key, device, ignored, account.username));
      const action = ignored ? "device_ignore" : "device_unignore";
      await blaming(audit(pool, account.username, action, `device:${site}/${device}`, { edge: edge.key }));
      return { ignored };
    },
  );

  app.post(
    "/api/quarantine/:site/:edge/:device/adopt",
    {
      config: { role: "admin" },
      schema: { tags, params: QuarantinePath, body: Adopt, response: { 200: AdoptionInfo } },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      const { site, edge: name, device: id } = request.params;
      const edge = edgeOf(scope, site, name);
      const { title, ...body } = request.body;
      if (body.grid !== undefined && !scope.has(body.grid))
        throw new ApiFailure(403, "FORBIDDEN", `grid ${body.grid} is outside your grids`);
      const done = await quarantine.adopt(edge, {
        ...body,
        id,
        ...(title !== undefined && { title: title.toWellFormed() }),
      });
      if (done === "running") throw new ApiFailure(409, "REPLAY_RUNS", "this device is being adopted");
      if (isRejection(done)) {
        if (done.reason === "profile_unknown") throw new ApiFailure(409, "PROFILE_UNKNOWN", done.detail);
        if (done.reason === "device_unknown") throw new ApiFailure(409, "DEVICE_EXISTS", done.detail);
        throw new ApiFailure(400, "INVALID", done.detail);
      }
      const { device, replayed, stored, more } = done;
      const refused = Object.fromEntries(done.refused);
      const profile = device.profile.id;
      await blaming(
        audit(pool, account.username, "device_adopt", `device:${device.uid}`, { profile, replayed, stored, refused }),
      );
      return { uid: device.uid, profile, replayed, stored, refused, more };
    },
  );
}
