import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** A new edge token: 32 random bytes as base64url, shown once. High entropy, so a plain hash is enough to store. */
export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** SHA-256, 32 bytes: cheap, because every CONNECT of thousands of edges pays for it after a restart. */
export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token, "utf8").digest();
}

export function tokenMatches(token: string, hash: Buffer): boolean {
  const given = hashToken(token);
  return given.length === hash.length && timingSafeEqual(given, hash);
}
