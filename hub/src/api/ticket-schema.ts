import Type, { type Static, type TUnsafe } from "typebox";
import { TICKET_KINDS, type TicketKind } from "../events/reported.ts";
import { EventInfo, Severity } from "./schema.ts";

/** Work to be done at a device, as a person reports it. */
export const NewTicket = Type.Object(
  {
    kind: Type.Union(TICKET_KINDS.map((kind) => Type.Literal(kind))) as unknown as TUnsafe<TicketKind>,
    severity: Severity,
    text: Type.String({ minLength: 1, maxLength: 1000 }),
    /** made by who asks, unique for the device: the same key again is the same ticket, however often it is sent */
    key: Type.String({ pattern: "^[A-Za-z0-9_-]{8,64}$" }),
  },
  { additionalProperties: false },
);
/** `made` is false where the key was known. */
export const TicketMade = Type.Object({ event: EventInfo, made: Type.Boolean() });

export type NewTicket = Static<typeof NewTicket>;
export type TicketMade = Static<typeof TicketMade>;
