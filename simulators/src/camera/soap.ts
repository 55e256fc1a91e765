import { createHash } from "node:crypto";

/**
 * The handful of ONVIF operations that a client needs to find a snapshot or a stream: device management (ver10/device) and media
 * (ver10/media), SOAP 1.2. Times are the camera's clock.
 */
export interface OnvifCamera {
  /** `http://host:port` as the client reached it */
  readonly origin: string;
  readonly now: Date;
  readonly width: number;
  readonly height: number;
  /** path of the snapshot */
  readonly snapshot: string;
  /** `rtsp://host:port` where `/main` and `/sub` play; null for a camera of snapshots alone */
  readonly rtsp: string | null;
  /** it turns */
  readonly ptz?: boolean;
}

export interface Account {
  readonly user: string;
  readonly password: string;
}

/** Operations that ONVIF allows without credentials (Core specification, 5.9.4.3, class PRE_AUTH). */
export const OPEN: ReadonlySet<string> = new Set([
  "GetSystemDateAndTime",
  "GetCapabilities",
  "GetServices",
  "GetServiceCapabilities",
]);

/** How far a UsernameToken's time may be off, ms; also how long nonces are remembered. */
const TOKEN_MS = 300_000;

export interface SoapAnswer {
  readonly status: 200 | 400;
  readonly body: string;
}

/** Answers one SOAP request; `nonces` are those already used, so that a token cannot be replayed. */
export function answerSoap(
  request: string,
  camera: OnvifCamera,
  account: Account | null,
  nonces: Set<string>,
): SoapAnswer {
  const operation = operationOf(request);
  if (account !== null && !OPEN.has(operation) && !authorised(request, camera.now, account, nonces))
    return fault("ter:NotAuthorized", "The username token is missing, wrong, old or used before");
  const write = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
  if (write === undefined) return fault("ter:ActionNotSupported", `${operation || "no operation"} is not implemented`);
  return answer(write(camera, request));
}

/** Name of the first element inside Body. */
export function operationOf(request: string): string {
  return /<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)/.exec(request)?.[1] ?? "";
}

export function answer(body: string): SoapAnswer {
  return { status: 200, body: envelope(body) };
}

