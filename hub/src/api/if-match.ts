import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { ApiFailure } from "./failure.ts";

/** The `If-Match` of a change: what the person looked at; null = the request names nothing. */
export function ifMatchOrNull({ headers }: FastifyRequest): string | null {
  const tag = headers["if-match"]
    ?.trim()
    .replace(/^W\//, "")
    .replace(/^"(.*)"$/, "$1");
  return tag === undefined || tag === "" ? null : tag;
}

/** @throws ApiFailure 428 where the request names nothing */
export function ifMatch(request: FastifyRequest): string {
  const tag = ifMatchOrNull(request);
  if (tag === null) throw new ApiFailure(428, "IF_MATCH_NEEDED", "send If-Match with the etag of what you looked at");
  return tag;
}

export function changedMeanwhile(message = "somebody changed it meanwhile"): ApiFailure {
  return new ApiFailure(412, "CHANGED_MEANWHILE", message, { advice: "Load it again and look at what changed." });
}

/** Equal as long as the content is. */
export function etagOf(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("base64url").slice(0, 22);
}
