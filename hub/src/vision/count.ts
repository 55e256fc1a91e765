import type { Device } from "../device.ts";
import type { Recipe, RecipeRole } from "./recipe.ts";

/** Objects of a role at the same time: from `need` on it begins, and what was raised goes on while there are `keep`. */
export interface RoleCount {
  readonly need: number;
  readonly keep: number;
}

export const MOST_COUNTED = 100;

/** Of each of the recipe's roles at a camera with these attributes. */
export function countsOf(recipe: Recipe, attributes: Device["attributes"]): readonly RoleCount[] {
  if (recipe.roles.every((r) => r.countFrom === null)) return recipe.counts;
  return recipe.roles.map((role) =>
    countOf(role, role.countFrom === null ? null : parseCount(attributes[role.countFrom])),
  );
}

/** @param asked the camera's own number, null = the recipe's */
export function countOf(role: Pick<RecipeRole, "count" | "keep">, asked: number | null): RoleCount {
  const need = asked ?? role.count;
  // a share of 0.7 of 10 is 7, whatever binary fractions make of it
  return { need, keep: Math.max(1, Math.floor(role.keep * need + 1e-9)) };
}

/** A device's count attribute, `12` or `"12"`, 1 to 100; null = anything else: a mistyped number must not blind a camera. */
export function parseCount(attribute: unknown): number | null {
  const text = typeof attribute === "number" ? String(attribute) : attribute;
  if (typeof text !== "string" || !/^\s*\d{1,3}\s*$/.test(text)) return null;
  const count = Number(text);
  return count >= 1 && count <= MOST_COUNTED ? count : null;
}
