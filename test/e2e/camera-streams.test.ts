import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { CameraConfig } from "../../edge-agent/src/sources/camera-config.ts";
import { CameraSource } from "../../edge-agent/src/sources/camera.ts";
import { FfmpegFeed, type FfmpegInput } from "../../edge-agent/src/sources/ffmpeg-feed.ts";
import { OnvifFeed } from "../../edge-agent/src/sources/onvif-feed.ts";
import { SourceScene } from "../../edge-agent/src/sources/source-scene.ts";
import { encodeClip, type H264Clip } from "../../simulators/src/camera/h264.ts";
import { CameraServer } from "../../simulators/src/camera/http.ts";
import { RtspServer, type RtspServerOptions } from "../../simulators/src/camera/rtsp.ts";
import { SceneCamera } from "../../simulators/src/camera/scene.ts";
import { requireOrSkip } from "../support/require.ts";

const why = requireOrSkip("ffmpeg", { program: "ffmpeg" });
const WAIT = { timeout: 25_000, interval: 20 };
// What an address, a shell and a script would each trip over.
const account = { user: "ad min", password: "p'w@:/1 %" };
const ending: { close(): Promise<unknown> }[] = [];

async function endAll(): Promise<void> {
  for (const one of ending.splice(0).reverse()) await one.close();
}

describe.skipIf(why !== "")(`streams of cameras ${why}`, { timeout: 150_000 }, () => {
  let clip: H264Clip;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gridhub-streams-"));
    const walker = new SceneCamera({ seed: 1, width: 320, height: 180, script: [{ at: 0, scene: "walker" }] });
    clip = await encodeClip(walker, { frames: 20, fps: 10, keyEvery: 5 });
    const nals = clip.units.flatMap((unit) => unit.nals.flatMap((nal) => [Buffer.from([0, 0, 0, 1]), nal]));
    await writeFile(join(folder, "walker.h264"), Buffer.concat(nals));
  });
  afterEach(endAll);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function serve(options: Partial<RtspServerOptions> = {}): Promise<RtspServer> {
    const server = new RtspServer({ clips: { "/main": clip, "/sub": clip }, account, ...options });
    await server.start();
    ending.push(server);
    return server;
  }

  async function watch(input: Partial<FfmpegInput>, env: Record<string, string | undefined> = process.env) {
    const login = { username: account.user, password: account.password };
    const feed = new FfmpegFeed({ url: "", ...login, keyFrames: true, fps: 5, stallMs: 20_000, ...input }, env);
    const config = {
      kind: "rtsp",
      url: "rtsp://unused/",
      device: "cam",
      ...login,
      interval_ms: 100,
      patrol_ms: 1000,
      hold_ms: 0,
      min_gap_ms: 0,
      timeout_ms: 5000,
      decode: "key",
      fps: 5,
      stall_ms: 20_000,
      min_fps: 0,
    } satisfies CameraConfig;
    const told: string[] = [];
    const scene = new SourceScene("cam");
    const log = pino({ level: "info" }, { write: (line: string) => told.push(line) });
    const source = new CameraSource(config, feed);
    ending.push({ close: () => source.stop() });
    await source.start(Object.assign(scene, { log }));
    return { scene, feed, told };
  }

  it("reach the hub's lane as frames, from RTSP with Digest to JPEG, and no credentials are to be seen", async () => {
    const server = await serve();
    const { scene, feed, told } = await watch({ url: `${server.origin}/sub` });
    await vi.waitFor(() => expect(scene.frames).toHaveLength(1), WAIT);
    expect(scene.frames[0].header).toMatchObject({ w: 320, h: 180, why: "patrol" });
    expect((await sharp(scene.frames[0].jpeg).stats()).channels[0].stdev).toBeGreaterThan(10);
    const secret = encodeURIComponent(account.password).slice(0, 6);
    const visible = await readFile(`/proc/${feed.pid}/cmdline`, "utf8").catch(() => "");
    for (const text of [visible, told.join()]) expect(text).not.toMatch(new RegExp(`${secret}|p'w|ad(%20| )min`));
  });

  it("go on when ffmpeg is killed, when the camera cuts the line, and when the stream stalls", async () => {
    const server = await serve();
    const { scene, feed } = await watch({ url: `${server.origin}/sub` });
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok"]), WAIT);
    process.kill(feed.pid!, "SIGKILL");
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok", "stream", "ok"]), WAIT);
    server.cut();
    await vi.waitFor(() => expect(scene.codes).toEqual(["ok", "stream", "ok", "stream", "ok"]), WAIT);
    // one that waits less long: it may stall on a busy machine as well, so only what follows the fault counts
    const { scene: hasty } = await watch({ url: `${server.origin}/sub`, stallMs: 3000 });
    await vi.waitFor(() => expect(hasty.codes.at(-1)).toBe("ok"), WAIT);
    server.fault = "stall";
    await vi.waitFor(() => expect(hasty.codes.at(-1)).toBe("timeout"), WAIT);
    server.fault = "none";
    await vi.waitFor(() => expect(hasty.codes.at(-1)).toBe("ok"), WAIT);
  });

  it("with a wrong password, without a camera, and at a wrong path have a code for each, which tells no password", async () => {
    const server = await serve();
    const cases = [
      ["auth", { url: `${server.origin}/sub`, password: "wrong-pw-9" }],
      ["unreachable", { url: "rtsp://127.0.0.1:9/sub" }],
      ["http", { url: `${server.origin}/nothing` }],
    ] as const;
    for (const [code, input] of cases) {
      const { scene, told } = await watch(input);
      await vi.waitFor(() => expect(scene.codes).toEqual([code]), WAIT);
      expect(told.join()).toContain("no picture");
      expect(told.join()).not.toMatch(/wrong-pw-9|p'w/);
    }
  });

  it("are named by ONVIF, which chooses the sub-stream among profiles with and without pictures", async () => {
    const rtsp = await serve();
    const painted = new SceneCamera({ seed: 1, width: 320, height: 180 });
    const server = new CameraServer({ camera: painted, account, rtsp: rtsp.origin, width: 1280, height: 720 });
    await server.start();
    ending.push(server);
    const login = { username: account.user, password: account.password };
    const how = { stream: true, events: false, keyFrames: false, fps: 5, stallMs: 20_000, timeoutMs: 5000, tls: {} };
    const feed = new OnvifFeed({ origin: server.origin, ...login, ...how });
    const stop = new AbortController();
    ending.push({ close: () => (stop.abort(), feed.close()) });
    const quiet = { now: Date.now, log: new SourceScene().log, motion: () => {}, rebooted: () => {} };
    const { bytes, cameraTime } = await feed.next({ ...quiet, stop: stop.signal });
    expect(await sharp(bytes).metadata()).toMatchObject({ format: "jpeg", width: 320, height: 180 });
    expect(cameraTime).toBeTypeOf("number");
    expect(rtsp.paths).toEqual(["/sub"]);
  });

  it("come from a file too, at its own speed or faster, and end where it ends", async () => {
    const path = join(folder, "walker.h264");
    const { scene } = await watch({ url: path, speed: 50, loop: false, keyFrames: false });
    await vi.waitFor(() => expect(scene.frames.length).toBeGreaterThan(0), WAIT);
    await vi.waitFor(() => expect(scene.codes.slice(0, 2)).toEqual(["ok", "no_file"]), WAIT);
    const missing = await watch({ url: join(folder, "it's not there"), speed: 1 });
    await vi.waitFor(() => expect(missing.scene.codes).toEqual(["no_file"]), WAIT);
  });
});

