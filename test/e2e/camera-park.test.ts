import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { CameraPark } from "../../simulators/src/camera/park.ts";
import { type HubProcess, PASSWORD, startHubProcess } from "../support/hub-process.ts";

// Three thousand cameras by their edges' heartbeats: exactly those that do not work become events, and an edge without power is one event.

const CAMERAS = 3000;
const EDGES = 60;
const WAIT = { timeout: 90_000, interval: 500 };

interface Page {
  readonly items: { readonly subject: string; readonly kind: string; readonly sensing: string }[];
  readonly total?: number;
}

describe("3,000 cameras", () => {
  let dir: string;
  let hub: HubProcess;
  let park: CameraPark;
  const active = async (kind: string) =>
    (await hub.api<Page>(`/api/events?sensing=active&kind=${kind}&limit=500`)).items.map((e) => e.subject).sort();
  const faulty = () => [...park.faults.keys()].map((id) => `device:park/${id}`).sort();

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-park-"));
    // a fault counts after 6 s, three missed heartbeats are 9 s, a camera without frames is late after 18 s
    const settings = { log_level: "error", vision_workers: 0, duration_scale: 0.1 };
    hub = await startHubProcess({ dataDir: dir, settings });
    const tokens = new Map<string, string>();
    for (const edge of CameraPark.edges(EDGES)) tokens.set(edge, (await hub.createEdge("park", edge)).token);
    const picture = await sharp({ create: { width: 64, height: 36, channels: 3, background: "#687" } })
      .jpeg()
      .toBuffer();
    park = new CameraPark({
      ...{ url: `mqtt://127.0.0.1:${hub.mqttPort}`, site: "park", tokenOf: (edge) => tokens.get(edge) ?? "", picture },
      ...{ cameras: CAMERAS, edges: EDGES, faulty: 40, seed: 7, heartbeatMs: 2000, patrolMs: 8000 },
    });
    await park.start();
  }, 120_000);
  afterAll(async () => {
    await park?.close();
    await hub?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("raise an event for exactly those that do not work, with the reason", async () => {
    await vi.waitFor(async () => expect(await active("device.fault")).toEqual(faulty()), WAIT);
    const page = await hub.api<{ total: number; faulty: number; items: { uid: string; healthReason: string }[] }>(
      "/api/vision/cameras?faulty=true&limit=1000",
    );
    expect(page.items.map((c) => [c.uid, c.healthReason]).sort()).toEqual(
      [...park.faults].map(([id, code]) => [`park/${id}`, `source_${code}`]).sort(),
    );
    expect((await hub.api<{ total: number }>("/api/vision/cameras?limit=1")).total).toBe(CAMERAS);
  }, 100_000);

  it("clear it for those that work again", async () => {
    for (const id of [...park.faults.keys()].slice(0, 20)) park.set(id, "");
    await vi.waitFor(async () => expect(await active("device.fault")).toEqual(faulty()), WAIT);
    expect(faulty()).toHaveLength(20);
  }, 100_000);

  it("are one event when their edge loses its power, and nothing else is raised", async () => {
    const gone = park.cut(3);
    expect(gone).toHaveLength(CAMERAS / EDGES);
    await vi.waitFor(async () => expect(await active("edge.offline")).toEqual(["edge:park/park-004"]), WAIT);
    expect(await active("device.fault")).toEqual(faulty());
    const all = await hub.api<Page>("/api/events?limit=500");
    expect(new Set(all.items.map((e) => e.kind))).toEqual(new Set(["device.fault", "edge.offline"]));
    expect(all.items).toHaveLength(41);
  }, 100_000);

  it("are a program too, which makes itself known to the hub", async () => {
    const bin = join(import.meta.dirname, "../../simulators/bin/cameras.mjs");
    const where = ["--hub", hub.httpAddress, "--mqtt", `mqtt://127.0.0.1:${hub.mqttPort}`, "--site", "yard"];
    const what = ["--cameras", "20", "--edges", "2", "--faulty", "3", "--heartbeat", "1000", "--seconds", "95"];
    const env = { ...process.env, GRIDHUB_ADMIN_PASSWORD: PASSWORD };
    const running = promisify(execFile)(process.execPath, [bin, ...where, ...what], { env });
    const faults = async () => (await active("device.fault")).filter((subject) => subject.startsWith("device:yard/"));
    await vi.waitFor(async () => expect(await faults()).toHaveLength(3), WAIT);
    const raised = await faults();
    running.child.kill("SIGTERM");
    const [first] = (await running).stdout.split("\n");
    const told = JSON.parse(first) as { faults: Record<string, string> };
    expect(raised).toEqual(Object.keys(told.faults).map((id) => `device:yard/${id}`).sort()); // prettier-ignore
  }, 100_000);
});
