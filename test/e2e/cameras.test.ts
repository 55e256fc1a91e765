import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { CameraConfig } from "../../edge-agent/src/sources/camera-config.ts";
import { CameraSource } from "../../edge-agent/src/sources/camera.ts";
import { createFeed } from "../../edge-agent/src/sources/camera-feed.ts";
import { SourceScene } from "../../edge-agent/src/sources/source-scene.ts";
import { CAMERA_CERTIFICATE } from "../../simulators/src/camera/certificate.ts";
import { CameraServer, type CameraServerOptions } from "../../simulators/src/camera/http.ts";
import { SceneCamera } from "../../simulators/src/camera/scene.ts";

// Edge agent's camera sources against simulated cameras that speak the real protocols.

const WAIT = { timeout: 20_000, interval: 20 };
const account = { user: "admin", password: "sea-breeze" };
const painted = new SceneCamera({ seed: 1, width: 320, height: 180 });
const ending: { close(): Promise<void> }[] = [];
let pictures: Buffer[] = [];

beforeAll(async () => {
  pictures = await Promise.all([0, 1000, 2000].map((t) => painted.frame(t)));
});
afterEach(async () => {
  for (const one of ending.splice(0).reverse()) await one.close();
});

/** Three painted pictures in turn: noise differs, nothing moves. */
function still() {
  let at = 0;
  return { frame: () => Promise.resolve(pictures[at++ % pictures.length]) };
}

async function camera(options: Partial<CameraServerOptions> = {}): Promise<CameraServer> {
  const server = new CameraServer({ camera: still(), account, ...options });
  await server.start();
  ending.push(server);
  return server;
}

async function watch(server: CameraServer, change: object = {}): Promise<{ scene: SourceScene; source: CameraSource }> {
  const { hostname, port } = new URL(server.origin);
  const config = {
    kind: "onvif",
    device: "cam",
    host: hostname,
    port: Number(port),
    username: account.user,
    password: account.password,
    interval_ms: 100,
    patrol_ms: 3_600_000,
    hold_ms: 0,
    min_gap_ms: 0,
    timeout_ms: 20_000,
    ...change,
  } as CameraConfig;
  const scene = new SourceScene("cam");
  scene.time = Date.now();
  const source = new CameraSource(config, createFeed(config));
  ending.push({ close: () => source.stop() });
  await source.start(scene);
  return { scene, source };
}

describe("an ONVIF camera", { timeout: 150_000 }, () => {
  it("is watched by WS-Security, and by HTTP Digest where it speaks Digest only", async () => {
    for (const soapScheme of ["wsse", "digest"] as const) {
      const { scene } = await watch(await camera({ soapScheme, scheme: "digest-sha256" }));
      await vi.waitFor(() => expect(scene.frames).toHaveLength(1), WAIT);
      expect(scene.codes).toEqual(["ok"]);
    }
  });

  it("with the wrong password says so, by either way", async () => {
    for (const soapScheme of ["wsse", "digest"] as const) {
      const { scene } = await watch(await camera({ soapScheme }), { password: "wrong" });
      await vi.waitFor(() => expect(scene.codes).toEqual(["auth"]), WAIT);
    }
  });

  it("by https is taken by its fingerprint or by an explicit flag, and by nothing else", async () => {
    const server = await camera({ tls: CAMERA_CERTIFICATE });
    const https = { https: true };
    const trusted = await watch(server, { ...https, tls_fingerprint: CAMERA_CERTIFICATE.fingerprint });
    await vi.waitFor(() => expect(trusted.scene.codes).toEqual(["ok"]), WAIT);
    const careless = await watch(server, { ...https, tls_insecure: true });
    await vi.waitFor(() => expect(careless.scene.codes).toEqual(["ok"]), WAIT);
    const other = CAMERA_CERTIFICATE.fingerprint.replace(/^../, (byte) => (byte === "00" ? "01" : "00"));
    for (const change of [{}, { tls_fingerprint: other }]) {
      const { scene } = await watch(server, { ...https, ...change });
      await vi.waitFor(() => expect(scene.codes).toEqual(["certificate"]), WAIT);
      expect(scene.frames).toEqual([]);
    }
  });

  it("that reboots is found again at its new address, subscribed anew, and reported", async () => {
    const server = await camera();
    const { scene } = await watch(server, { min_fps: 0 });
    await vi.waitFor(() => expect(server.subscriptions).toBe(1), WAIT);
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok"]), WAIT);
    server.powerOff();
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok", "unreachable"]), WAIT);
    server.powerOn();
    await vi.waitFor(() => expect(scene.codes).toContain("rebooted"), WAIT);
    await vi.waitFor(() => expect(server.subscriptions).toBe(1), WAIT);
    // The camera may tell of its reboot once more after the first sign of it.
    await vi.waitFor(
      () => {
        scene.time += 61_000;
        server.skewMs += 61_000;
        expect(scene.codes.at(-1)).toBe("ok");
      },
      { ...WAIT, interval: 1000 },
    );
  });

  it("opens the gate by its own motion events, and a hold after them", async () => {
    const server = await camera();
    const { scene } = await watch(server, { hold_ms: 1000 });
    await vi.waitFor(() => expect(server.subscriptions).toBe(1), WAIT);
    await vi.waitFor(() => expect(scene.frames).toHaveLength(1), WAIT);
    scene.time += 10_000;
    server.motion(true);
    await vi.waitFor(() => expect(scene.frames.length).toBeGreaterThan(3), WAIT);
    expect(scene.frames[0].header).toMatchObject({ why: "patrol" });
    expect(scene.frames.slice(1).map(({ header }) => header.why)).not.toContain("patrol");
    server.motion(false);
    scene.time += 1001;
    // the event takes its time; then pictures are fetched, and none of them is sent
    let [sent, served] = [scene.frames.length, server.served];
    await vi.waitFor(() => {
      if (scene.frames.length > sent) [sent, served] = [scene.frames.length, server.served];
      expect(server.served).toBeGreaterThan(served + 8);
    }, WAIT);
  });

  it("whose clock is off is reported, and used nevertheless", async () => {
    const server = await camera();
    server.skewMs = -3 * 3_600_000;
    const { scene } = await watch(server);
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok", "clock_skew"]), WAIT);
    expect(scene.frames).toHaveLength(1);
    server.skewMs = 0;
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok", "clock_skew", "ok"]), WAIT);
  });

  it("that is frozen, black, covered, cut off or silent has a code for each", async () => {
    const server = await camera();
    const { scene } = await watch(server, { timeout_ms: 1000 });
    const faults = {
      black: "black",
      covered: "covered",
      freeze: "frozen",
      drop: "unreachable",
      stall: "timeout",
      truncated: "not_a_picture",
      error: "http",
    } as const;
    for (const [fault, code] of Object.entries(faults)) {
      server.fault = fault as keyof typeof faults;
      await vi.waitFor(() => expect(scene.codes.at(-1)).toBe(code), WAIT);
      server.fault = "none";
      await vi.waitFor(() => expect(scene.codes.at(-1)).toBe("ok"), WAIT);
    }
  });
});
