import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import type { Outcome } from "./camera.ts";
import type { Box } from "./detection.ts";
import type { Report } from "./incidents.ts";
import type { Placed } from "./place.ts";

/** A picture of the evidence: where it is stored and what is marked in it. Boxes in its pixels. */
export interface EvidencePicture {
  /** sha256 hex, GET /api/media/<hash> */
  readonly hash: string;
  readonly w: number;
  readonly h: number;
  /** ms UTC */
  readonly ts: number;
  readonly boxes: readonly { readonly label: string; readonly score: number; readonly box: Box }[];
}

/** How much of the time around a finding is worth looking at, ms. */
const CLIP_BEFORE_MS = 20_000;
const CLIP_AFTER_MS = 10_000;

/** What of an outcome is not in itself. */
export interface Circumstances {
  readonly device: Device;
  /** ms UTC */
  readonly ts: number;
  /** of the frame by the edge's own clock, ms UTC */
  readonly edgeTs: number;
  /** of the camera, see `view.ts` */
  readonly view: string;
  readonly report: Report;
  /** the object's own place, where the camera is calibrated */
  readonly placed: Placed;
  readonly frames: readonly EvidencePicture[];
  /** `name@version`, several with commas between */
  readonly model: string;
}

/** An outcome of a camera with all that explains it. */
export function composeFinding(
  { recipe, phase, objects, dwellMs, votes, box, count }: Outcome,
  { device, ts, edgeTs, view, report, placed, frames, model }: Circumstances,
): Finding {
  const { point, located, bearing, calibration, unlocated } = placed;
  const beside = objects.find((o) => o.beside !== undefined)?.beside;
  return {
    kind: recipe.event,
    phase: report.phase,
    severity: recipe.severity,
    ts,
    subject: report.subject,
    device,
    // the grid of the object's own place where that is known, else the camera's
    gridId: null,
    lon: point?.lon ?? device.lon,
    lat: point?.lat ?? device.lat,
    source: `vision:${recipe.name}`,
    evidence: {
      frames,
      model,
      dwellMs,
      located,
      ...(point !== null && { errorM: Math.max(1, Math.round(point.errorM)) }),
      ...(bearing !== undefined && { bearing }),
      ...(calibration !== undefined && { calibration }),
      ...(unlocated !== undefined && unlocated !== "not_calibrated" && { unlocated }),
      ...(beside !== undefined && { beside }),
      ...(count !== undefined && { counted: count }),
      camera: device.uid,
      ...(view !== device.uid && { view }),
      cameras: report.cameras,
      // what the edge's evidence ring holds of it, by the edge's clock
      ...(phase !== "clear" && { clip: { from: edgeTs - CLIP_BEFORE_MS, to: edgeTs + CLIP_AFTER_MS } }),
      area: box,
      trace: {
        recipe: recipe.name,
        votes,
        dwellNeededMs: recipe.dwellMs,
        zone: device.attributes[recipe.zone] ?? "whole frame",
        hours: device.attributes[recipe.hours] ?? "always",
        ...(recipe.line !== null && { line: device.attributes[recipe.line] }),
        votesWithinMs: recipe.votes.withinMs,
        roles: objects.map(({ box: _box, ...object }) => object),
      },
    },
    late: false,
  };
}
