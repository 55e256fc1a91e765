import Type from "typebox";
import type { Device } from "../../device.ts";
import type { GridEvent } from "../../event.ts";
import { reportedBy } from "../../events/reported.ts";
import type { Finding } from "../../finding.ts";
import { blaming } from "../../store/failure.ts";
import { audit } from "../../store/queries/access.ts";
import { eventOfSubject } from "../../store/queries/events.ts";
import type { App } from "../app.ts";
import { ApiFailure, notFound } from "../failure.ts";
import { callerOf } from "../guard.ts";
import type { Parts } from "../parts.ts";
import { plainText } from "../plain-text.ts";
import { Text } from "../query.ts";
import { NewTicket, TicketMade } from "../ticket-schema.ts";

/** A maintenance ticket: an event that a person opens of a device, on its grid. It goes where events go, and ends with its handling. */
export function ticketRoutes(app: App, { context, events: view }: Parts): void {
  const { pool, registry, pipeline, events } = context;

  app.post(
    "/api/devices/:site/:name/tickets",
    {
      config: { role: "operator" },
      schema: {
        tags: ["devices"],
        params: Type.Object({ site: Text(), name: Text() }),
        body: NewTicket,
        response: { 200: TicketMade, 201: TicketMade },
      },
    },
    async (request, reply) => {
      const { account, scope } = callerOf(request);
      const device = registry.device(`${request.params.site}/${request.params.name}`);
      if (device === undefined || !scope.hasDevice(device)) throw notFound("device");
      const text = plainText(request.body.text);
      if (text === "") throw new ApiFailure(400, "INVALID", "text: says nothing");
      const ticket = { ...request.body, text };
      const subject = `device:${device.uid}#${ticket.key}`;
      const stored = await blaming(eventOfSubject(pool, device.id, subject));
      if (stored !== null) return { event: view.info(same(stored, ticket)), made: false };
      const { event, made } = await pipeline.submit((now) =>
        events.report(reportOf(ticket, device, subject, account.username, now), account.username, text, now),
      );
      same(event, ticket);
      if (made) {
        const detail = { event: event.id, kind: ticket.kind, severity: ticket.severity, text };
        await blaming(audit(pool, account.username, "device_ticket", `device:${device.uid}`, detail));
      }
      return reply.code(made ? 201 : 200).send({ event: view.info(event), made });
    },
  );
}

/** A key that stands for something else is the client's mistake; answering with the other ticket would hide it. */
function same(event: GridEvent, { kind, text }: NewTicket): GridEvent {
  if (event.kind === kind && event.evidence.said === text) return event;
  throw new ApiFailure(409, "TICKET_KEY_USED", "another ticket of this device has this key");
}

function reportOf(
  { kind, severity, text }: NewTicket,
  device: Device,
  subject: string,
  who: string,
  now: number,
): Finding {
  const { gridId, lon, lat } = device;
  const source = reportedBy(who);
  return { kind, phase: "raise", severity, ts: now, subject, device, gridId, lon, lat, source, evidence: { said: text, who }, late: false }; // prettier-ignore
}
