import { NAME_PATTERN } from "@gridhub/device-profiles/topic.ts";
import { createHash } from "node:crypto";

/**
 * The name that a device of another system has here: its own where that is a name of the contract, else what remains of it and
 * eight digits of its hash, so that two never become one.
 */
export function deviceName(foreign: string): string {
  if (NAME_PATTERN.test(foreign)) return foreign;
  const digits = createHash("sha256").update(foreign, "utf8").digest("hex").slice(0, 8);
  const rest = foreign
    .replaceAll(/[^A-Za-z0-9_.:-]+/g, "-")
    .replaceAll(/^[^A-Za-z0-9]+|-+$/g, "")
    .slice(0, 48);
  return rest === "" ? digits : `${rest}-${digits}`;
}

/** 48 bits of a hash over the parts of an identity. */
export function identityKey(...parts: readonly (string | number | Buffer)[]): number {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(typeof part === "number" ? String(part) : part).update("\0");
  return hash.digest().readUIntBE(0, 6);
}
