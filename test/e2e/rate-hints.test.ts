import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { CameraInfo, CameraPage } from "../../hub/src/api/vision-schema.ts";
import { type EdgeProcess, startEdgeProcess } from "../support/edge-process.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";

// The hub asks running edge agents for fewer or more samples; they obey, say so, and go back to their own pace.

const WAIT = { timeout: 60_000, interval: 200 };
const square = [[[122, 30], [123, 30], [123, 31], [122, 31], [122, 30]]]; // prettier-ignore
const TOWN = {
  type: "FeatureCollection",
  features: [
    {
      type: "Feature",
      geometry: { type: "Polygon", coordinates: square },
      properties: { id: "caiyuan", name: "菜园镇", level: "town", category: "integrated", parent: null },
    },
  ],
};
const OWN = { interval_ms: 500, patrol_ms: 3000 };
const WILD = ["w1", "w2", "w3", "w4"];

describe("the hub's wishes to cameras", () => {
  let dir: string;
  let hub: HubProcess;
  const edges: EdgeProcess[] = [];

  async function pictures(name: string, blocks: readonly number[]): Promise<string> {
    const folder = join(dir, name);
    mkdirSync(folder);
    for (const [i, left] of blocks.entries()) {
      const block = { create: { width: 160, height: 160, channels: 3 as const, background: "#eee" } };
      const noise = { type: "gaussian" as const, mean: 90, sigma: 12 };
      const jpeg = await sharp({ create: { width: 640, height: 360, channels: 3, background: "#000", noise } })
        .composite([{ input: await sharp(block).png().toBuffer(), left, top: 100 }])
        .jpeg()
        .toBuffer();
      writeFileSync(join(folder, `${i}.jpg`), jpeg);
    }
    return folder;
  }

  const camera = async (name: string): Promise<CameraInfo | undefined> => {
    const { items } = await hub.api<CameraPage>("/api/vision/cameras");
    return items.find((c) => c.uid === `caiyuan/${name}`);
  };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-hints-"));
    writeFileSync(join(dir, "grids.geojson"), JSON.stringify(TOWN));
    hub = await startHubProcess({
      dataDir: dir,
      settings: {
        log_level: "error",
        vision_workers: 1,
        // wishes are worked out every second and stay 1.5 s
        duration_scale: 0.05,
        grids: [join(dir, "grids.geojson")],
        posture: { levels: { I: { sampling: 0.5 } } },
      },
    });
    const still = await pictures("still", [40, 40, 40]);
    const busy = await pictures("busy", [40, 400]);
    const profile = "generic/camera-snapshot";
    // both models run, and nothing can begin: where something has, a camera is asked for more
    const corner = "0,0 0.01,0 0.01,0.01";
    const attributes = { zone: corner, fire_zone: corner, clean_zone: corner };
    const device = (id: string) => ({ id, profile, lon: 122.5, lat: 30.5, attributes });
    edges.push(
      await startEdgeProcess(hub, dir, { site: "caiyuan", name: "calm-edge" }, {
        devices: [device("calm")],
        sources: [{ kind: "folder", device: "calm", path: still, ...OWN }],
      }), // prettier-ignore
    );
    await vi.waitFor(async () => expect(await camera("calm")).toMatchObject({ runs: OWN, pace: null }), WAIT);
    edges.push(
      await startEdgeProcess(hub, dir, { site: "caiyuan", name: "wild-edge" }, {
        devices: WILD.map(device),
        sources: WILD.map((device) => ({ kind: "folder", device, path: busy, interval_ms: 100, min_gap_ms: 0 })),
      }), // prettier-ignore
    );
  }, 120_000);
  afterAll(async () => {
    for (const edge of edges) await edge.stop();
    await hub?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("slow cameras down while the detectors have more to do than they can: their edges obey and report it", async () => {
    await vi.waitFor(async () => {
      const seen = await camera("w1");
      expect(seen?.pace?.interval_ms).toBeGreaterThanOrEqual(2000);
      expect(seen?.runs).toEqual(seen?.pace);
      // not by words alone: it sent ten a second
      expect(seen?.perSecond).toBeLessThan(1);
    }, WAIT);
    await vi.waitFor(async () => {
      const seen = await camera("calm");
      expect(seen?.pace?.patrol_ms).toBeGreaterThan(OWN.patrol_ms);
      expect(seen?.runs).toEqual(seen?.pace);
    }, WAIT);
  }, 130_000);

  it("are taken back when the load is gone, and the edge is at its own pace again", async () => {
    await edges[1].kill();
    await vi.waitFor(async () => expect(await camera("calm")).toMatchObject({ pace: null, runs: OWN }), WAIT);
  }, 70_000);

  it("ask for more samples in a posture above normal, until it ends", async () => {
    const raise = (ms: number) => {
      const body = { level: "I", until: Date.now() + ms, reason: "台风登陆" };
      return hub.api("/api/posture/caiyuan", { method: "PUT", body });
    };
    await raise(3_600_000);
    // half of its own three seconds, but never below two
    await vi.waitFor(
      async () => expect(await camera("calm")).toMatchObject({ pace: { patrol_ms: 2000 }, runs: { patrol_ms: 2000 } }),
      WAIT,
    );
    await raise(3000);
    await vi.waitFor(async () => expect(await camera("calm")).toMatchObject({ pace: null, runs: OWN }), WAIT);
  }, 130_000);
});
