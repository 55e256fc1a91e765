import { CameraError } from "./camera-error.ts";
import type { OnvifSoap } from "./onvif-soap.ts";
import { escapeXml, find, findAll, textAt, type XmlNode } from "./onvif-xml.ts";

const DEVICE = "http://www.onvif.org/ver10/device/wsdl";
const MEDIA = "http://www.onvif.org/ver10/media/wsdl";
const MEDIA2 = "http://www.onvif.org/ver20/media/wsdl";
const EVENTS = "http://www.onvif.org/ver10/events/wsdl";
const PTZ = "http://www.onvif.org/ver20/ptz/wsdl";
const SCHEMA = "http://www.onvif.org/ver10/schema";
const DEVICE_PATH = "/onvif/device_service";

/** A media profile with a picture. Sizes in pixels, 0 where the device does not tell. */
export interface OnvifProfile {
  readonly token: string;
  readonly name: string;
  /** JPEG, H264, H265 ... */
  readonly encoding: string;
  readonly width: number;
  readonly height: number;
}

interface Services {
  readonly media: { readonly url: string; readonly namespace: string };
  readonly events: string | null;
  readonly ptz: string | null;
}

/**
 * The device and media services of one camera (ONVIF Core, Media 1 and Media 2). Addresses that the camera names are turned to the
 * host that was configured: behind address translation it does not know its own.
 */
export class OnvifDevice {
  readonly #soap: OnvifSoap;
  readonly #origin: URL;
  #services: Services | null = null;

  constructor(soap: OnvifSoap, origin: string) {
    this.#soap = soap;
    this.#origin = new URL(origin);
  }

  /** The camera's clock, ms UTC, null when it does not tell. Needs no account; must be asked first, for tokens carry the camera's time. */
  async clock(stop?: AbortSignal): Promise<number | null> {
    const answer = await this.#soap.call(
      { url: this.#deviceUrl(), body: `<GetSystemDateAndTime xmlns="${DEVICE}"/>`, open: true },
      stop,
    );
    const utc = find(answer, "UTCDateTime");
    const number = (part: string, name: string) => Number.parseInt(textAt(utc, part, name), 10);
    const day = [number("Date", "Year"), number("Date", "Month") - 1, number("Date", "Day")] as const;
    const time = Date.UTC(...day, number("Time", "Hour"), number("Time", "Minute"), number("Time", "Second"));
    return Number.isNaN(time) ? null : time;
  }

