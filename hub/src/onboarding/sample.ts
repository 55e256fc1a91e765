import { type BackfillEntry, checkEnvelope, type Envelope, parseJson } from "@gridhub/device-profiles/envelope.ts";
import { isRejection } from "@gridhub/device-profiles/rejection.ts";

/** One record as a device sent it, before any profile: bytes, a map of values, or a picture. */
export type Sample =
  | { readonly kind: "frame"; readonly frame: Buffer; readonly port: number; readonly ts: number }
  | { readonly kind: "json"; readonly m: Readonly<Record<string, unknown>>; readonly ts: number }
  | { readonly kind: "picture"; readonly ts: number };

/**
 * The records of a message of one device, found as ingest finds them; nothing where it is no envelope and no frame.
 * @param lane last part of the topic: t, raw, e, frame, backfill
 */
export function samplesOf(lane: string, device: string, payload: Buffer, rx: number): Sample[] {
  if (lane === "frame") return [{ kind: "picture", ts: rx }];
  const bare: Sample[] = lane === "raw" ? [{ kind: "frame", frame: payload, port: 0, ts: rx }] : [];
  if (lane === "raw" && payload[0] !== 0x7b) return bare;
  const parsed = parseJson(payload, lane === "backfill" ? 10 : undefined);
  if (isRejection(parsed)) return bare;
  if (lane === "backfill") {
    const { bf } = (parsed.value ?? {}) as { bf?: unknown };
    const entries = Array.isArray(bf) ? (bf as BackfillEntry[]) : [];
    return entries
      .filter((entry) => entry?.d === device)
      .flatMap((entry) => {
        const envelope = checkEnvelope(entry);
        return isRejection(envelope) ? [] : recordsOf(envelope);
      });
  }
  const envelope = checkEnvelope(parsed.value);
  return isRejection(envelope) ? bare : recordsOf(envelope);
}

function recordsOf({ r }: Envelope): Sample[] {
  return r.map(({ ts, m, x, s, p }) =>
    m !== undefined
      ? { kind: "json", m, ts }
      : {
          kind: "frame",
          frame: x !== undefined ? Buffer.from(x, "base64") : Buffer.from(s ?? "", "utf8"),
          port: p ?? 0,
          ts,
        },
  );
}
