import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SceneCamera } from "../../simulators/src/camera/scene.ts";
import { browserMissing, openBrowser, type TestBrowser, type TestPage } from "../support/browser.ts";
import { type EdgeProcess, startEdgeProcess } from "../support/edge-process.ts";
import { type HubProcess, PASSWORD, startHubProcess } from "../support/hub-process.ts";

// An event of a camera, the clip of it at the edge, and the way to the hub: asked for in the console, interrupted by kill -9 on
// either side, delivered, played.

const missing = browserMissing();

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
  let browser: TestBrowser | undefined;
  let duty: TestPage;
  let event = "";
  const settings = { log_level: "error", vision_workers: 1, duration_scale: 0.02 };
  const clips = async () => (await hub.api<{ items: Clip[] }>(`/api/events/${event}/clips`)).items;
  /** of what was raised; updates have their own */
  const first = async () => (await clips())[0];

  const clip = () => duty.page.getByTestId("clip");
  const panel = () => duty.page.goto(`${hub.httpAddress}/#/events/${event}`);

  beforeAll(async () => {
    if (missing === "") {
      const build = join(import.meta.dirname, "../../hub/console/build.ts");
      const built = spawnSync(process.execPath, [build], { encoding: "utf8" });
      expect(built.status, built.stderr).toBe(0);
      browser = await openBrowser();
      duty = await browser.newPage();
    }
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
    await browser?.close();
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
    if (browser !== undefined) {
      await panel();
      await duty.page.getByTestId("login-username").fill("admin");
      await duty.page.getByTestId("login-password").fill(PASSWORD);
      await duty.page.getByTestId("login-submit").click();
      await clip().getByTestId("clip-fetch").waitFor();
    }
    await edge.kill();
    await vi.waitFor(async () => {
      const { items } = await hub.api<{ items: { health: string }[] }>("/api/edges");
      expect(items[0].health).not.toBe("online");
    }, WAIT);
    if (browser === undefined) {
      const body = { camera: "caiyuan/cam", from, to };
      await hub.api(`/api/events/${event}/clips`, { method: "POST", body });
    } else {
      await clip().getByTestId("clip-fetch").click();
      await clip().getByText("网关离线,上线后自动取回").waitFor();
    }
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

  it.skipIf(missing !== "")(
    `are played in the event's panel, by step and by themselves ${missing}`,
    async () => {
      // another port, the same browser: it is still logged in
      await panel();
      const { frames } = await first();
      await clip().getByText(`${frames} 幅`).waitFor();
      await clip().getByTestId("clip-watch").click();
      const player = duty.page.getByTestId("clip-player");
      const shown = (n: number) => player.getByText(`${n} / ${frames}`, { exact: true }).waitFor();
      await shown(1);
      // the camera's own picture, decoded
      await expect
        .poll(() => player.locator("img").evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth))
        .toBe(1280);
      await player.getByTestId("clip-next").click();
      await shown(2);
      await player.getByRole("combobox").selectOption("4");
      await player.getByTestId("clip-play").click();
      await shown(frames);
      expect(duty.problems.filter((problem) => !problem.includes("ERR_CONNECTION"))).toEqual([]);
    },
    90_000,
  );

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
