import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type EdgeProcess, startEdgeProcess } from "../support/edge-process.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";

interface Town {
  readonly town: string;
  readonly level: string;
  readonly suggestion: { readonly level: string } | null;
  readonly edges: { readonly total: number; readonly confirmed: number; readonly pending: number };
}

const square = [[[122, 30], [123, 30], [123, 31], [122, 31], [122, 30]]]; // prettier-ignore
const GRIDS = {
  type: "FeatureCollection",
  features: [
    {
      type: "Feature",
      geometry: { type: "Polygon", coordinates: square },
      properties: { id: "caiyuan", name: "菜园镇", level: "town", category: "integrated", parent: null },
    },
  ],
};

const warning = (id: string) =>
  JSON.stringify({
    identifier: id,
    sender: "weather.example",
    sent: new Date().toISOString(),
    status: "Actual",
    msgType: "Alert",
    info: { event: "台风", severity: "Extreme", area: { areaDesc: "", circle: "30.5,122.5 10" } },
  });

describe("posture over a real hub and edge agent", () => {
  let dir: string;
  let hub: HubProcess;
  let edge: EdgeProcess;
  let feed: Server;
  let asked = 0;
  const town = async () => (await hub.api<{ towns: Town[] }>("/api/posture")).towns[0];
  const until = (ms: number) => Date.now() + ms;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-posture-"));
    feed = createServer((request, response) => {
      asked++;
      const fresh = request.headers["if-none-match"] !== '"1"';
      response.writeHead(fresh ? 200 : 304, { etag: '"1"' }).end(fresh ? `[${warning("w-1")},{"broken":1}]` : "");
    });
    await new Promise<void>((resolve) => feed.listen(0, "127.0.0.1", resolve));
    writeFileSync(join(dir, "grids.geojson"), JSON.stringify(GRIDS));
    hub = await startHubProcess({
      dataDir: dir,
      settings: {
        log_level: "error",
        vision_workers: 0,
        grids: [join(dir, "grids.geojson")],
        posture: { levels: { I: { heartbeat_ms: 300, sampling: 0.5 } } },
        weather: { feed_url: `http://127.0.0.1:${(feed.address() as AddressInfo).port}/cap`, interval_s: 10 },
      },
    });
    edge = await startEdgeProcess(hub, dir, { site: "caiyuan", name: "edge-1" }, {
      heartbeat_ms: 60_000,
      devices: [{ id: "hyd-1", profile: "generic/hydrant-nb" }],
      sources: [{ kind: "http", port: 0 }],
    }); // prettier-ignore
  });
  afterAll(async () => {
    await edge?.stop();
    await hub?.stop();
    feed?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it("is suggested by the warning of a feed", async () => {
    await vi.waitFor(async () => expect((await town()).suggestion).toMatchObject({ level: "I" }), { timeout: 20_000 });
    expect(asked).toBeGreaterThan(0);
    expect((await hub.api<{ items: unknown[] }>("/api/warnings")).items).toHaveLength(1);
  });

  it("changes what the edge does, which confirms it, and reverts by itself", async () => {
    await vi.waitFor(
      async () => {
        const { items } = await hub.api<{ items: { agent: string }[] }>("/api/edges");
        expect(items[0].agent).not.toBe(""); // it has announced itself
      },
      { timeout: 20_000 },
    );
    await hub.api("/api/posture/caiyuan", {
      method: "PUT",
      body: { level: "I", until: until(3_600_000), reason: "台风登陆" },
    });
    await vi.waitFor(async () => expect(await town()).toMatchObject({ level: "I", edges: { confirmed: 1 } }), {
      timeout: 20_000,
    });
    // set anew with an end that is near: an edge on a busy machine may need longer to confirm than it lasts
    await hub.api("/api/posture/caiyuan", {
      method: "PUT",
      body: { level: "I", until: until(3000), reason: "台风减弱" },
    });
    await vi.waitFor(async () => expect(await town()).toMatchObject({ level: "normal" }), { timeout: 20_000 });
    await vi.waitFor(async () => expect((await town()).edges).toMatchObject({ confirmed: 1, pending: 0 }), {
      timeout: 20_000,
    });
  }, 80_000);

  it("is the same after kill -9, and the edge is told again", async () => {
    await hub.api("/api/posture/caiyuan", {
      method: "PUT",
      body: { level: "I", until: until(3_600_000), reason: "台风登陆" },
    });
    await hub.kill();
    hub = await startHubProcess({
      dataDir: dir,
      mqttPort: hub.mqttPort,
      settings: { log_level: "error", vision_workers: 0, grids: [join(dir, "grids.geojson")] },
    });
    expect(await town()).toMatchObject({ level: "I" });
    await vi.waitFor(async () => expect(await town()).toMatchObject({ edges: { total: 1, confirmed: 1 } }), {
      timeout: 30_000,
    });
  }, 90_000);
});
