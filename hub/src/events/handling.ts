import type { Handling } from "../event.ts";

/** What a person does with an event. */
export type EventAction = "acknowledge" | "hand_off" | "close" | "false_alarm" | "comment";

/**
 * Legal steps of handling; what is not here is refused. Handling knows nothing of sensing: an event may be closed while the
 * water is still high, and may clear while nobody has looked. A closed event may still turn out to have been a false alarm
 * (评价, the evaluation, comes last); that label is final, since detectors will be judged by it.
 */
const STEPS: Readonly<Record<Handling, Partial<Record<EventAction, Handling>>>> = {
  new: { acknowledge: "acknowledged", hand_off: "handed_off", close: "closed", false_alarm: "false_alarm" },
  acknowledged: { hand_off: "handed_off", close: "closed", false_alarm: "false_alarm" },
  handed_off: { close: "closed", false_alarm: "false_alarm" },
  closed: { false_alarm: "false_alarm" },
  false_alarm: {},
};

/** Handling after the action; null = not legal. A comment is always legal and changes nothing. */
export function nextHandling(from: Handling, action: EventAction): Handling | null {
  if (action === "comment") return from;
  return STEPS[from][action] ?? null;
}

/** Nobody needs to do anything more. */
export function isSettled(handling: Handling): boolean {
  return handling === "closed" || handling === "false_alarm";
}
