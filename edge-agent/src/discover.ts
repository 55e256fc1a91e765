import { randomUUID } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import { findAll, parseXml, textAt, type XmlNode } from "./sources/onvif-xml.ts";

export const DISCOVERY_GROUP = "239.255.255.250";
export const DISCOVERY_PORT = 3702;

export interface ProbeOptions {
  /** where to ask: the multicast group, or single devices where multicast does not pass */
  readonly addresses: readonly string[];
  readonly port: number;
  /** own address of the interface to ask through; absent = the system chooses */
  readonly interface?: string | undefined;
  readonly waitMs: number;
}

/** What a device said about itself, from the network: to be shown, never to be believed. */
export interface FoundDevice {
  /** the address that answered */
  readonly address: string;
  /** its endpoint reference, a UUID that survives a new address */
  readonly endpoint: string;
  readonly name: string;
  readonly hardware: string;
  readonly location: string;
  /** addresses of its device service */
  readonly services: readonly string[];
}

const TYPES = ["dn:NetworkVideoTransmitter", "tds:Device"] as const;
const MAX_DEVICES = 4096;
const MAX_TEXT = 256;
/** UDP loses datagrams: every question is asked so often (WS-Discovery appendix I asks twice). */
const REPEATS = 2;
const REPEAT_MS = 250;

/**
 * Asks who is there (WS-Discovery 1.0, section 5) and gathers answers for `waitMs`.
 * @throws Error of the socket: an interface that is not there, a network that cannot be reached
 */
export async function discover(options: ProbeOptions): Promise<FoundDevice[]> {
  const socket = createSocket({ type: "udp4", reuseAddr: false });
  const asked = new Set<string>();
  const found = new Map<string, FoundDevice>();
  let broken: Error | null = null;
  socket.on("error", (error) => (broken ??= error));
  socket.on("message", (message, { address }) => {
    if (found.size >= MAX_DEVICES) return;
    for (const device of matchesOf(message.toString("utf8"), address, asked))
      if (!found.has(device.endpoint)) found.set(device.endpoint, device);
  });
  try {
    await bind(socket, options.interface);
    for (let round = 0; round < REPEATS; round++) {
      if (round > 0) await sleep(Math.min(REPEAT_MS, options.waitMs / 2));
      for (const type of TYPES) {
        const id = `uuid:${randomUUID()}`;
        asked.add(id);
        for (const address of options.addresses) await send(socket, probe(id, type), options.port, address);
      }
    }
    await sleep(options.waitMs);
    if (broken !== null) throw broken;
  } finally {
    socket.close();
  }
  return [...found.values()].sort((a, b) => a.address.localeCompare(b.address, "en", { numeric: true }));
}

function bind(socket: Socket, own: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(0, own ?? "0.0.0.0", () => {
      socket.removeListener("error", reject);
      try {
        // One hop: cameras are on this network or asked by their address.
        socket.setMulticastTTL(1);
        if (own !== undefined) socket.setMulticastInterface(own);
        resolve();
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

function send(socket: Socket, text: string, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(text, port, address, (error) => (error ? reject(error) : resolve()));
  });
}

function probe(id: string, type: string): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"` +
    ` xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><s:Header><a:MessageID>${id}</a:MessageID>` +
    `<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>` +
    `<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action></s:Header><s:Body>` +
    `<d:Probe xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"` +
    ` xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><d:Types>${type}</d:Types></d:Probe></s:Body></s:Envelope>`
  );
}

/** Devices of one answer; [] for what is no answer to our questions. */
function matchesOf(text: string, address: string, asked: ReadonlySet<string>): FoundDevice[] {
  let envelope: XmlNode;
  try {
    envelope = parseXml(text.trim());
  } catch {
    return [];
  }
  if (!asked.has(textAt(envelope, "RelatesTo"))) return [];
  return findAll(envelope, "ProbeMatch").map((match) => {
    const scopes = textAt(match, "Scopes").split(/\s+/);
    const scope = (kind: string) => printable(scopes.map((s) => valueOf(s, kind)).find((v) => v !== "") ?? "");
    const services = textAt(match, "XAddrs")
      .split(/\s+/)
      .filter((s) => /^https?:\/\//.test(s) && URL.canParse(s));
    const endpoint = printable(textAt(match, "EndpointReference", "Address")) || address;
    const own = { name: scope("name"), hardware: scope("hardware"), location: scope("location") };
    return { address, endpoint, ...own, services: services.map(printable) };
  });
}

/** `onvif://www.onvif.org/name/Quay%20west` -> `Quay west` for "name" */
function valueOf(scope: string, kind: string): string {
  const found = new RegExp(`^onvif://www\\.onvif\\.org/${kind}/(.+)$`, "i").exec(scope)?.[1] ?? "";
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}

/** A stranger's text reaches a terminal: no control characters. */
function printable(text: string): string {
  return text.replace(/\p{C}+/gu, " ").slice(0, MAX_TEXT);
}