const OPERATIONS: Readonly<Record<string, (camera: OnvifCamera, request: string) => string>> = {
  GetSystemDateAndTime: ({ now }) => `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>
    <tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone>
    <tt:UTCDateTime><tt:Time><tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute><tt:Second>${now.getUTCSeconds()}</tt:Second></tt:Time>
    <tt:Date><tt:Year>${now.getUTCFullYear()}</tt:Year><tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day></tt:Date></tt:UTCDateTime>
    </tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
  GetServices: ({ origin, ptz }) => `<tds:GetServicesResponse>
    ${service(origin, "device", "http://www.onvif.org/ver10/device/wsdl")}${service(origin, "media", "http://www.onvif.org/ver10/media/wsdl")}
    ${service(origin, "event", "http://www.onvif.org/ver10/events/wsdl")}${
      ptz === true ? service(origin, "ptz", "http://www.onvif.org/ver20/ptz/wsdl") : ""
    }</tds:GetServicesResponse>`,
  GetCapabilities: ({ origin }) => `<tds:GetCapabilitiesResponse><tds:Capabilities>
    <tt:Device><tt:XAddr>${origin}/onvif/device_service</tt:XAddr></tt:Device>
    <tt:Media><tt:XAddr>${origin}/onvif/media_service</tt:XAddr><tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast>
    <tt:RTP_TCP>false</tt:RTP_TCP><tt:RTP_RTSP_TCP>false</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media>
    </tds:Capabilities></tds:GetCapabilitiesResponse>`,
  GetDeviceInformation:
    () => `<tds:GetDeviceInformationResponse><tds:Manufacturer>gridhub</tds:Manufacturer><tds:Model>scene camera</tds:Model>
    <tds:FirmwareVersion>1.0</tds:FirmwareVersion><tds:SerialNumber>0</tds:SerialNumber><tds:HardwareId>simulated</tds:HardwareId></tds:GetDeviceInformationResponse>`,
  GetVideoSources: ({
    width,
    height,
  }) => `<trt:GetVideoSourcesResponse><trt:VideoSources token="source_0"><tt:Framerate>5</tt:Framerate>
    <tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution></trt:VideoSources></trt:GetVideoSourcesResponse>`,
  GetProfiles: ({ width, height, rtsp }) => {
    const main = profile("profile_0", "main", rtsp === null ? "JPEG" : "H264", width, height);
    // Half the size, as sub-streams are; and one of sound alone, which has no picture to offer.
    const more = profile("profile_1", "sub", "H264", width >> 1, height >> 1);
    const sound = `<trt:Profiles token="profile_2" fixed="true"><tt:Name>sound</tt:Name></trt:Profiles>`;
    return `<trt:GetProfilesResponse>${main}${rtsp === null ? "" : more + sound}</trt:GetProfilesResponse>`;
  },
  GetStreamUri: ({ rtsp }, request) => `<trt:GetStreamUriResponse><trt:MediaUri>
    <tt:Uri>${rtsp ?? ""}/${/ProfileToken>profile_1</.test(request) ? "sub" : "main"}</tt:Uri>
    <tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout>
    </trt:MediaUri></trt:GetStreamUriResponse>`,
  GetSnapshotUri: ({
    origin,
    snapshot,
  }) => `<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>${origin}${snapshot}</tt:Uri>
    <tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout>
    </trt:MediaUri></trt:GetSnapshotUriResponse>`,
};

function service(origin: string, name: string, namespace: string): string {
  return `<tds:Service><tds:Namespace>${namespace}</tds:Namespace><tds:XAddr>${origin}/onvif/${name}_service</tds:XAddr>
    <tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>`;
}

function profile(token: string, name: string, encoding: string, width: number, height: number): string {
  return `<trt:Profiles token="${token}" fixed="true"><tt:Name>${name}</tt:Name>
    <tt:VideoSourceConfiguration token="vsc_0"><tt:Name>vsc</tt:Name><tt:UseCount>1</tt:UseCount><tt:SourceToken>source_0</tt:SourceToken>
    <tt:Bounds x="0" y="0" width="${width}" height="${height}"/></tt:VideoSourceConfiguration>
    <tt:VideoEncoderConfiguration token="vec_${token}"><tt:Name>vec</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>${encoding}</tt:Encoding>
    <tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality></tt:VideoEncoderConfiguration>
    </trt:Profiles>`;
}

/** WS-Security UsernameToken Profile 1.0, PasswordDigest = Base64(SHA-1(nonce + created + password)). */
export function authorised(request: string, now: Date, account: Account, nonces: Set<string>): boolean {
  const field = (name: string): string =>
    new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?>([^<]*)<`).exec(request)?.[1]?.trim() ?? "";
  const [user, digest, nonce, created] = ["Username", "Password", "Nonce", "Created"].map(field);
  const expected = createHash("sha1")
    .update(Buffer.from(nonce, "base64"))
    .update(created)
    .update(account.password)
    .digest("base64");
  const age = Math.abs(now.getTime() - Date.parse(created));
  if (user !== account.user || digest !== expected || !(age <= TOKEN_MS) || nonces.has(nonce)) return false;
  nonces.add(nonce);
  if (nonces.size > 10_000) nonces.clear();
  return true;
}

export function fault(code: string, reason: string): SoapAnswer {
  const body = `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>${code}</s:Value></s:Subcode></s:Code>
    <s:Reason><s:Text xml:lang="en">${reason}</s:Text></s:Reason></s:Fault>`;
  return { status: 400, body: envelope(body) };
}

function envelope(body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
    xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"
    xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:ter="http://www.onvif.org/ver10/error"
    xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"
    xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:tns1="http://www.onvif.org/ver10/topics"><s:Body>${body}</s:Body></s:Envelope>`;
}
