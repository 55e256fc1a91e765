import { createHash } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import sharp from "sharp";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { CameraHttp } from "./camera-http.ts";
import { CameraSource } from "./camera.ts";
import type { Credentials } from "./digest.ts";
import { fitFrame, gateLuma } from "./frame-ladder.ts";
import { GATE_HEIGHT, GATE_WIDTH, MotionGate } from "./motion-gate.ts";
import { OnvifDevice } from "./onvif-device.ts";
import { OnvifSoap } from "./onvif-soap.ts";
import type { Pointing } from "./onvif-ptz.ts";
import type { PictureFeed } from "./picture-feed.ts";
import { SnapshotClient } from "./snapshot.ts";
import { SourceScene } from "./source-scene.ts";

const fetchSnapshot = (url: string, who: Credentials, timeoutMs: number) =>
  new SnapshotClient(who, timeoutMs).fetch(url);
/** of a camera that answers; who is to run out of time has a time of his own */
const PATIENCE_MS = 20_000;
const NONE = { username: "", password: "" };
const servers: Server[] = [];
const cameras: CameraSource[] = [];
let noisy: Buffer[] = [];

beforeAll(async () => {
  noisy = await Promise.all([0, 1, 2].map((seed) => picture(640, 360, seed)));
});
afterEach(async () => {
  await Promise.all(cameras.splice(0).map((camera) => camera.stop()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A grey scene with sensor noise, and a bright block where `block` says. */
async function picture(
  width: number,
  height: number,
  seed: number,
  block?: { x: number; y: number; size: number },
): Promise<Buffer> {
  const data = Buffer.alloc(width * height * 3);
  let s = seed + 1;
  for (let i = 0; i < width * height; i++) {
    s = (s * 1_664_525 + 1_013_904_223) >>> 0;
    const x = i % width;
    const y = Math.floor(i / width);
    const inside =
      block !== undefined && x >= block.x && x < block.x + block.size && y >= block.y && y < block.y + block.size;
    data.fill((inside ? 230 : 60 + (x * 80) / width) + (s % 6), i * 3, i * 3 + 3);
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

function source(url: string, change: object = {}, feed?: PictureFeed): CameraSource {
  const config = {
    kind: "snapshot",
    url,
    device: "cam",
    username: "admin",
    password: "right",
    interval_ms: 100,
    max_skew_ms: 0,
    patrol_ms: 1000,
    hold_ms: 500,
    min_gap_ms: 0,
    timeout_ms: PATIENCE_MS,
    ...change,
  } as const;
  const camera = new CameraSource(config, feed);
  cameras.push(camera);
  return camera;
}

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

describe("camera source", () => {
  it("fetches from a camera that speaks Digest only, and reports a wrong password", async () => {
    const url = await serve((request, response) => {
      const answer = /response="(\w+)"/.exec(request.headers.authorization ?? "")?.[1];
      const parts = /nc=(\w+)/.exec(request.headers.authorization ?? "")?.[1];
      const cnonce = /cnonce="([^"]+)"/.exec(request.headers.authorization ?? "")?.[1];
      const wanted = md5(`${md5("admin:cam:right")}:n1:${parts}:${cnonce}:auth:${md5("GET:/snap?ch=1")}`);
      if (answer === wanted) response.writeHead(200, { "content-type": "image/jpeg" }).end(noisy[0]);
      else response.writeHead(401, { "www-authenticate": 'Digest realm="cam", nonce="n1", qop="auth"' }).end();
    });
    expect(
      (await fetchSnapshot(`${url}/snap?ch=1`, { username: "admin", password: "right" }, PATIENCE_MS)).bytes.length,
    ).toBe(noisy[0].length);
    await expect(
      fetchSnapshot(`${url}/snap?ch=1`, { username: "admin", password: "wrong" }, PATIENCE_MS),
    ).rejects.toMatchObject({ code: "auth" });
    await expect(fetchSnapshot(`${url}/snap?ch=1`, NONE, PATIENCE_MS)).rejects.toMatchObject({ code: "auth" });
  });

  it("names what went wrong: unreachable, time-out, status, no picture", async () => {
    const silent = await serve(() => {});
    const text = await serve((_q, response) => response.end("hello"));
    const broken = await serve((_q, response) => response.writeHead(500).end());
    await expect(fetchSnapshot("http://127.0.0.1:9/x", NONE, PATIENCE_MS)).rejects.toMatchObject({
      code: "unreachable",
    });
    await expect(fetchSnapshot(silent, NONE, 200)).rejects.toMatchObject({ code: "timeout" });
    await expect(fetchSnapshot(text, NONE, PATIENCE_MS)).rejects.toMatchObject({ code: "not_a_picture" });
    await expect(fetchSnapshot(broken, NONE, PATIENCE_MS)).rejects.toMatchObject({ code: "http" });
  });

  it("sends patrol frames of a quiet scene, frames with motion, and sees a frozen camera", async () => {
    let moving = false;
    let frozen = false;
    let served = 0;
    const moved = await Promise.all([40, 300].map((x) => picture(640, 360, 7, { x, y: 100, size: 90 })));
    const url = await serve((_q, response) => {
      served++;
      response.end(frozen ? noisy[0] : moving ? moved[served % 2] : noisy[served % 3]);
    });
    const scene = new SourceScene("cam");
    const camera = source(url);
    await camera.start(scene);
    await vi.waitFor(() => expect(scene.frames.map((f) => f.header.why)).toEqual(["patrol"]));
    scene.time += 1500;
    await vi.waitFor(() => expect(scene.frames.map((f) => f.header.why)).toEqual(["patrol", "patrol"]));
    moving = true;
    await vi.waitFor(() => expect(scene.frames.at(-1)?.header).toMatchObject({ why: "motion", w: 640, h: 360 }));
    moving = false;
    expect(scene.codes).toEqual(["ok"]);
    frozen = true;
    await vi.waitFor(() => expect(scene.codes.at(-1)).toBe("frozen"));
  });

  it("takes no turn of its own for motion, and sends what it sees at a preset at once", async () => {
    const [street, quay, boat] = await Promise.all([
      picture(640, 360, 1, { x: 40, y: 100, size: 90 }),
      picture(640, 360, 2, { x: 300, y: 200, size: 90 }),
      picture(640, 360, 3, { x: 500, y: 50, size: 90 }),
    ]);
    let seen: { bytes: Buffer; pointing: Pointing } = { bytes: street, pointing: { preset: "street", moving: false } };
    let looks = 0;
    const looked = async () => {
      const before = looks;
      await vi.waitFor(() => expect(looks).toBeGreaterThan(before + 2));
    };
    const scene = new SourceScene("cam");
    const feed = {
      next: () => (looks++, Promise.resolve({ ...seen, cameraTime: null })),
      close: () => Promise.resolve(),
    };
    await source("", {}, feed).start(scene);
    await looked();
    for (const bytes of [quay, street, quay]) {
      seen = { bytes, pointing: { preset: "", moving: true } };
      await looked();
    }
    seen = { bytes: quay, pointing: { preset: "quay", moving: false } };
    await looked();
    seen = { bytes: street, pointing: { preset: "street", moving: false } };
    await looked();
    const sent = () => scene.frames.map(({ header }) => [header.why, header.preset]);
    const arrivals = ["street", "quay", "street"].map((preset) => ["patrol", preset]);
    expect(sent()).toEqual(arrivals);
    seen = { ...seen, bytes: boat };
    await vi.waitFor(() => expect(sent().slice(0, 4)).toEqual([...arrivals, ["motion", "street"]]));
  });

  it("calls black and covered pictures by their name, and recovers", async () => {
    const flat = (luma: number) =>
      sharp({ create: { width: 320, height: 180, channels: 3, background: { r: luma, g: luma, b: luma } } })
        .jpeg()
        .toBuffer();
    let body: Buffer = await flat(0);
    const scene = new SourceScene("cam");
    const camera = source(await serve((_q, response) => response.end(body)));
    await camera.start(scene);
    await vi.waitFor(() => expect(scene.codes.at(-1)).toBe("black"));
    body = await flat(128);
    await vi.waitFor(() => expect(scene.codes.at(-1)).toBe("covered"));
    body = noisy[1];
    await vi.waitFor(() => expect(scene.codes.at(-1)).toBe("ok"));
  });
});

describe("onvif", () => {
  const soap = (body: string) =>
    `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>${body}</s:Body></s:Envelope>`;

  const device = (origin: string, timeoutMs: number) => {
    const who = { username: "a", password: "wrong" };
    return new OnvifDevice(new OnvifSoap(new CameraHttp(who), who, timeoutMs, Date.now), origin);
  };

  it("reports a device that never answers, instead of waiting for ever", async () => {
    const silent = device(await serve(() => {}), 300);
    await expect(silent.profiles()).rejects.toMatchObject({ code: "timeout" });
  });

  it("reports an account that sees no profiles", async () => {
    const media = "http://www.onvif.org/ver10/media/wsdl";
    const services = `<Service><Namespace>${media}</Namespace><XAddr>http://192.0.2.1/media</XAddr></Service>`;
    const url = await serve((_q, response) =>
      response.end(soap(`<GetServicesResponse>${services}</GetServicesResponse>`)),
    );
    await expect(device(url, PATIENCE_MS).profiles()).rejects.toMatchObject({ code: "auth" });
  });

  it("reports what is no SOAP, a fault, and a device without pictures", async () => {
    const fault = soap("<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code></s:Fault>");
    for (const body of ["<html>", fault, soap("<GetServicesResponse/>")]) {
      const url = await serve((_q, response) => response.end(body));
      await expect(device(url, PATIENCE_MS).profiles()).rejects.toMatchObject({ code: "onvif" });
    }
  });
});

describe("motion gate", () => {
  const luma = async (jpeg: Buffer) => gateLuma(jpeg);

  it("finds a mover of half a percent of the picture, and no motion in noise", async () => {
    const gate = new MotionGate();
    for (let i = 0; i < 6; i++) expect(gate.look(await luma(noisy[i % 3])).motion).toBe(false);
    const mover = await picture(640, 360, 5, { x: 300, y: 150, size: 36 });
    const verdict = gate.look(await luma(mover));
    expect(verdict.motion).toBe(true);
    expect(verdict.largest).toBeGreaterThan(0.003);
    expect(verdict.largest).toBeLessThan(0.03);
  });

  it("takes light that goes on for light, not for motion", () => {
    const gate = new MotionGate();
    const dark = new Uint8Array(GATE_WIDTH * GATE_HEIGHT).fill(40);
    const bright = new Uint8Array(GATE_WIDTH * GATE_HEIGHT).fill(160);
    gate.look(dark);
    expect(gate.look(bright).motion).toBe(false);
    expect(gate.look(bright).motion).toBe(false);
  });

  it("does not look where the mask says", async () => {
    const gate = new MotionGate({
      threshold: 22,
      minArea: 0.002,
      globalChange: 0.6,
      adapt: 0.05,
      mask: [
        [
          [0.4, 0.3],
          [0.7, 0.3],
          [0.7, 0.7],
          [0.4, 0.7],
        ],
      ],
    });
    gate.look(await luma(noisy[0]));
    expect(gate.look(await luma(await picture(640, 360, 1, { x: 300, y: 150, size: 36 }))).motion).toBe(false);
  });
});

describe("frame ladder", () => {
  it("fits a large noisy picture into the lane's limit", async () => {
    const large = await sharp({
      create: {
        width: 2560,
        height: 1440,
        channels: 3,
        background: "#888",
        noise: { type: "gaussian", mean: 128, sigma: 60 },
      },
    })
      .jpeg({ quality: 95 })
      .toBuffer();
    const fitted = await fitFrame(large, 122_000);
    expect(fitted?.jpeg.length).toBeLessThanOrEqual(122_000);
    expect(fitted?.h).toBeLessThanOrEqual(720);
  });

  it("refuses a picture of 100 megapixels and one that is cut short", async () => {
    const bomb = await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: "#000" } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    await expect(gateLuma(bomb)).rejects.toThrow(/pixel/i);
    await expect(gateLuma(noisy[0].subarray(0, 2000))).rejects.toThrow();
  });
});
