import { createHash, randomBytes, randomUUID } from "node:crypto";
import { CameraError } from "./camera-error.ts";
import type { CameraHttp } from "./camera-http.ts";
import type { Credentials } from "./digest.ts";
import { escapeXml, find, parseXml, textAt, type XmlNode } from "./onvif-xml.ts";

const MAX_ANSWER = 1_048_576;
const WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
const NONCE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/** One operation. `action` and `to` are those of WS-Addressing, which the event service needs. */
export interface SoapCall {
  readonly url: string;
  /** the XML inside Body */
  readonly body: string;
  readonly action?: string;
  /** reference parameters of the endpoint, as XML */
  readonly reference?: string;
  /** without credentials: what ONVIF allows to everybody (Core specification, access class PRE_AUTH) */
  readonly open?: boolean;
  readonly timeoutMs?: number;
}

/**
 * SOAP 1.2 with one ONVIF device. Says who it is both ways that devices know: WS-Security UsernameToken (PasswordDigest, at the
 * time of the device's own clock) in every message, and HTTP Digest after a challenge.
 */
export class OnvifSoap {
  readonly #http: CameraHttp;
  readonly #who: Credentials;
  readonly #now: () => number;
  readonly #timeoutMs: number;
  /** the device's clock less ours, ms; a token is refused when its time is off by more than seconds */
  clockOffset = 0;

  constructor(http: CameraHttp, who: Credentials, timeoutMs: number, now: () => number) {
    this.#http = http;
    this.#who = who;
    this.#timeoutMs = timeoutMs;
    this.#now = now;
  }

  /** @returns the first element of the answer's body. @throws CameraError auth for a wrong account, onvif for other faults */
  async call(call: SoapCall, stop?: AbortSignal): Promise<XmlNode> {
    const type = `application/soap+xml; charset=utf-8${call.action === undefined ? "" : `; action="${call.action}"`}`;
    const answer = await this.#http.request({
      method: "POST",
      url: call.url,
      headers: { "content-type": type },
      body: this.#envelope(call),
      limit: MAX_ANSWER,
      timeoutMs: call.timeoutMs ?? this.#timeoutMs,
      stop,
    });
    const text = answer.body.toString("utf8");
    if (answer.status === 403) throw new CameraError("auth", "the camera refused access");
    const body = find(wrapped(text, answer.status), "Body");
    const first = body?.children[0];
    if (first === undefined) throw new CameraError("onvif", `status ${answer.status} without a SOAP body`);
    if (first.name !== "Fault") return first;
    throw faultOf(first);
  }

  #envelope({ url, body, action, reference = "", open }: SoapCall): string {
    const security = open === true || this.#who.username === "" ? "" : this.#security();
    const addressing =
      action === undefined
        ? ""
        : `<a:Action xmlns:a="http://www.w3.org/2005/08/addressing">${action}</a:Action>` +
          `<a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing">urn:uuid:${randomUUID()}</a:MessageID>` +
          `<a:To xmlns:a="http://www.w3.org/2005/08/addressing">${escapeXml(url)}</a:To>`;
    return (
      `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">` +
      `<s:Header>${addressing}${reference}${security}</s:Header><s:Body>${body}</s:Body></s:Envelope>`
    );
  }

  /** WS-Security UsernameToken Profile 1.0: Base64(SHA-1(nonce + created + password)). */
  #security(): string {
    const nonce = randomBytes(16);
    const created = new Date(this.#now() + this.clockOffset).toISOString();
    const digest = createHash("sha1").update(nonce).update(created).update(this.#who.password).digest("base64");
    return (
      `<w:Security xmlns:w="${WSSE}"><w:UsernameToken><w:Username>${escapeXml(this.#who.username)}</w:Username>` +
      `<w:Password Type="${DIGEST}">${digest}</w:Password>` +
      `<w:Nonce EncodingType="${NONCE}">${nonce.toString("base64")}</w:Nonce>` +
      `<u:Created xmlns:u="${WSU}">${created}</u:Created></w:UsernameToken></w:Security>`
    );
  }
}

function wrapped(text: string, status: number): XmlNode {
  try {
    // Body is searched below the root, so the envelope needs no name of its own.
    return { name: "", namespace: "", attributes: {}, children: [parseXml(text.trim())], text: "" };
  } catch (error) {
    throw new CameraError("onvif", `status ${status}, no SOAP: ${(error as Error).message}`);
  }
}

/** ONVIF Core section 5.9.2: a wrong account is the subcode ter:NotAuthorized; some send WS-Security's FailedAuthentication. */
function faultOf(fault: XmlNode): CameraError {
  const codes = [textAt(fault, "Subcode", "Value"), textAt(fault, "Code", "Value"), textAt(fault, "faultcode")];
  const reason = textAt(fault, "Reason", "Text") || textAt(fault, "faultstring") || textAt(fault, "Detail", "Text");
  const refused = codes.some((code) => /NotAuthorized|FailedAuthentication|InvalidSecurity/i.test(code));
  return new CameraError(refused ? "auth" : "onvif", `${codes.find(Boolean) ?? "fault"}: ${reason}`.slice(0, 200));
}
