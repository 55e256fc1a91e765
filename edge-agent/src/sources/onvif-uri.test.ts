import { createHash } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CameraSource } from "./camera.ts";
import { onvifSnapshotUri } from "./onvif-uri.ts";
import { SourceScene } from "./source-scene.ts";

const WAIT = { timeout: 15_000, interval: 20 };
const servers: Server[] = [];
const cameras: CameraSource[] = [];
let picture: Buffer;
/** where the device has its snapshot now */
let path: string;

beforeEach(async () => {
  path = "/snap.jpg";
  const noise = { type: "gaussian" as const, mean: 120, sigma: 30 };
  picture = await sharp({ create: { width: 320, height: 180, channels: 3, background: "#888", noise } })
    .jpeg()
    .toBuffer();
});
afterEach(async () => {
  await Promise.all(cameras.splice(0).map((camera) => camera.stop()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}

describe("onvif", () => {
  const soap = (body: string) =>
    `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><s:Body>${body}</s:Body></s:Envelope>`;
  const fault = soap(
    '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:ter="http://www.onvif.org/ver10/error">ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">nope</s:Text></s:Reason></s:Fault>',
  );

  const clock = () => {
    const now = new Date();
    const time = `<tt:Time><tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute><tt:Second>${now.getUTCSeconds()}</tt:Second></tt:Time>`;
    return `${time}<tt:Date><tt:Year>${now.getUTCFullYear()}</tt:Year><tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day></tt:Date>`;
  };

  /** The few calls that finding a snapshot takes (Device and Media service), with WS-Security PasswordDigest. */
  function device(port: () => number): RequestListener {
    return (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        const answer = (text: string, status = 200) =>
          response.writeHead(status, { "content-type": "application/soap+xml" }).end(text);
        const service = `http://192.0.2.1:${port()}/onvif/media`;
        if (request.url === path) return response.end(picture);
        if (request.method === "GET") return response.writeHead(404).end();
        if (body.includes("GetSystemDateAndTime"))
          return answer(
            soap(
              `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime>${clock()}</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
            ),
          );
        const part = (name: string) => new RegExp(`<${name}[^>]*>([^<]+)`).exec(body)?.[1] ?? "";
        const digest = createHash("sha1")
          .update(Buffer.concat([Buffer.from(part("Nonce"), "base64"), Buffer.from(`${part("Created")}right`)]))
          .digest("base64");
        if (part("Username") !== "admin" || part("Password") !== digest) return answer(fault, 400);
        if (body.includes("GetServices"))
          return answer(
            soap(
              `<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/media/wsdl</tds:Namespace><tds:XAddr>${service}</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>5</tt:Minor></tds:Version></tds:Service></tds:GetServicesResponse>`,
            ),
          );
        if (body.includes("GetCapabilities"))
          return answer(
            soap(
              `<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>${service}</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>`,
            ),
          );
        if (body.includes("GetProfiles"))
          return answer(
            soap(
              '<trt:GetProfilesResponse><trt:Profiles token="p0" fixed="true"><tt:Name>main</tt:Name><tt:VideoSourceConfiguration token="v0"><tt:Name>v</tt:Name><tt:UseCount>1</tt:UseCount><tt:SourceToken>s0</tt:SourceToken></tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="e0"><tt:Name>e</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>640</tt:Width><tt:Height>360</tt:Height></tt:Resolution></tt:VideoEncoderConfiguration></trt:Profiles></trt:GetProfilesResponse>',
            ),
          );
        if (body.includes("GetVideoSources"))
          return answer(
            soap(
              '<trt:GetVideoSourcesResponse><trt:VideoSources token="s0"><tt:Framerate>25</tt:Framerate></trt:VideoSources></trt:GetVideoSourcesResponse>',
            ),
          );
        if (body.includes("GetSnapshotUri"))
          return answer(
            soap(
              `<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>http://192.0.2.1:${port()}${path}</tt:Uri></trt:MediaUri></trt:GetSnapshotUriResponse>`,
            ),
          );
        return answer(fault, 400);
      });
    };
  }

  async function start(): Promise<number> {
    let own = 0;
    own = await serve(device(() => own));
    return own;
  }

  it("finds the snapshot's address, at the host that was configured", async () => {
    const port = await start();
    const account = { host: "127.0.0.1", port, username: "admin", password: "right", timeoutMs: 3000 };
    expect(await onvifSnapshotUri(account)).toBe(`http://127.0.0.1:${port}${path}`);
    await expect(onvifSnapshotUri({ ...account, password: "wrong" })).rejects.toMatchObject({ code: "auth" });
    await expect(onvifSnapshotUri({ ...account, port: 9 })).rejects.toMatchObject({ code: "unreachable" });
  });

  it("serves a camera source, which asks for the address again when it was lost", async () => {
    const port = await start();
    const scene = new SourceScene("cam");
    const source = new CameraSource({
      kind: "onvif",
      device: "cam",
      host: "127.0.0.1",
      port,
      username: "admin",
      password: "right",
      interval_ms: 100,
      patrol_ms: 1000,
      hold_ms: 0,
      min_gap_ms: 0,
      timeout_ms: 3000,
    });
    cameras.push(source);
    await source.start(scene);
    await vi.waitFor(() => expect(scene.frames).toHaveLength(1), WAIT);
    path = "/after-a-restart.jpg";
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok", "http", "ok"]), WAIT);
  });
});
