import type { GridEvent } from "../event.ts";

/** Kinds that a person may report of a device: work to be done there. No rule raises them. */
export const TICKET_KINDS = ["device.repair", "device.battery_change", "device.cleaning", "device.inspection"] as const;
export type TicketKind = (typeof TICKET_KINDS)[number];

const BY_A_PERSON = "person:";

/** `source` of what somebody reported. */
export function reportedBy(username: string): string {
  return `${BY_A_PERSON}${username}`;
}

/** A person said so: no source will say when it is over, its handling does. */
export function isReported({ source }: Pick<GridEvent, "source">): boolean {
  return source.startsWith(BY_A_PERSON);
}
