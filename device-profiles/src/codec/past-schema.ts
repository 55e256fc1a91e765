import Type, { type Static } from "typebox";
import { DURATION_PATTERN } from "../duration.ts";
import type { Field } from "./schema.ts";

/** Earlier samples that one frame may carry. */
export const MAX_PAST = 500;

const HIDDEN = "^_[A-Za-z0-9_]*$";
const Hidden = (description: string) => Type.String({ pattern: HIDDEN, description });

export const Past = Type.Object(
  {
    at: Type.Optional(
      Type.Integer({ minimum: 0, description: "first byte of the list; behind the fields unless said" }),
    ),
    count: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: MAX_PAST }), Hidden("a value read before the list, _name")], {
        description: "how many samples; as many as the frame holds unless said",
      }),
    ),
    size: Type.Optional(
      Type.Integer({ minimum: 1, description: "bytes from one sample to the next; those of its fields unless said" }),
    ),
    fields: Type.Array(Type.Ref("Field"), { minItems: 1, description: "one sample; `at` counts from its first byte" }),
    every: Type.Optional(
      Type.String({
        pattern: `${DURATION_PATTERN}|${HIDDEN}`,
        description: "time between samples: 15m, or _name of a value in seconds that is read before the list",
      }),
    ),
    age: Type.Optional(Hidden("_name of a value in seconds: how long before the frame's time a sample was taken")),
    order: Type.Optional(
      Type.Enum(["newest", "oldest"], { description: "with `every`: which sample comes first; newest unless said" }),
    ),
    newest: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_PAST,
        description:
          "with `every`: intervals from the newest sample to the frame's time; 1 unless said, 0 = the same moment",
      }),
    ),
  },
  {
    additionalProperties: false,
    description:
      "earlier samples behind each other, a record of its own each; timed by sampled_at among the fields, by `every` or by `age`",
  },
);
export type Past = Omit<Static<typeof Past>, "fields"> & { fields: Field[] };
