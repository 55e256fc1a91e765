import { reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { Once } from "../message.ts";
import { identityKey } from "./device-name.ts";
import { isBase64, type JsonObject, numberAt } from "./json-object.ts";
import type { Translation } from "./translation.ts";

/** An uplink as every LoRaWAN server knows it. */
export interface LorawanUplink {
  readonly device: string;
  /** when the network server received it, ms UTC; null = it does not say */
  readonly ts: number | null;
  /** what a counter belongs to: the key of the session or the address of the device in it */
  readonly session: string;
  readonly counter: number | null;
  readonly port: number;
  /** undecoded bytes, base64; null = none */
  readonly frame: string | null;
  /** what the server's own codec made of it */
  readonly decoded: JsonObject | null;
  readonly link: Readonly<Record<string, number>>;
}

/**
 * The bytes go through the profile's codec, so that they are kept and can be decoded again. What the server decoded is used only where
 * the profile takes records, or where there are no bytes.
 */
export function takeUplink(out: Translation, uplink: LorawanUplink): Rejection | null {
  const { device, frame, decoded, port, link } = uplink;
  if (frame !== null && !isBase64(frame)) return reject("foreign_invalid", "the frame is not base64");
  if (!(Number.isInteger(port) && port >= 0 && port <= 255)) return reject("foreign_invalid", `port ${port}`);
  const ts = uplink.ts ?? out.foreign.rx;
  const profile = out.profileOf(device);
  const takesRecords = profile !== undefined && profile.uplink === "telemetry";
  const once = identityOf(out, uplink);
  if (decoded !== null && (takesRecords || frame === null || frame === "")) {
    out.telemetry(device, [{ ts, m: decoded, l: link }], once);
    return null;
  }
  // commands of the network alone (port 0 or no bytes): nothing was measured
  if (frame === null || frame === "" || port === 0) return null;
  out.raw(device, [{ ts, x: frame, p: port, l: link }], once);
  return null;
}

function identityOf(out: Translation, uplink: LorawanUplink): Once {
  const { device, session, counter, port, frame, ts } = uplink;
  if (counter === null) return out.natural(device, ts);
  return {
    key: identityKey(device, session, counter, port, frame ?? ""),
    ts: ts ?? out.foreign.rx,
    repeat: "key_and_time",
  };
}

/** Best reception among the gateways: strongest signal, its ratio, and how many heard it. */
export function linkOf(gateways: unknown, rssi: string, snr: string): Record<string, number> {
  const link: Record<string, number> = {};
  if (!Array.isArray(gateways) || gateways.length === 0) return link;
  let best: JsonObject | null = null;
  for (const gateway of gateways.slice(0, 100) as JsonObject[]) {
    if (typeof gateway !== "object" || gateway === null) continue;
    if (best === null || (numberAt(gateway, rssi) ?? -Infinity) > (numberAt(best, rssi) ?? -Infinity)) best = gateway;
  }
  link.gateways = gateways.length;
  if (best === null) return link;
  const strength = numberAt(best, rssi);
  const ratio = numberAt(best, snr);
  if (strength !== null) link.rssi = strength;
  if (ratio !== null) link.snr = ratio;
  return link;
}
