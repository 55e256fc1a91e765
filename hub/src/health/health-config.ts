import Type, { type Static } from "typebox";
import { OUTAGE, type OutageOptions } from "./outage-watch.ts";

/** `health:` of the hub's settings. */
export const HealthConfigSchema = Type.Object(
  {
    outage_edges: Type.Integer({
      minimum: 2,
      maximum: 100_000,
      default: OUTAGE.edges,
      description: "Edges of a site that have to go together to be one network outage.",
    }),
    outage_share: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: OUTAGE.share,
      description: "And the share of those that worked.",
    }),
    outage_window_s: Type.Integer({
      minimum: 10,
      maximum: 3600,
      default: OUTAGE.windowMs / 1000,
      description: "Together is within this time; who returns later than this after the end has an event of its own.",
    }),
  },
  { additionalProperties: false, default: {} },
);

export function outageOptions(config: Static<typeof HealthConfigSchema>): OutageOptions {
  return { edges: config.outage_edges, share: config.outage_share, windowMs: config.outage_window_s * 1000 };
}
