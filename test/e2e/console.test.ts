import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { topics } from "@gridhub/device-profiles/topic.ts";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { browserMissing, openBrowser, type TestBrowser } from "../support/browser.ts";
import { type HubProcess, PASSWORD, startHubProcess } from "../support/hub-process.ts";

const missing = browserMissing();

/** A square grid with one child, so that the map has something to show. */
const GRIDS = {
  type: "FeatureCollection",
  features: [
    cell("c", "嵊泗县", "county", null, 122.4, 30.6, 0.2),
    cell("t", "菜园镇", "town", "c", 122.42, 30.62, 0.1),
    cell("g", "菜园 01 网格", "grid", "t", 122.43, 30.63, 0.05),
  ],
};

function cell(id: string, name: string, level: string, parent: string | null, lon: number, lat: number, size: number) {
  const ring = [
    [lon, lat],
    [lon + size, lat],
    [lon + size, lat + size],
    [lon, lat + size],
    [lon, lat],
  ];
  return {
    type: "Feature",
    properties: { id, name, level, category: "integrated", parent },
    geometry: { type: "Polygon", coordinates: [ring] },
  };
}

describe.skipIf(missing !== "")(`the console on a real hub ${missing}`, () => {
  let dir: string;
  let hub: HubProcess;
  let device: MqttClient;
  let browser: TestBrowser;
  let seq = 0;

  const level = (metres: number, secondsAgo = 0) => {
    const record = { ts: Date.now() - secondsAgo * 1000, m: { water_level: metres } };
    return device.publishAsync(
      topics.telemetry("330922100", "gate", "gauge"),
      JSON.stringify({ v: 1, b: 1, q: ++seq, r: [record] }),
      { qos: 1 },
    );
  };

  beforeAll(async () => {
    const built = spawnSync(process.execPath, [join(import.meta.dirname, "../../hub/console/build.ts")], {
      encoding: "utf8",
    });
    expect(built.status, built.stderr).toBe(0);
    dir = mkdtempSync(join(tmpdir(), "gridhub-console-"));
    const grids = join(dir, "grids.geojson");
    writeFileSync(grids, JSON.stringify(GRIDS));
    hub = await startHubProcess({
      dataDir: dir,
      settings: { grids: [grids], vision_workers: 0, duration_scale: 0.01, log_level: "error" },
    });
    const { username, token } = await hub.createEdge("330922100", "gate");
    device = await connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, { username, password: token });
    const gauge = {
      id: "gauge",
      profile: "generic/flood-gauge-json",
      title: "中心渔港水位计",
      lon: 122.45,
      lat: 30.65,
      attributes: { warning_level: 3 },
    };
    await device.publishAsync(topics.meta("330922100", "gate"), JSON.stringify({ agent: "test", devices: [gauge] }), {
      qos: 1,
    });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await device?.endAsync(true);
    await hub?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("shows an event the moment it happens, lets the duty room handle it, and shows it cleared", async () => {
    const { page, problems } = await browser.newPage();
    await page.goto(hub.httpAddress);
    await page.getByTestId("login-username").fill("admin");
    await page.getByTestId("login-password").fill(PASSWORD);
    await page.getByTestId("login-submit").click();
    await vi.waitFor(
      async () => expect(await page.getByTestId("live-status").getAttribute("data-state")).toBe("live"),
      { timeout: 15_000 },
    );
    await expect.poll(() => page.getByTestId("event-row").count()).toBe(0);

    // Nothing was loaded again: the row comes by the stream.
    await level(3.4, 2);
    await level(3.5);
    await page.getByTestId("event-row").first().waitFor();
    await expect.poll(() => page.getByTestId("event-row").count()).toBe(1);
    const row = page.getByTestId("event-row").first();
    await expect.poll(() => row.innerText()).toContain("菜园 01 网格");
    await row.click();
    const panel = page.getByTestId("event-panel");
    await panel.waitFor();
    await vi.waitFor(async () => expect(await panel.innerText()).toContain("中心渔港水位计"));
    await page.getByTestId("action-acknowledge").click();
    await vi.waitFor(async () =>
      expect((await hub.api<{ items: { handling: string }[] }>("/api/events")).items[0].handling).toBe("acknowledged"),
    );

    await level(2.0);
    await vi.waitFor(
      async () => {
        await level(2.0);
        expect((await hub.api<{ items: { sensing: string }[] }>("/api/events")).items[0].sensing).toBe("cleared");
      },
      { timeout: 20_000, interval: 500 },
    );
    await vi.waitFor(async () => expect(await panel.innerText()).toMatch(/已恢复|解除|恢复/));
    expect(problems).toEqual([]);
  }, 90_000);

  it("shows devices, edges and the language of choice", async () => {
    const { page } = await browser.newPage();
    await page.goto(hub.httpAddress);
    await page.getByTestId("login-username").fill("admin");
    await page.getByTestId("login-password").fill(PASSWORD);
    await page.getByTestId("login-submit").click();
    await page.getByTestId("nav-devices").click();
    await page.getByTestId("health-tile").first().waitFor();
    await expect.poll(() => page.getByTestId("health-tile").count()).toBe(1);
    await page.getByTestId("nav-onboarding").click();
    await page.getByTestId("onboarding-edges").click();
    await page.getByText("330922100/gate").first().waitFor();
    await page.getByTestId("lang-switch").click();
    await vi.waitFor(async () => expect(await page.locator("html").getAttribute("lang")).toBe("en"));
  });

  it("lets nobody in with a wrong password", async () => {
    const { page } = await browser.newPage();
    await page.goto(hub.httpAddress);
    await page.getByTestId("login-username").fill("admin");
    await page.getByTestId("login-password").fill("guess");
    await page.getByTestId("login-submit").click();
    await page.getByRole("alert").first().waitFor();
    await expect.poll(() => page.getByTestId("nav-map").count()).toBe(0);
  });
});
