import Type from "typebox";
import { KIND_PATTERN } from "./kind-pattern.ts";

// What may be written into the settings of the event book. Lists are edited as a whole.

const Pattern = Type.String({ pattern: KIND_PATTERN, maxLength: 80 });
const Patterns = Type.Array(Pattern, { minItems: 1, maxItems: 50 });
const Seconds = Type.Integer({ minimum: 0, maximum: 30 * 86_400 });
const strict = { additionalProperties: false };

export const FusionSetting = Type.Array(
  Type.Object(
    {
      family: Type.String({ pattern: "^[a-z0-9_]{1,32}$" }),
      kinds: Patterns,
      radius_m: Type.Number({ minimum: 0, maximum: 5000 }),
      window_s: Seconds,
    },
    strict,
  ),
  { maxItems: 100 },
);
export const ParentsSetting = Type.Array(
  Type.Object(
    {
      parent: Type.String({ pattern: "^[a-z0-9_]+(\\.[a-z0-9_]+)*$", maxLength: 80 }),
      children: Patterns,
      scope: Type.Union([Type.Literal("edge"), Type.Literal("device"), Type.Literal("grid")]),
    },
    strict,
  ),
  { maxItems: 100 },
);
export const LadderSetting = Type.Array(
  Type.Object(
    {
      kind: Pattern,
      severity: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3), Type.Literal(4)]),
      village_s: Seconds,
      town_s: Seconds,
    },
    strict,
  ),
  { maxItems: 500 },
);
export const SETTING_SCHEMAS = { fusion: FusionSetting, parents: ParentsSetting, ladder: LadderSetting } as const;
export type SettingName = keyof typeof SETTING_SCHEMAS;