describe("a machine without ffmpeg", () => {
  it("says so, and where it looked", async () => {
    for (const env of [{ FFMPEG_PATH: "/nowhere/ffmpeg", PATH: process.env.PATH }, { PATH: "/nowhere" }]) {
      const feed = new FfmpegFeed({ url: "rtsp://127.0.0.1/", keyFrames: true, fps: 1, stallMs: 1000 }, env);
      const signals = { now: Date.now, log: new SourceScene().log, motion: () => {}, rebooted: () => {} };
      const asked = feed.next({ ...signals, stop: new AbortController().signal });
      await expect(asked).rejects.toMatchObject({ code: "no_ffmpeg", message: expect.stringMatching(/ffmpeg/) });
      await feed.close();
    }
  });

  it("refuses a program that is none, or too old", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gridhub-ffmpeg-"));
    const fake = join(folder, "ffmpeg");
    try {
      for (const [says, told] of [
        ["echo hello", /does not tell its version/],
        ["echo ffmpeg version 4.4.2-0ubuntu0 Copyright", /4\.4\.2.*at least 5\.0/],
      ] as const) {
        await writeFile(fake, `#!/bin/sh\n${says}\n`, { mode: 0o755 });
        const feed = new FfmpegFeed({ url: "x", keyFrames: true, fps: 1, stallMs: 1000 }, { FFMPEG_PATH: fake });
        const signals = { now: Date.now, log: new SourceScene().log, motion: () => {}, rebooted: () => {} };
        const asked = feed.next({ ...signals, stop: new AbortController().signal });
        await expect(asked).rejects.toMatchObject({ code: "no_ffmpeg", message: expect.stringMatching(told) });
        await feed.close();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
