import type { FrameHeader } from "@gridhub/device-profiles/envelope.ts";

/**
 * What one camera sees from one position: a fixed camera has one view, one that turns has one a preset, and one for everywhere else.
 * Tracks, dwells and false alarms are of a view: what is out of sight has not gone. The name starts with the camera's uid, which holds no
 * space.
 */
export function viewOf(uid: string, { preset, moving }: Pick<FrameHeader, "preset" | "moving">): string {
  if (moving === true) return `${uid} ~`;
  return preset === undefined || preset === "" ? uid : `${uid} @${preset}`;
}

export function uidOf(view: string): string {
  const end = view.indexOf(" ");
  return end < 0 ? view : view.slice(0, end);
}

/** Somewhere between the presets is looked at by chance: it is given up sooner, ms. */
const FREE_MS = 1_800_000;
const PRESET_MS = 86_400_000;

/** After so long without a frame nobody can say any more what is there; ms. */
export function patienceOf(view: string): number {
  return view.endsWith(" ~") ? FREE_MS : PRESET_MS;
}
