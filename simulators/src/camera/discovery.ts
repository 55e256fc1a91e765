import { createSocket, type Socket } from "node:dgram";

export interface ResponderOptions {
  /** name, hardware and location as the camera's scopes tell them */
  readonly name: string;
  readonly hardware: string;
  readonly location: string;
  readonly endpoint: string;
  /** addresses of the device service */
  readonly services: string;
  readonly host?: string;
  readonly port?: number;
  /** multicast group to join, and the own address of the interface to join on */
  readonly group?: { readonly address: string; readonly interface?: string };
}

/** Answers WS-Discovery probes for network video transmitters, as a camera does (WS-Discovery 1.0, ONVIF Core section 7). */
export class DiscoveryResponder {
  private readonly options: ResponderOptions;
  private socket: Socket | null = null;
  /** probes heard */
  heard = 0;

  constructor(options: ResponderOptions) {
    this.options = options;
  }

  /** @returns the UDP port. @throws Error when port or group cannot be used */
  async start(): Promise<number> {
    const { host = "127.0.0.1", port = 0, group } = this.options;
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    this.socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, group === undefined ? host : "0.0.0.0", resolve);
    });
    if (group !== undefined) socket.addMembership(group.address, group.interface);
    socket.on("message", (message, from) => {
      const text = message.toString("utf8");
      if (!/<(?:\w+:)?Types>[^<]*NetworkVideoTransmitter/.test(text)) return;
      this.heard++;
      const id = /<(?:\w+:)?MessageID>([^<]*)</.exec(text)?.[1] ?? "";
      socket.send(this.match(id), from.port, from.address);
    });
    return socket.address().port;
  }

  async close(): Promise<void> {
    const socket = this.socket;
    this.socket = null;
    if (socket !== null) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  private match(relatesTo: string): string {
    const { name, hardware, location, endpoint, services } = this.options;
    const scope = (kind: string, value: string) => `onvif://www.onvif.org/${kind}/${encodeURIComponent(value)}`;
    return `<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"
      xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:wsdd="http://schemas.xmlsoap.org/ws/2005/04/discovery"
      xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><SOAP-ENV:Header><wsa:RelatesTo>${relatesTo}</wsa:RelatesTo>
      <wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action></SOAP-ENV:Header>
      <SOAP-ENV:Body><wsdd:ProbeMatches><wsdd:ProbeMatch><wsa:EndpointReference><wsa:Address>${endpoint}</wsa:Address>
      </wsa:EndpointReference><wsdd:Types>dn:NetworkVideoTransmitter</wsdd:Types>
      <wsdd:Scopes>onvif://www.onvif.org/type/video_encoder ${scope("name", name)} ${scope("hardware", hardware)} ${scope("location", location)}</wsdd:Scopes>
      <wsdd:XAddrs>${services}</wsdd:XAddrs><wsdd:MetadataVersion>1</wsdd:MetadataVersion></wsdd:ProbeMatch></wsdd:ProbeMatches>
      </SOAP-ENV:Body></SOAP-ENV:Envelope>`;
  }
}
