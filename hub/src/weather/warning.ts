import type { Severity } from "../finding.ts";

/** 红橙黄蓝, the gravest first. */
export const COLOURS = ["red", "orange", "yellow", "blue"] as const;
export type WarningColour = (typeof COLOURS)[number];

export type Ring = readonly (readonly [lon: number, lat: number])[];

/** Where a warning holds, as CAP 1.2 says it: polygons, circles and codes are alternatives that add up. */
export interface WarningArea {
  readonly text: string;
  /** closed rings, WGS84 degrees */
  readonly polygons: readonly Ring[];
  /** radius in metres */
  readonly circles: readonly { readonly lon: number; readonly lat: number; readonly radiusM: number }[];
  /** administrative codes, digits; a town's code begins with its county's */
  readonly codes: readonly string[];
}

/** A weather warning, of whichever CAP encoding. Times in ms UTC. */
export interface Warning {
  /** CAP identifier; with the sender it is unique */
  readonly id: string;
  readonly sender: string;
  readonly sentAt: number;
  /** `test` and `exercise` are kept and shown, but suggest nothing and make no event */
  readonly status: "actual" | "exercise" | "test";
  readonly action: "alert" | "update" | "cancel";
  /** identifiers that this one replaces or cancels */
  readonly references: readonly string[];
  /** e.g. 台风 */
  readonly event: string;
  readonly colour: WarningColour;
  readonly headline: string;
  readonly description: string;
  readonly instruction: string;
  readonly from: number;
  readonly until: number;
  readonly areas: readonly WarningArea[];
}

export function severityOf(colour: WarningColour): Severity {
  return (COLOURS.indexOf(colour) + 1) as Severity;
}
