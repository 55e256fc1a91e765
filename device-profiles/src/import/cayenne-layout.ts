import { decodeCayenne } from "../codec/cayenne.ts";
import { isRejection } from "../rejection.ts";
import type { Example } from "./script-source.ts";

/** Whether Cayenne LPP gives every number that the examples publish, and no other; at least one example must show one. */
export function isCayenne(examples: readonly Example[]): boolean {
  let shown = 0;
  for (const { bytes, data } of examples) {
    if (data === null) continue;
    const record = decodeCayenne(bytes);
    if (isRejection(record)) return false;
    // the first of a type stands in the record twice
    const own = Object.fromEntries(Object.entries(record).filter(([name]) => /_\d+$/.test(name)));
    const [published, decoded] = [numbers(data), numbers(own)];
    if (published.length !== decoded.length) return false;
    if (published.some((x, i) => Math.abs(x - decoded[i]) > 1e-6 * Math.max(1, Math.abs(x)))) return false;
    shown += published.length;
  }
  return shown > 0;
}

function numbers(value: unknown): number[] {
  const found: number[] = [];
  const visit = (x: unknown): void => {
    if (typeof x === "number") found.push(x);
    else if (typeof x === "object" && x !== null) for (const inner of Object.values(x)) visit(inner);
  };
  visit(value);
  return found.sort((a, b) => a - b);
}
