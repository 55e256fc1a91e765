import Type, { type Static } from "typebox";
import { FLEET_DEFAULTS } from "./fleet/options.ts";
import { GRID_THRESHOLDS, HUB_THRESHOLDS, type Threshold } from "./sea-thresholds.ts";

/** Every threshold as a setting of the hub, with the fleet room's default in the unit of its name. */
const settings = Object.fromEntries(
  Object.entries<Threshold>({ ...GRID_THRESHOLDS, ...HUB_THRESHOLDS }).map(
    ([name, { option, factor, min, max, about }]) => {
      const value = (FLEET_DEFAULTS as Readonly<Record<string, number | string>>)[option];
      const where = name in GRID_THRESHOLDS ? "; a grid may set its own" : "";
      return [
        name,
        Type.Number({ minimum: min, maximum: max, default: Number(value) / factor, description: `${about}${where}.` }),
      ];
    },
  ),
) as Record<keyof typeof GRID_THRESHOLDS | keyof typeof HUB_THRESHOLDS, ReturnType<typeof Type.Number>>;

/** `sea:` of the hub's settings. */
export const SeaConfigSchema = Type.Object(settings, { additionalProperties: false, default: {} });
export type SeaConfig = Static<typeof SeaConfigSchema>;
