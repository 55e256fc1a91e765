import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import type { Outcome } from "./camera.ts";
import type { Box } from "./detection.ts";

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

/** An outcome of a camera with all that explains it. @param model `name@version` */
export function composeFinding(
  { recipe, phase, objects, dwellMs, votes }: Outcome,
  device: Device,
  ts: number,
  frames: readonly EvidencePicture[],
  model: string,
): Finding {
  return {
    kind: recipe.event,
    phase,
    severity: recipe.severity,
    ts,
    subject: `place:${device.uid}`,
    device,
    // the camera's grid: without calibration the object's own position is not known
    gridId: null,
    lon: device.lon,
    lat: device.lat,
    source: `vision:${recipe.name}`,
    evidence: {
      frames,
      model,
      dwellMs,
      located: "camera",
      trace: {
        recipe: recipe.name,
        votes,
        dwellNeededMs: recipe.dwellMs,
        zone: device.attributes[recipe.zone] ?? "whole frame",
        hours: device.attributes[recipe.hours] ?? "always",
        roles: objects.map(({ role, label, score, stayMs }) => ({ role, label, score, stayMs })),
      },
    },
    late: false,
  };
}
