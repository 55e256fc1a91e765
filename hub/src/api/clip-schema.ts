import Type, { type Static } from "typebox";
import { Text, Time } from "./query.ts";
import { Nullable } from "./schema.ts";

// What the API says of clips out of the edges' evidence rings. Times are of the edge's clock, ms UTC.

const ClipState = Type.Union(
  [
    Type.Literal("at_edge"),
    Type.Literal("wanted"),
    Type.Literal("coming"),
    Type.Literal("here"),
    Type.Literal("failed"),
    Type.Literal("gone"),
    Type.Literal("off"),
    Type.Literal("unknown"),
  ],
  {
    description:
      "at_edge: the edge should still have it; wanted: it is asked for when the edge is there; coming; here: it can be looked at; " +
      "failed: see the reason; gone: longer ago than the edge keeps; off: the edge keeps or sends none; unknown: it has not reported yet",
  },
);
export const ClipInfo = Type.Object({
  id: Type.String(),
  camera: Type.String(),
  title: Type.String(),
  from: Time,
  to: Time,
  state: ClipState,
  reason: Type.String({
    description: "of a failure: what the edge said, or late, stalled, malformed, too_large, disk",
  }),
  edgeOnline: Type.Boolean({ description: "a clip that is wanted waits until it is" }),
  bytes: Type.Number({ description: "that have come" }),
  frames: Type.Number(),
  by: Type.String({ description: "who wanted it; hub = by itself" }),
  url: Nullable(Type.String({ description: "of the clip at the edge's own server, which asks for its own token" })),
});
export const Clips = Type.Object({ items: Type.Array(ClipInfo) });
export const NewClip = Type.Object(
  {
    camera: Text(200, "uid of one of the event's cameras"),
    from: Type.Optional(Time),
    to: Type.Optional(Time),
  },
  { additionalProperties: false },
);

export const ClipPictures = Type.Object({
  camera: Type.String(),
  from: Time,
  to: Time,
  times: Type.Array(Time, { description: "of its pictures; the first is `/frames/0`" }),
});

export type ClipInfo = Static<typeof ClipInfo>;
export type NewClip = Static<typeof NewClip>;
export type ClipPictures = Static<typeof ClipPictures>;
