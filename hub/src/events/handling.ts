import type { Handling } from "../event.ts";

/** What a person, or a platform by its callbacks, does with an event. `confirm` and `false_alarm` are the evaluation (评价). */
export type EventAction =
  | "acknowledge"
  | "hand_off"
  | "whistle"
  | "accept"
  | "done"
  | "reject"
  | "return"
  | "close"
  | "false_alarm"
  | "confirm"
  | "comment";

type Steps = Partial<Record<EventAction, Handling>>;

/** What a receiver may say whatever we know of it: it may have been told while nobody here had looked. */
const RECEIVED: Steps = { accept: "accepted", done: "done", reject: "rejected" };
const ENDS: Steps = { close: "closed", false_alarm: "false_alarm" };

/**
 * Legal steps of handling; what is not here is refused. Handling knows nothing of sensing: an event may be closed while the
 * water is still high, and may clear while nobody has looked. `done` is the receiver's word (办结), `closed` the duty room's.
 * What was rejected goes back (`return`) to new, with a reason, or straight to another hand. A closed event may still turn
 * out to have been a false alarm (评价, the evaluation, comes last); that label is final, since detectors are judged by it.
 */
export const STEPS: Readonly<Record<Handling, Steps>> = {
  new: { acknowledge: "acknowledged", hand_off: "handed_off", whistle: "handed_off", ...RECEIVED, ...ENDS },
  acknowledged: { hand_off: "handed_off", whistle: "handed_off", ...RECEIVED, ...ENDS },
  handed_off: { whistle: "handed_off", ...RECEIVED, ...ENDS },
  accepted: { whistle: "accepted", done: "done", reject: "rejected", ...ENDS },
  done: { accept: "accepted", reject: "rejected", ...ENDS },
  rejected: {
    return: "new",
    acknowledge: "acknowledged",
    hand_off: "handed_off",
    whistle: "handed_off",
    accept: "accepted",
    done: "done",
    ...ENDS,
  },
  closed: { false_alarm: "false_alarm" },
  false_alarm: {},
};

/** Handling after the action; null = not legal. A comment is always legal and changes nothing. */
export function nextHandling(from: Handling, action: EventAction): Handling | null {
  if (action === "comment") return from;
  if (action === "confirm") return from === "false_alarm" ? null : from;
  return STEPS[from][action] ?? null;
}

/** Nobody needs to do anything more. */
export function isSettled(handling: Handling): boolean {
  return handling === "closed" || handling === "done" || handling === "false_alarm";
}

/** Nobody has taken it on yet, so the next level is told when the time is over. */
export function isWaiting(handling: Handling): boolean {
  return handling === "new" || handling === "handed_off";
}
