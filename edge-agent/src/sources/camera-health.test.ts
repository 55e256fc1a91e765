import { createHash } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import sharp from "sharp";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import { CameraSource } from "./camera.ts";
import { fitFrame, gateLuma } from "./frame-ladder.ts";
import { GATE_HEIGHT, GATE_WIDTH, MotionGate } from "./motion-gate.ts";
import { SnapshotClient } from "./snapshot.ts";
import { SourceScene } from "./source-scene.ts";

const WAIT = { timeout: 15_000, interval: 20 };
/** of a camera that answers */
const PATIENCE_MS = 20_000;
const servers: Server[] = [];
const cameras: CameraSource[] = [];
let pictures: Buffer[] = [];

beforeAll(async () => {
  pictures = await Promise.all([1, 2, 3].map((seed) => noise(640, 360, seed)));
});
afterEach(async () => {
  await Promise.all(cameras.splice(0).map((camera) => camera.stop()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A scene with a little sensor noise from a seed. */
function noise(width: number, height: number, seed: number, amplitude = 6): Promise<Buffer> {
  const data = Buffer.alloc(width * height);
  let s = seed;
  for (let i = 0; i < data.length; i++) {
    s = (s * 1_664_525 + 1_013_904_223) >>> 0;
    data[i] = 60 + (i % width) / 8 + ((s >>> 24) % amplitude);
  }
  const raw = { width, height, channels: 1 as const };
  return sharp(data, { raw }).jpeg({ quality: 90 }).toBuffer();
}

async function serve(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}

function camera(port: number, change: object = {}): CameraSource {
  const source = new CameraSource({
    kind: "snapshot",
    url: `http://127.0.0.1:${port}/snap`,
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
  });
  cameras.push(source);
  return source;
}

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

/** A camera that speaks Digest only, MD5 with qop, and whose nonces serve a number of requests. */
function digestOnly(uses: number, seen: { requests: number; challenges: number }): RequestListener {
  let nonce = 0;
  let left = 0;
  return (request, response) => {
    seen.requests++;
    const field = (name: string) => new RegExp(`\\b${name}="?([^",]+)`).exec(request.headers.authorization ?? "")?.[1];
    const ha1 = md5("admin:cam:right");
    const ha2 = md5(`GET:${request.url}`);
    const expected = md5(`${ha1}:n${nonce}:${field("nc")}:${field("cnonce")}:auth:${ha2}`);
    const fresh = Number.parseInt(field("nc") ?? "0", 16) === uses - left + 1;
    if (left > 0 && field("nonce") === `n${nonce}` && field("response") === expected && fresh) {
      left--;
      response.end(pictures[seen.requests % 3]);
      return;
    }
    seen.challenges++;
    nonce++;
    left = uses;
    response
      .writeHead(401, { "www-authenticate": `Digest realm="cam", nonce="n${nonce}", qop="auth", stale=true` })
      .end();
  };
}

describe("snapshots of a camera that speaks Digest only", () => {
  it("cost one request each while the nonce lasts, and go on when it ends", async () => {
    const seen = { requests: 0, challenges: 0 };
    const port = await serve(digestOnly(5, seen));
    const client = new SnapshotClient({ username: "admin", password: "right" }, PATIENCE_MS);
    for (let i = 0; i < 12; i++) await client.fetch(`http://127.0.0.1:${port}/snap?channel=1`);
    expect(seen).toEqual({ requests: 15, challenges: 3 });
  });

  it("with a wrong password are asked for seldom: cameras lock the account", async () => {
    const seen = { requests: 0, challenges: 0 };
    const port = await serve(digestOnly(5, seen));
    const scene = new SourceScene("cam");
    const timers = vi.spyOn(globalThis, "setTimeout");
    try {
      await camera(port, { password: "wrong" }).start(scene);
      await vi.waitFor(() => expect(scene.codes).toEqual(["auth"]), WAIT);
      expect(Math.max(...timers.mock.calls.map(([, ms]) => ms ?? 0))).toBeGreaterThanOrEqual(10_000);
    } finally {
      timers.mockRestore();
    }
    expect(seen.requests).toBe(2);
  });
});

describe("a camera source", () => {
  it("makes no frame while nobody takes one, and sends when somebody does", async () => {
    const port = await serve((_q, response) => response.end(pictures[0]));
    const scene = new SourceScene("cam");
    scene.away = true;
    await camera(port).start(scene);
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok"]), WAIT);
    expect(scene.frames).toEqual([]);
    scene.away = false;
    await vi.waitFor(() => expect(scene.frames).toHaveLength(1), WAIT);
  });

  it("follows a new pace while it runs, and a clock that is set back", async () => {
    let served = 0;
    const port = await serve((_q, response) => response.end(pictures[served++ % 3]));
    const scene = new SourceScene("cam");
    const source = camera(port, { patrol_ms: 3_600_000 });
    await source.start(scene);
    await vi.waitFor(() => expect(scene.frames).toHaveLength(1), WAIT);
    source.pace = { interval_ms: 100, patrol_ms: 1000 };
    scene.time += 1000;
    await vi.waitFor(() => expect(scene.frames).toHaveLength(2), WAIT);
    scene.time -= 86_400_000;
    await vi.waitFor(() => expect(scene.frames).toHaveLength(3), WAIT);
  });

  it("comes back after an outage, and stops while a camera hangs", async () => {
    let mode: "down" | "up" | "hang" = "down";
    let hanging = 0;
    const port = await serve((_q, response) => {
      if (mode === "up") response.end(pictures[1]);
      else if (mode === "down") response.destroy();
      else hanging++;
    });
    const scene = new SourceScene("cam");
    const source = camera(port, { timeout_ms: 60_000 });
    await source.start(scene);
    await vi.waitFor(() => expect(scene.codes).toEqual(["unreachable"]), WAIT);
    mode = "up";
    await vi.waitFor(() => expect(scene.codes).toEqual(["unreachable", "ok"]), WAIT);
    mode = "hang";
    await vi.waitFor(() => expect(hanging).toBe(1), WAIT);
    await source.stop();
    expect(scene.codes).toEqual(["unreachable", "ok"]);
  });
});

describe("frames and the gate", () => {
  it("fit the lane whatever the picture: noise, a panorama, a PNG with transparency", async () => {
    const limit = LANE_LIMIT.frame - 512;
    const panorama = await noise(6000, 600, 4, 200);
    const transparent = await sharp(await noise(1600, 1200, 5, 200))
      .ensureAlpha(0.5)
      .png()
      .toBuffer();
    for (const picture of [await noise(2560, 1440, 6, 250), panorama, transparent]) {
      const frame = await fitFrame(picture, limit);
      expect(frame!.jpeg.length).toBeLessThanOrEqual(limit);
      const { width, height, format } = await sharp(frame!.jpeg).metadata();
      expect([format, width, height]).toEqual(["jpeg", frame!.w, frame!.h]);
      expect(height).toBeLessThanOrEqual(720);
      expect(width).toBeLessThanOrEqual(1920);
    }
  });

  it("leave a small JPEG as it is, and call a bomb too large before decoding it", async () => {
    expect((await fitFrame(pictures[0], LANE_LIMIT.frame))!.jpeg).toBe(pictures[0]);
    const bomb = await sharp({ create: { width: 9000, height: 9000, channels: 3, background: "#000" } })
      .png()
      .toBuffer();
    await expect(gateLuma(bomb)).rejects.toMatchObject({ code: "too_large" });
    await expect(fitFrame(bomb, LANE_LIMIT.frame)).rejects.toMatchObject({ code: "too_large" });
    await expect(gateLuma(pictures[0].subarray(0, 3000))).rejects.toMatchObject({ code: "not_a_picture" });
  });

  it("see a mover through slow light, and none in light that comes and goes", () => {
    const scene = (light: number, mover: boolean) => {
      const luma = new Uint8Array(GATE_WIDTH * GATE_HEIGHT).fill(80 + light);
      // 10 x 9 pixels: half a percent of the picture
      if (mover) for (let y = 40; y < 49; y++) luma.fill(220, y * GATE_WIDTH + 60, y * GATE_WIDTH + 70);
      return luma;
    };
    const gate = new MotionGate();
    for (let i = 0; i < 200; i++) expect(gate.look(scene(Math.sin(i / 20) * 15, false)).motion).toBe(false);
    expect(gate.look(scene(0, true)).motion).toBe(true);
    expect(gate.look(scene(0, false)).motion).toBe(false);
    for (const light of [100, 0, 100]) expect(gate.look(scene(light, false)).motion).toBe(false);
    expect(gate.look(scene(100, true)).motion).toBe(true);
  });
});
