import Type, { type Static } from "typebox";
import { Nullable } from "./schema.ts";

/** Who did what; a link of the hash chain. */
export const AuditLine = Type.Object({
  seq: Type.Number(),
  /** ms UTC */
  ts: Type.Number(),
  who: Type.String(),
  action: Type.String(),
  target: Type.String(),
  detail: Type.Record(Type.String(), Type.Unknown()),
});
export const AuditPage = Type.Object({ items: Type.Array(AuditLine), next: Nullable(Type.Number()) });
export const AuditVerdict = Type.Object({
  whole: Type.Boolean(),
  /** first line that was changed, or that follows one that is missing */
  broken: Nullable(Type.Number()),
});

export type AuditLine = Static<typeof AuditLine>;
export type AuditPage = Static<typeof AuditPage>;
export type AuditVerdict = Static<typeof AuditVerdict>;
