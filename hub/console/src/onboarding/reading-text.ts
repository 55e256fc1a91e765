import { Quality } from "@gridhub/device-profiles/reading.ts";
import { unit, value } from "../format.ts";
import { isFlag } from "../words/words.ts";
import type { Value } from "./shapes.ts";

/** Names of the bits that are set, "good" where none is. */
export function qualityNames(quality: number): string[] {
  const names = Object.entries(Quality)
    .filter(([, bit]) => bit !== 0 && (quality & bit) !== 0)
    .map(([name]) => name);
  return names.length === 0 ? ["good"] : names;
}

/** Bits that make a value doubtful; late and decoded again say only how it came. */
export function isDoubtful(quality: number): boolean {
  return (quality & ~(Quality.late | Quality.redecoded)) !== 0;
}

/** A value as people read it. @param coded the word for a code, from the desk */
export function valueText(metric: string, v: Value, coded: (prefix: string, code: string) => string): string {
  if (v === null) return "–";
  if (typeof v === "boolean" || (isFlag(metric) && typeof v === "number"))
    return coded("flag", String(v === true || v === 1));
  return typeof v === "number" ? value(v, 6) : v;
}

export function unitText(ucum: string): string {
  return unit(ucum);
}
