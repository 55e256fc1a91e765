import { createHash, timingSafeEqual } from "node:crypto";
import type { Authenticate } from "./broker.ts";

export interface Reader {
  readonly username: string;
  readonly password: string;
  /** absent = all */
  readonly sites?: readonly string[];
}

/** Who may read `out/` topics. User names have no slash, so none can be mistaken for an edge's. */
export function readerAccess(readers: readonly Reader[]): Authenticate {
  const known = new Map(
    readers.map(({ username, password, sites = ["+"] }) => [username, { password: sha256(password), sites }]),
  );
  return (username, token) => {
    const reader = known.get(username);
    if (reader === undefined || !timingSafeEqual(reader.password, sha256(token))) return null;
    return { site: "", edge: username, reads: reader.sites };
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
