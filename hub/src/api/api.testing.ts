import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseUplink, topics } from "@gridhub/device-profiles/topic.ts";
import { expect, vi } from "vitest";
import { testDatabase } from "../../../test/support/postgres.ts";
import type { Broker, Principal } from "../broker/broker.ts";
import { planOutbox } from "../dispatch/plan-outbox.ts";
import type { TargetConfig } from "../dispatch/target.ts";
import { EventPolicyKeeper } from "../event-policy-keeper.ts";
import { EventBook } from "../events/event-book.ts";
import type { Finding } from "../finding.ts";
import { Fleet } from "../fleet/fleet.ts";
import { gridDesk } from "../grid-desk.ts";
import { gridHash } from "../grids/grid-hash.ts";
import type { Grid } from "../grids/grid.ts";
import { GridSet } from "../grids/grid-set.ts";
import { HealthMonitor } from "../health/health-monitor.ts";
import { Cursors } from "../ingest/cursor.ts";
import { Ingest } from "../ingest/ingest.ts";
import { QualityWatch } from "../ingest/quality.ts";
import { openAreaRules } from "../load-area-rules.ts";
import { silentLog } from "../log.ts";
import { Metrics } from "../metrics.ts";
import { ProfileLibrary } from "../onboarding/profile-library.ts";
import { ProfileSources } from "../onboarding/profile-sources.ts";
import { ProfileVersions } from "../onboarding/profile-versions.ts";
import { Redecoder } from "../onboarding/redecoder.ts";
import { Quarantine } from "../onboarding/quarantine.ts";
import { Pipeline } from "../pipeline.ts";
import { PostureDesk } from "../posture-desk.ts";
import { recallBook } from "../recall-desk.ts";
import { Registry } from "../registry/registry.ts";
import { AreaRules } from "../rules/area/area-rules.ts";
import { dryRun } from "../rules/dry-run.ts";
import { RuleEngine } from "../rules/rule-engine.ts";
import { RoomStages } from "../stages.ts";
import { storedReadings } from "../stored-readings.ts";
import { openStore } from "../store/postgres.ts";
import { type RoleName, setGrids, setPassword } from "../store/queries/access.ts";
import { saveGridSet } from "../store/queries/grids.ts";
import { Vision } from "../vision/vision.ts";
import { AREA_RULES } from "./area-rules.testing.ts";
import { GRIDS } from "./grids.testing.ts";
import type { ApiContext } from "./context.ts";
import { hashPassword } from "./password.ts";
import { type Api, startApi } from "./server.ts";
import { Sessions } from "./sessions.ts";

const ROOT = join(import.meta.dirname, "../../..");
export const PASSWORD = "test-only-password";

const wire: Broker & { cut: Principal[] } = {
  address: "mqtt://127.0.0.1:1",
  cut: [],
  start: async () => {},
  publish: () => {},
  disconnect: (principal) => void wire.cut.push(principal),
  stats: () => ({ clients: 3, refused: { connect: 2 } }),
  close: async () => {},
};

