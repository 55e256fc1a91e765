import type { Random } from "../random.ts";

/** What the platform does with a request. Those with `taken` keep the event although the hub cannot know it. */
export type Mischief =
  | "none"
  /** 500, 502, 503 or 429 before anything is kept */
  | "error"
  /** keeps it and answers 500 */
  | "error_taken"
  /** no answer at all */
  | "timeout"
  /** keeps it and gives no answer */
  | "timeout_taken"
  /** resets the connection */
  | "reset"
  /** keeps it and resets the connection */
  | "reset_taken"
  /** the answer's body comes in drops */
  | "slow"
  /** says 202 and forgets it; asks for it again later */
  | "lie";

const KINDS: readonly (readonly [Mischief, number])[] = [
  ["error", 5],
  ["error_taken", 3],
  ["timeout", 1],
  ["timeout_taken", 1],
  ["reset", 3],
  ["reset_taken", 3],
  ["slow", 2],
  ["lie", 2],
];
const TOTAL = KINDS.reduce((sum, [, weight]) => sum + weight, 0);

/** @param bad share of the requests that something happens to, 0..1 */
export function drawMischief(random: Random, bad: number): Mischief {
  if (!random.chance(bad)) return "none";
  let at = random.next() * TOTAL;
  for (const [kind, weight] of KINDS) {
    at -= weight;
    if (at < 0) return kind;
  }
  return "error";
}
