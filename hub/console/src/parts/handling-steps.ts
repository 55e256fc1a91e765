import type { EventAction, EventInfo } from "../../../src/api/schema.ts";

export type Handling = EventInfo["handling"];
export type Verb = EventAction["action"];

export const HANDLINGS: readonly Handling[] = [
  "new",
  "acknowledged",
  "handed_off",
  "accepted",
  "done",
  "rejected",
  "closed",
  "false_alarm",
];

const OPEN: readonly Handling[] = ["new", "acknowledged", "handed_off", "accepted", "rejected"];
const RECEIVED: readonly Handling[] = ["handed_off", "accepted", "done", "rejected"];

/** Handlings from which the console offers a step: the hub's table without what only platforms say of events not handed off. */
export const OFFERED: Readonly<Record<Exclude<Verb, "comment">, readonly Handling[]>> = {
  acknowledge: ["new", "rejected"],
  hand_off: ["new", "acknowledged", "rejected"],
  whistle: OPEN,
  accept: ["handed_off"],
  done: ["handed_off", "accepted"],
  reject: ["handed_off", "accepted", "done"],
  return: ["rejected"],
  close: [...OPEN, "done"],
  confirm: [...RECEIVED, "acknowledged", "closed"],
  false_alarm: [...OPEN, "done", "closed"],
};

/** Nobody needs to do anything more. */
export function isSettled(handling: Handling): boolean {
  return handling === "closed" || handling === "done" || handling === "false_alarm";
}