/** A hub without broker and detectors over a database of its own, with its API on a port; `change` replaces parts of it. */
export async function startScene(change: Partial<ApiContext> = {}) {
  const database = await testDatabase();
  const folder = mkdtempSync(join(tmpdir(), "gridhub-api-"));
  const store = await openStore({ connection: database.connection, log: silentLog });
  const { set: first, problems } = GridSet.build(
    [{ file: "test", data: { type: "FeatureCollection", features: GRIDS } }],
    1,
  );
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  const hashOf = (grid: object) => gridHash(grid as Grid);
  await saveGridSet(store.pool, { grids: first.grids(), hashOf, hash: first.hash, what: "file", who: "hub", activate: true }); // prettier-ignore
  const clock = () => Date.now();
  const { grids, ...gridRoom } = gridDesk(
    {
      pool: store.pool,
      log: silentLog,
      timeZone: "UTC",
      holders: () => ({ registry, area, events, fleet, posture, stages, pipeline }),
    },
    first,
  );
  const sources = new ProfileSources({ pool: store.pool, clock, log: silentLog });
  await sources.load();
  const profiles: ProfileLibrary = new ProfileLibrary({
    paths: [join(ROOT, "test/bench/profiles")],
    watched: [],
    log: silentLog,
    inUse: (id) => registry.boundTo(id).length > 0,
    sources,
  });
  const registry: Registry = new Registry({
    store,
    profiles,
    locator: first,
    autoRegister: true,
    onUse: (profile) => sources.used(profile),
    maxDevicesPerEdge: 100,
    onBound: (device) => stages.bound(device, clock()),
  });
  profiles.start();
  const health = new HealthMonitor({ durationScale: 1, flapCount: 4, flapWindowMs: 3_600_000 });
  const fleet = new Fleet({ durationScale: 1 }, first.at(clock()));
  const vision = new Vision({
    modelsDir: "",
    mediaDir: join(folder, "media"),
    workers: 0,
    durationScale: 1,
    log: silentLog,
  });
  await vision.start();
  const targets: TargetConfig[] = [
    {
      name: "platform",
      url: "http://127.0.0.1:9/",
      secret: "0123456789abcdef",
      timeoutMs: 1000,
      deliver: "handed_off",
    },
  ];
  const lookup = {
    source: "/gridhub",
    path: (id: string) => grids().path(id),
    kind: (kind: string) => events.policy.codes.info(kind),
    device: (id: number) => registry.deviceById(id) ?? null,
  };
  const events: EventBook = new EventBook(
    { durationScale: 1, reopenWindowMs: 600_000 },
    first,
    (event, transition, before) => planOutbox(targets, event, transition, lookup, before),
  );
  const eventPolicy = new EventPolicyKeeper({
    pool: store.pool,
    timeZone: "Asia/Shanghai",
    clock,
    apply: (policy) => events.setPolicy(policy),
  });
  await eventPolicy.start();
  const recalls = recallBook({ grids, fleet });
  const cursors = new Cursors();
  const posture: PostureDesk = new PostureDesk({
    settings: { longest_hours: 72, levels: {} },
    grids,
    edges: () => registry.edges(),
    devices: () => registry.devices(),
    stages: () => stages,
    desired: () => ({ wishEdge: () => {}, versionOf: () => 0 }),
    relimit: (device, now, out) => rules.relimit(device, now, out),
  });
  const rules = new RuleEngine({ durationScale: 1, allowedLatenessMs: 120_000, overlay: posture.overlay });
  writeFileSync(join(folder, "area.yaml"), AREA_RULES);
  const flow = () => ({ pipeline, stages });
  const areaRules = await openAreaRules([join(folder, "area.yaml")], { pool: store.pool, grids, profiles, flow, log: silentLog, settleMs: 20 }); // prettier-ignore
  const area = new AreaRules({
    rules: areaRules.rules,
    grids: first,
    durationScale: 1,
    allowedLatenessMs: 120_000,
    counters: rules.counters,
  });
  const stages: RoomStages = new RoomStages(
    { registry, cursors, rules, area, health, fleet, vision, events, folds: [posture.book, posture.warnings, recalls] },
    clock,
    (edge, meta) => pipeline.birth(edge, meta),
  );
  const ingest = new Ingest({ maxSkewMs: 300_000, latenessMs: 120_000 }, registry, cursors, new QualityWatch(), stages);
  const pipeline: Pipeline = new Pipeline(
    { maxBatch: 64, gatherMs: 0, maxPendingBytes: 10_000_000, tickMs: 1000 },
    store,
    ingest,
    stages,
    clock,
    silentLog,
  );
  const freshRules = () => new RuleEngine({ durationScale: 1, allowedLatenessMs: 120_000 });
  const versions = new ProfileVersions({ pool: store.pool, profiles, registry, sources, fresh: { rules: freshRules } });
  await versions.start();
  await pipeline.start();
  const redecoder = new Redecoder({
    pool: store.pool,
    mode: store.mode,
    profiles,
    registry,
    ensureSeries: (series) => store.ensureSeries(series),
    settled: () => pipeline.submit(() => {}),
    fresh: { rules: freshRules },
    emit: (findings) => pipeline.submit(() => findings.forEach((finding) => stages.inject(finding))),
    busy: () => 0,
    limits: { maxSkewMs: 300_000, latenessMs: 120_000 },
    clock,
    log: silentLog,
  });
  wire.cut.length = 0;
  const context: ApiContext = {
    host: "127.0.0.1",
    port: 0,
    consoleDir: join(folder, "console"),
    coastFile: "",
    timeZone: "Asia/Shanghai",
    pool: store.reads,
    sessions: new Sessions(store.pool, clock),
    pipeline,
    registry,
    rules: {
      engine: rules,
      area,
      sources: areaRules,
      setFlag: (flag, now) => stages.setFlag(flag, now),
      dryRun: (request) =>
        dryRun({ port: storedReadings(store.reads), grids, timeZone: "UTC", durationScale: 1 }, request),
    },
    posture,
    quarantine: new Quarantine({
      pool: store.reads,
      candidates: () => profiles.offered(),
      registry,
      replay: (message) => pipeline.replay(message),
      clock,
    }),
    grids,
    ...gridRoom,
    health,
    fleet,
    recalls,
    events,
    eventPolicy,
    vision,
    ingest: ingest.counters,
    broker: wire,
    metrics: new Metrics(),
    agents: stages.agents,
    profiles,
    versions,
    sources,
    redecoder,
    eventTitles: new Map([["bench.hot", { zh: "过热", en: "Too hot" }]]),
    ready: () => ({ ok: store.ready, detail: "" }),
    clock,
    log: silentLog,
    ...change,
  };
  const api: Api = await startApi(context);
  stages.observers.push(api.observer);

  async function call<T = Record<string, unknown>>(
    method: string,
    path: string,
    { token, body, headers }: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<{ status: number; headers: Headers; body: T }> {
    const response = await fetch(api.address + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: response.status, headers: response.headers, body: (json ? JSON.parse(text) : text) as T };
  }

  /** hands a message in as the broker would; resolves when it is stored */
  function send(topic: string, payload: string | Buffer): Promise<void> {
    const uplink = parseUplink(topic);
    if (uplink === null) throw new Error(`no topic of the contract: ${topic}`);
    const message = { topic, ...uplink, payload: Buffer.from(payload), rx: clock() };
    return new Promise((resolve, reject) =>
      pipeline.accept(message, (error) => (error === undefined ? resolve() : reject(error))),
    );
  }

  return {
    api,
    address: api.address,
    folder,
    store,
    fleet,
    pool: store.pool,
    database,
    context,
    registry,
    pipeline,
    events,
    vision,
    wire,
    /** an account; `grids` as the roots that it sees */
    async account(username: string, role: RoleName, roots: readonly string[] = []): Promise<string> {
      await setPassword(store.pool, username, await QUICK_HASH, role);
      await setGrids(store.pool, username, roots);
      const { body } = await call<{ token: string }>("POST", "/api/login", {
        body: { username, password: PASSWORD },
      });
      return body.token;
    },
    call,
    /** the status and code of a refusal */
    async refusal(...request: Parameters<typeof call>): Promise<string> {
      const { status, body } = await call<{ code?: string }>(...request);
      return `${status} ${body.code ?? ""}`;
    },
    send,
    /** an edge of a site with devices in the middle of its town */
    async edge(site: "east" | "west", edge: string, devices: readonly string[]): Promise<void> {
      await registry.createEdge(site, edge, `边缘 ${edge}`);
      const lon = site === "east" ? 122.5 : 123.5;
      const meta = {
        agent: "test 1.0",
        devices: devices.map((id, i) => ({
          id,
          title: `设备 ${id}`,
          profile: "bench/three-metrics",
          lon: lon + i * 0.01,
          lat: 30.5,
        })),
      };
      await send(topics.meta(site, edge), JSON.stringify(meta));
    },
    /** raises or clears an event and waits until it is stored */
    async find(finding: Partial<Finding> & { readonly subject: string }): Promise<void> {
      stages.inject({
        kind: "bench.hot",
        phase: "raise",
        severity: 3,
        ts: clock(),
        device: registry.device(finding.subject.slice(finding.subject.indexOf(":") + 1)) ?? null,
        gridId: null,
        lon: null,
        lat: null,
        source: "test",
        evidence: {},
        late: false,
        ...finding,
      });
      await pipeline.submit(() => {});
    },
    async close(): Promise<void> {
      await areaRules.close();
      await api.close();
      await redecoder.close();
      await pipeline.close();
      await sources.close();
      await store.close();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Scene = Awaited<ReturnType<typeof startScene>>;

const QUICK_HASH = hashPassword(PASSWORD);

/** A reader of the stream. */
export async function listen(scene: Scene, token: string, lastId?: string) {
  const abort = new AbortController();
  const response = await fetch(`${scene.address}/api/stream`, {
    signal: abort.signal,
    headers: { authorization: `Bearer ${token}`, ...(lastId !== undefined && { "last-event-id": lastId }) },
  });
  const frames: { id: string; event: string; data: Record<string, unknown> }[] = [];
  let ended = false;
  const read = async () => {
    let rest = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split("\n\n");
      rest = parts.pop()!;
      for (const part of parts) {
        const match = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/s.exec(part);
        if (match !== null) frames.push({ id: match[1], event: match[2], data: JSON.parse(match[3]) });
      }
    }
  };
  if (response.ok)
    read()
      .then(() => (ended = true))
      .catch(() => (ended = true));
  return {
    response,
    frames,
    get ended() {
      return ended;
    },
    of: (event: string) => frames.filter((frame) => frame.event === event),
    until: (event: string, count = 1) =>
      vi.waitFor(() => expect(frames.filter((f) => f.event === event).length).toBeGreaterThanOrEqual(count)),
    close: () => abort.abort(),
  };
}