  /** Address of the event service, null where the camera has none. */
  async eventsUrl(stop?: AbortSignal): Promise<string | null> {
    return (await this.#find(stop)).events;
  }

  /** Address of the PTZ service, null where the camera does not turn. */
  async ptzUrl(stop?: AbortSignal): Promise<string | null> {
    return (await this.#find(stop)).ptz;
  }

  /** @throws CameraError auth when the account sees no profile at all: some devices answer a wrong password so */
  async profiles(stop?: AbortSignal): Promise<OnvifProfile[]> {
    const { media } = await this.#find(stop);
    const ask = media.namespace === MEDIA2 ? "<Type>VideoEncoder</Type>" : "";
    const answer = await this.#soap.call(
      { url: media.url, body: `<GetProfiles xmlns="${media.namespace}">${ask}</GetProfiles>` },
      stop,
    );
    const all = findAll(answer, "Profiles");
    if (all.length === 0) throw new CameraError("auth", "the camera shows no profiles to this account");
    return all.map(profileOf).filter((profile) => profile !== null);
  }

  snapshotUri(token: string, stop?: AbortSignal): Promise<string> {
    return this.#uri("GetSnapshotUri", token, /^https?:$/, stop);
  }

  streamUri(token: string, stop?: AbortSignal): Promise<string> {
    return this.#uri("GetStreamUri", token, /^rtsps?:$/, stop);
  }

  /** An address that the camera named, at the host that was configured. Its port is kept, unless the host was wrong as well. */
  reach(address: string, keepPort: boolean): URL | null {
    if (!URL.canParse(address)) return null;
    const url = new URL(address);
    if (!keepPort && url.hostname !== this.#origin.hostname && url.protocol === this.#origin.protocol)
      url.port = this.#origin.port;
    url.hostname = this.#origin.hostname;
    url.username = "";
    url.password = "";
    return url;
  }

  async #uri(operation: string, token: string, scheme: RegExp, stop?: AbortSignal): Promise<string> {
    const { media } = await this.#find(stop);
    const profile = `<ProfileToken>${escapeXml(token)}</ProfileToken>`;
    const setup = `<StreamSetup><Stream xmlns="${SCHEMA}">RTP-Unicast</Stream><Transport xmlns="${SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup>`;
    const second = operation === "GetStreamUri" ? "<Protocol>RTSP</Protocol>" : "";
    const how = media.namespace === MEDIA2 ? second : operation === "GetStreamUri" ? setup : "";
    const body = `<${operation} xmlns="${media.namespace}">${how}${profile}</${operation}>`;
    const answer = await this.#soap.call({ url: media.url, body }, stop);
    const url = this.reach(textAt(answer, "Uri"), true);
    if (url === null || !scheme.test(url.protocol))
      throw new CameraError("onvif", `the camera names no address for ${operation}`);
    return url.toString();
  }

  async #find(stop?: AbortSignal): Promise<Services> {
    if (this.#services !== null) return this.#services;
    const listed = await this.#list(stop);
    const url = (namespace: string) => this.reach(listed.get(namespace) ?? "", false)?.toString();
    const media = url(MEDIA);
    const media2 = url(MEDIA2);
    const chosen = media !== undefined ? { url: media, namespace: MEDIA } : { url: media2 ?? "", namespace: MEDIA2 };
    if (chosen.url === "") throw new CameraError("onvif", "the device has no media service");
    return (this.#services = { media: chosen, events: url(EVENTS) ?? null, ptz: url(PTZ) ?? null });
  }

  /** Namespace -> address. GetServices came with ONVIF 2.1; older devices know GetCapabilities only. */
  async #list(stop?: AbortSignal): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const ask = `<GetServices xmlns="${DEVICE}"><IncludeCapability>false</IncludeCapability></GetServices>`;
    try {
      const answer = await this.#soap.call({ url: this.#deviceUrl(), body: ask }, stop);
      for (const service of findAll(answer, "Service"))
        found.set(textAt(service, "Namespace"), textAt(service, "XAddr"));
    } catch (error) {
      if (!(error instanceof CameraError) || error.code !== "onvif") throw error;
    }
    if (found.size > 0) return found;
    const all = `<GetCapabilities xmlns="${DEVICE}"><Category>All</Category></GetCapabilities>`;
    const answer = await this.#soap.call({ url: this.#deviceUrl(), body: all }, stop);
    for (const [name, namespace] of [
      ["Media", MEDIA],
      ["Events", EVENTS],
      ["PTZ", PTZ],
    ])
      found.set(namespace, textAt(find(answer, name), "XAddr"));
    return found;
  }

  #deviceUrl(): string {
    return new URL(DEVICE_PATH, this.#origin).toString();
  }
}

/** Profiles of sound or metadata alone have no video encoder, and are not looked at. */
function profileOf(node: XmlNode): OnvifProfile | null {
  const encoder = find(node, "VideoEncoderConfiguration") ?? find(node, "VideoEncoder");
  const { token } = node.attributes;
  if (encoder === undefined || token === undefined) return null;
  const size = find(encoder, "Resolution");
  const pixels = (name: string) => Math.max(0, Number.parseInt(textAt(size, name), 10) || 0);
  return {
    token,
    name: textAt(node, "Name"),
    encoding: textAt(encoder, "Encoding").toUpperCase(),
    width: pixels("Width"),
    height: pixels("Height"),
  };
}

/**
 * The profile to take: the smallest that has at least `lines` lines, the sub-stream where there is one; else the largest. Whose size is
 * unknown comes last.
 */
export function chooseProfile(profiles: readonly OnvifProfile[], lines: number): OnvifProfile | undefined {
  const bySize = profiles.filter(({ height }) => height > 0).sort((a, b) => a.height - b.height || a.width - b.width);
  return bySize.find(({ height }) => height >= lines) ?? bySize.at(-1) ?? profiles[0];
}
