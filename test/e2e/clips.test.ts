import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SceneCamera } from "../../simulators/src/camera/scene.ts";
import { type EdgeProcess, startEdgeProcess } from "../support/edge-process.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";

// An event of a camera, the clip of it at the edge, and the way to the hub: asked for, interrupted by kill -9 on either side, delivered.

const WAIT = { timeout: 60_000, interval: 200 };

interface Clip {
  readonly id: string;
  readonly camera: string;
  readonly from: number;
  readonly to: number;
  readonly state: string;
  readonly reason: string;
  readonly by: string;
  readonly frames: number;
}

describe("clips on request", () => {
  let dir: string;
  let hub: HubProcess;
  let edge: EdgeProcess;
  let event = "";
  const settings = { log_level: "error", vision_workers: 1, duration_scale: 0.02 };
  const clips = async () => (await hub.api<{ items: Clip[] }>(`/api/events/${event}/clips`)).items;
  /** of what was raised; updates have their own */
  const first = async () => (await clips())[0];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-clips-"));
    mkdirSync(join(dir, "pictures"));
    const camera = new SceneCamera({ seed: 4, script: [{ at: 0, scene: "stall" }] });
    for (let i = 0; i < 4; i++) writeFileSync(join(dir, `pictures/${i}.jpg`), await camera.frame(1000 + i * 200));
    hub = await startHubProcess({ dataDir: dir, settings });
    const evidence = { port: 0, token: "only-for-this-test", url: "http://192.0.2.1:8090/" };
    edge = await startEdgeProcess(hub, dir, { site: "caiyuan", name: "edge-1" }, {
      evidence,
      // only the general model, and a stall is there from the start
      devices: [{ id: "cam", profile: "generic/camera-snapshot", attributes: { watch: "-fire -smoke -overflow" } }],
      sources: [{ kind: "folder", device: "cam", path: join(dir, "pictures"), interval_ms: 200, patrol_ms: 1000 }],
    }); // prettier-ignore
    await vi.waitFor(async () => {
      const { items } = await hub.api<{ items: { id: string }[] }>("/api/events?kind=vision.stall");
      expect(items).toHaveLength(1);
      event = items[0].id;
    }, WAIT);
  }, 120_000);
  afterAll(async () => {
    await edge?.stop();
    await hub?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("are named by the event, and wait for an edge that is offline", async () => {
    await vi.waitFor(
      async () => expect(await first()).toMatchObject({ camera: "caiyuan/cam", state: "at_edge" }),
      WAIT,
    );
    const { from, to } = await first();
    expect(to - from).toBe(30_000);
    await edge.kill();
    await vi.waitFor(async () => {
      const { items } = await hub.api<{ items: { health: string }[] }>("/api/edges");
      expect(items[0].health).not.toBe("online");
    }, WAIT);
    const body = { camera: "caiyuan/cam", from, to };
    await hub.api(`/api/events/${event}/clips`, { method: "POST", body });
    expect(await first()).toMatchObject({ state: "wanted", by: "admin" });
    // what is wanted survives the hub too
    await hub.kill();
    hub = await startHubProcess({ dataDir: dir, settings, mqttPort: hub.mqttPort });
    expect(await first()).toMatchObject({ state: "wanted", by: "admin" });
  }, 120_000);

  it("come when the edge is back, picture by picture", async () => {
    edge.restart();
    await vi.waitFor(async () => expect(await first()).toMatchObject({ state: "here" }), WAIT);
    const clip = await first();
    const { times } = await hub.api<{ times: number[] }>(`/api/clips/${clip.id}`);
    expect(times).toHaveLength(clip.frames);
    expect(times.length).toBeGreaterThan(5);
    expect(times[0]).toBeGreaterThanOrEqual(clip.from);
    expect(times[times.length - 1]).toBeLessThanOrEqual(clip.to);
    const picture = await hub.bytes(`/api/clips/${clip.id}/frames/${times.length - 1}`);
    expect(await sharp(picture).metadata()).toMatchObject({ format: "jpeg", width: 1280, height: 720 });
  }, 90_000);

  it("are refused with the edge's reason where it has none", async () => {
    const { from } = await first();
    const body = { camera: "caiyuan/cam", from: from - 500_000, to: from - 490_000 };
    await hub.api(`/api/events/${event}/clips`, { method: "POST", body });
    await vi.waitFor(async () => {
      const asked = (await clips()).find((c) => c.from === body.from);
      expect(asked).toMatchObject({ state: "failed", reason: "none" });
    }, WAIT);
  }, 90_000);
});
