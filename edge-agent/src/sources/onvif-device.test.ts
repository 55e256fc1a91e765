import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { CameraHttp } from "./camera-http.ts";
import { chooseProfile, OnvifDevice, type OnvifProfile } from "./onvif-device.ts";
import { OnvifSoap } from "./onvif-soap.ts";

const servers: Server[] = [];
const clients: CameraHttp[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const MEDIA2 = "http://www.onvif.org/ver20/media/wsdl";
const FAULT =
  "<Fault><Code><Value>Sender</Value><Subcode><Value>ter:ActionNotSupported</Value></Subcode></Code></Fault>";

/** A device that answers each operation as the table says, `PORT` being its own, and a fault for the rest. */
async function device(answers: Readonly<Record<string, string>>) {
  const heard: { path: string; operation: string; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const operation = /<Body[^>]*>\s*<(\w+)|<s:Body>\s*<(\w+)/.exec(body)?.slice(1).find(Boolean) ?? "";
      heard.push({ path: request.url ?? "", operation, body });
      const answer = Object.hasOwn(answers, operation) ? answers[operation] : FAULT;
      response.end(`<e:Envelope xmlns:e="x"><e:Body>${answer.replaceAll("PORT", String(port))}</e:Body></e:Envelope>`);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const who = { username: "u", password: "p" };
  const http = new CameraHttp(who);
  clients.push(http);
  const origin = `http://127.0.0.1:${port}`;
  return { device: new OnvifDevice(new OnvifSoap(http, who, 20_000, Date.now), origin), heard, port };
}

const service = (namespace: string, address: string) =>
  `<Service><Namespace>${namespace}</Namespace><XAddr>${address}</XAddr></Service>`;

describe("an ONVIF device", () => {
  it("of Media 2 alone, behind address translation, is asked the way it understands", async () => {
    const address = "http://10.9.8.7/onvif/media2";
    const encoder = `<VideoEncoder><Encoding>H265</Encoding><Resolution><Width>640</Width><Height>360</Height></Resolution></VideoEncoder>`;
    const { device: camera, heard } = await device({
      GetServices: `<R>${service(MEDIA2, address)}</R>`,
      GetProfiles: `<R><Profiles token="a&amp;b"><Name>sub</Name><Configurations>${encoder}</Configurations></Profiles><Profiles token="sound"/></R>`,
      GetStreamUri: "<R><Uri>rtsp://admin:secret@10.9.8.7:8554/sub?x=1</Uri></R>",
      GetSnapshotUri: "<R><Uri>http://10.9.8.7:81/snap</Uri></R>",
    });
    const profiles = await camera.profiles();
    expect(profiles).toEqual([{ token: "a&b", name: "sub", encoding: "H265", width: 640, height: 360 }]);
    // The port of a stream is the camera's affair, its host and any account in it are not.
    expect(await camera.streamUri("a&b")).toBe("rtsp://127.0.0.1:8554/sub?x=1");
    expect(await camera.snapshotUri("a&b")).toBe("http://127.0.0.1:81/snap");
    expect(await camera.eventsUrl()).toBeNull();
    expect(heard.slice(1).map(({ path }) => path)).toEqual(Array.from({ length: 3 }, () => "/onvif/media2"));
    expect(heard.at(-1)!.body).toContain("<ProfileToken>a&#38;b</ProfileToken>");
  });

  it("older than GetServices is asked for its capabilities, and one without media is named", async () => {
    const old = await device({
      GetCapabilities: `<R><Media><XAddr>http://127.0.0.1:PORT/m</XAddr></Media><Events><XAddr>http://10.0.0.1/e</XAddr></Events></R>`,
      GetProfiles: `<R><Profiles token="p"><VideoEncoderConfiguration><Encoding>JPEG</Encoding></VideoEncoderConfiguration></Profiles></R>`,
      GetSnapshotUri: "<R><MediaUri><Uri>not an address</Uri></MediaUri></R>",
    });
    expect(await old.device.profiles()).toEqual([{ token: "p", name: "", encoding: "JPEG", width: 0, height: 0 }]);
    expect(await old.device.eventsUrl()).toBe(`http://127.0.0.1:${old.port}/e`);
    await expect(old.device.snapshotUri("p")).rejects.toMatchObject({ code: "onvif" });
    const bare = await device({ GetServices: `<R>${service("urn:else", "http://127.0.0.1/x")}</R>` });
    await expect(bare.device.profiles()).rejects.toMatchObject({
      code: "onvif",
      message: expect.stringMatching(/no media service/),
    });
  });

  it("tells its clock, or that it has none", async () => {
    const at = `<UTCDateTime><Time><Hour>23</Hour><Minute>59</Minute><Second>8</Second></Time><Date><Year>2026</Year><Month>2</Month><Day>28</Day></Date></UTCDateTime>`;
    const { device: camera } = await device({ GetSystemDateAndTime: `<R>${at}</R>` });
    expect(await camera.clock()).toBe(Date.UTC(2026, 1, 28, 23, 59, 8));
    const { device: other } = await device({ GetSystemDateAndTime: "<R/>" });
    expect(await other.clock()).toBeNull();
  });
});

describe("the profile", () => {
  it("is the smallest that is large enough, else the largest, else whichever there is", () => {
    const of = (...heights: number[]): OnvifProfile[] =>
      heights.map((height) => ({ token: String(height), name: "", encoding: "H264", width: height * 2, height }));
    expect(chooseProfile(of(1080, 360, 480, 0), 360)?.token).toBe("360");
    expect(chooseProfile(of(1080, 360, 480), 361)?.token).toBe("480");
    expect(chooseProfile(of(240, 288), 360)?.token).toBe("288");
    expect(chooseProfile(of(0), 360)?.token).toBe("0");
    expect(chooseProfile([], 360)).toBeUndefined();
  });
});
