import type { AisBits } from "./bits.ts";
import type { AisValue } from "./decode.ts";

/** Structured payloads of types 6 and 8; returns false when the payload is to be shown as data. */
export function decodeApplication(_bits: AisBits, _type: number, _into: Record<string, AisValue>): boolean {
  return false;
}
