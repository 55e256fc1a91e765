import Type from "typebox";
import type { Device } from "../../device.ts";
import { placeOf } from "../../events/place.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import { type Calibration, CLICK_SIGMA, solveCalibration } from "../../vision/calibration/calibration.ts";
import type { CalibrationVersion } from "../../vision/calibration/calibrations.ts";
import { groundGrid } from "../../vision/calibration/ground-grid.ts";
import type { App } from "../app.ts";
import {
  CalibrationCheck,
  CalibrationForm,
  CalibrationInfo,
  CalibrationRequest,
  type CalibrationVersionInfo,
  LocateInfo,
  LocateRequest,
} from "../calibration-schema.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { Text } from "../query.ts";
import type { Scope } from "../scope.ts";

const tags = ["vision"];
const Uid = Type.Object({ site: Text(), name: Text() });
/** Versions in an answer; a camera keeps no more than about these. */
const SHOWN = 50;

/** How cameras lie on the ground, and what is seen where by that. */
export function calibrationRoutes(app: App, { context }: Parts): void {
  const { vision, registry, pipeline, pool, grids, clock } = context;
  const { calibrations } = vision;

  function find({ site, name }: { site: string; name: string }, scope: Scope): Device {
    const device = registry.device(`${site}/${name}`);
    const camera = device !== undefined && (device.profile.kind === "camera" || vision.hasSeen(device));
    if (!camera || !scope.hasDevice(device)) throw notFound("camera");
    return device;
  }

  function infoOf(device: Device): CalibrationInfo {
    const { uid, title, lon, lat, gridId } = device;
    const frame = vision.newest.want(uid, clock());
    return {
      uid,
      title: title || uid,
      lon,
      lat,
      gridId,
      current: calibrations.presets(uid).flatMap((preset) => {
        const known = calibrations.current(device, preset);
        if (known === null) return [];
        const { version, solved, moved } = known;
        return [{ ...versionInfo(version), residuals: [...solved.residuals], rmsM: solved.rmsM, moved }];
      }),
      history: calibrations.history(uid).slice(0, SHOWN).map(versionInfo),
      frame: frame === null ? null : { ts: frame.ts, width: frame.width, height: frame.height, preset: frame.preset },
    };
  }

  app.get(
    "/api/cameras/:site/:name/calibration",
    { config: { role: "viewer" }, schema: { tags, params: Uid, response: { 200: CalibrationInfo } } },
    (request) => infoOf(find(request.params, callerOf(request).scope)),
  );

  app.put(
    "/api/cameras/:site/:name/calibration",
    {
      config: { role: "admin" },
      schema: { tags, params: Uid, body: CalibrationRequest, response: { 200: CalibrationInfo } },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      const device = find(request.params, scope);
      const { preset = "", note = "", calibration } = request.body;
      const author = { who: account.username, note: note.trim() };
      const answer = await pipeline.submit((now) =>
        calibrations.put(device, preset, calibration as Calibration, author, now),
      );
      if ("refused" in answer) throw refusal(answer);
      const { version } = answer;
      await blaming(
        audit(pool, account.username, "calibrate", `device:${device.uid}`, { preset, version, calibration }),
      );
      return infoOf(device);
    },
  );

  app.delete(
    "/api/cameras/:site/:name/calibration",
    {
      config: { role: "admin" },
      schema: {
        tags,
        params: Uid,
        querystring: Type.Object({ preset: Type.Optional(Text(64)) }),
        response: { 200: CalibrationInfo },
      },
    },
    async (request) => {
      const { account, scope } = callerOf(request);
      const device = find(request.params, scope);
      const { preset = "" } = request.query;
      const author = { who: account.username, note: "" };
      const gone = await pipeline.submit((now) => calibrations.remove(device, preset, author, now));
      if (gone === null) throw notFound("calibration");
      const { version } = gone;
      await blaming(audit(pool, account.username, "uncalibrate", `device:${device.uid}`, { preset, version }));
      return infoOf(device);
    },
  );

  app.post(
    "/api/cameras/:site/:name/calibration/check",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        params: Uid,
        body: Type.Object({ calibration: CalibrationForm }, { additionalProperties: false }),
        response: { 200: CalibrationCheck },
      },
    },
    (request): CalibrationCheck => {
      find(request.params, callerOf(request).scope);
      const calibration = request.body.calibration as Calibration;
      const solved = solveCalibration(calibration);
      if ("refused" in solved) {
        const { code, message: detail } = refusal(solved);
        return { refused: { code, detail }, residuals: [], rmsM: 0, stepM: 10, lines: [] };
      }
      const { stepM, lines } = groundGrid(calibration, solved);
      const points = lines.map((line) => line.map(([x, y]): [number, number] => [x, y]));
      return { refused: null, residuals: [...solved.residuals], rmsM: solved.rmsM, stepM, lines: points };
    },
  );

  app.post(
    "/api/cameras/:site/:name/locate",
    {
      config: { role: "viewer" },
      schema: { tags, params: Uid, body: LocateRequest, response: { 200: LocateInfo } },
    },
    (request): LocateInfo => {
      const device = find(request.params, callerOf(request).scope);
      const { x, y, preset = "", calibration } = request.body;
      const tried = calibration === undefined ? null : solveCalibration(calibration as Calibration);
      if (tried !== null && "refused" in tried) throw refusal(tried);
      const known = calibrations.current(device, preset);
      const solved = tried ?? known?.solved;
      if (solved === undefined) throw new ApiFailure(409, "NOT_CALIBRATED", "the camera has no calibration there");
      const aspect = (calibration ?? known?.version.calibration)?.aspect ?? 1;
      const found = solved.locate(x, y, CLICK_SIGMA, CLICK_SIGMA * aspect);
      const point = found.kind === "ground" ? found : null;
      // as an event of this camera would be placed
      const { gridId, match } = placeOf(
        {
          kind: "vision.test",
          phase: "raise",
          severity: 4,
          ts: clock(),
          subject: `place:${device.uid}`,
          device,
          gridId: null,
          lon: point?.lon ?? device.lon,
          lat: point?.lat ?? device.lat,
          source: "vision:test",
          evidence: point === null ? {} : { errorM: point.errorM },
          late: false,
        },
        grids(),
      );
      return {
        kind: found.kind,
        lon: point?.lon ?? null,
        lat: point?.lat ?? null,
        errorM: point?.errorM ?? null,
        bearing: found.kind === "bearing" ? found.bearing : null,
        gridId,
        gridName: gridId === null ? null : (grids().get(gridId)?.name ?? gridId),
        match,
        version: tried === null ? (known?.version.version ?? null) : null,
      };
    },
  );

  app.get(
    "/api/cameras/:site/:name/frame",
    {
      config: { role: "viewer" },
      schema: {
        tags,
        params: Uid,
        querystring: Type.Object({ ts: Type.Optional(Text(20, "not read: a new picture has a new address")) }),
        produces: ["image/jpeg"],
        response: { 200: Type.Any() },
      },
    },
    (request, reply) => {
      const device = find(request.params, callerOf(request).scope);
      const frame = vision.newest.want(device.uid, clock());
      if (frame === null) throw notFound("picture");
      return reply.type("image/jpeg").header("cache-control", "private, no-store").send(frame.jpeg);
    },
  );
}

function versionInfo({ version, preset, at, who, note, calibration }: CalibrationVersion): CalibrationVersionInfo {
  return { version, preset, at, who, note, calibration: calibration as CalibrationVersionInfo["calibration"] };
}

function refusal({ refused, detail }: { readonly refused: string; readonly detail: string }): ApiFailure {
  return new ApiFailure(422, `CALIBRATION_${refused.toUpperCase()}`, detail);
}
