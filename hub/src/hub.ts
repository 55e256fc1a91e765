import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { loadScriptEngine } from "@gridhub/device-profiles/script/engine.ts";
import { AdapterGate } from "./adapters/gate.ts";
import { Acks, backfillRate } from "./acks.ts";
import { startApi } from "./api/server.ts";
import { Sessions } from "./api/sessions.ts";
import type { Broker } from "./broker/broker.ts";
import { chooseBroker } from "./choose-broker.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { Desired } from "./desired.ts";
import { CallbackDesk } from "./dispatch/callback-desk.ts";
import { Dispatcher } from "./dispatch/dispatcher.ts";
import { planOutbox } from "./dispatch/plan-outbox.ts";
import { EventPolicyKeeper } from "./event-policy-keeper.ts";
import { EventBook } from "./events/event-book.ts";
import { Fleet } from "./fleet/fleet.ts";
import { fleetOptions } from "./fleet/options.ts";
import { openGrids } from "./grid-desk.ts";
import { outageOptions } from "./health/health-config.ts";
import { HealthMonitor } from "./health/health-monitor.ts";
import { HealthOut } from "./health-out.ts";
import { Cursors } from "./ingest/cursor.ts";
import { Identities } from "./ingest/identity.ts";
import { DerivedMetrics } from "./ingest/derived-metrics.ts";
import { Ingest } from "./ingest/ingest.ts";
import { QualityWatch } from "./ingest/quality.ts";
import { openAreaRules } from "./load-area-rules.ts";
import { readTargets } from "./load-targets.ts";
import type { Log } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { ProfileLibrary } from "./onboarding/profile-library.ts";
import { ProfileSources } from "./onboarding/profile-sources.ts";
import { ProfileVersions } from "./onboarding/profile-versions.ts";
import { RecentRecords } from "./onboarding/recent-records.ts";
import { Redecoder } from "./onboarding/redecoder.ts";
import { Quarantine } from "./onboarding/quarantine.ts";
import { Pipeline } from "./pipeline.ts";
import { PostureDesk } from "./posture-desk.ts";
import { recallBook } from "./recall-desk.ts";
import { Registry } from "./registry/registry.ts";
import { AreaRules } from "./rules/area/area-rules.ts";
import { dryRun } from "./rules/dry-run.ts";
import { RuleEngine } from "./rules/rule-engine.ts";
import { RoomStages } from "./stages.ts";
import { storedReadings } from "./stored-readings.ts";
import { openDatabase } from "./database.ts";
import { storedCallbacks } from "./store/queries/callbacks.ts";
import { OutboxQueries } from "./store/queries/outbox.ts";
import { weatherFeed } from "./weather-feed.ts";
import { visionLinks } from "./vision-links.ts";
import { Vision } from "./vision/vision.ts";

const ROOT = join(import.meta.dirname, "../..");

/** A running hub. */
export interface Hub {
  readonly httpAddress: string;
  readonly mqttAddress: string;
  readonly storeMode: string;
  /** the administrator's password when this start generated it, to be shown once */
  readonly generatedPassword: string | null;
  close(): Promise<void>;
}

/**
 * The composition root: the only file that knows every room. Starts them downhill (database, rooms, pipeline, API, broker) and
 * stops them in reverse, so that a device is never acknowledged by half a hub.
 * @throws HubError with advice for the operator
 */
export async function startHub(
  config: Config,
  { log, clock = systemClock }: { log: Log; clock?: Clock },
): Promise<Hub> {
  await using stack = new AsyncDisposableStack();
  mkdirSync(config.data_dir, { recursive: true, mode: 0o700 });
  // Profiles with a JavaScript decoder compile only when its sandbox is there.
  await loadScriptEngine();
  const store = await openDatabase(config, log, stack);
  const sources = new ProfileSources({ pool: store.pool, clock, log });
  await sources.load();
  stack.defer(() => sources.close());
  const profiles: ProfileLibrary = new ProfileLibrary({
    paths: [join(ROOT, "device-profiles/profiles"), ...config.profiles],
    watched: config.profiles_watch ? config.profiles : [],
    log,
    inUse: (id) => registry.boundTo(id).length > 0,
    sources,
  });
  const gridHolders = () => ({ registry, area, events, fleet, posture, stages, pipeline });
  const { grids, ...gridRoom } = await openGrids(config, { pool: store.pool, log, holders: gridHolders });
  const registry: Registry = new Registry({
    store,
    profiles,
    locator: grids(),
    autoRegister: config.auto_register,
    onUse: (profile) => sources.used(profile),
    maxDevicesPerEdge: 5000,
    onBound: (device) => stages.bound(device, clock()),
  });
  profiles.start();
  stack.defer(() => profiles.close());
  const durationScale = config.duration_scale;
  const freshRules = (overlay?: PostureDesk["overlay"]) =>
    new RuleEngine({
      durationScale,
      allowedLatenessMs: config.ingest.lateness_s * 1000,
      timeZone: config.time_zone,
      overlay,
    });
  const posture: PostureDesk = new PostureDesk({
    settings: config.posture,
    grids,
    edges: () => registry.edges(),
    devices: () => registry.devices(),
    stages: () => stages,
    desired: () => desired,
    relimit: (device, now, out) => rules.relimit(device, now, out),
  });
  const rules = freshRules(posture.overlay);
  const fresh = { rules: () => freshRules(), derived: () => new DerivedMetrics() };
  const flow = () => ({ pipeline, stages });
  const areaRules = await openAreaRules(config.rules, { pool: store.pool, grids, profiles, flow, log });
  const area = new AreaRules({
    rules: areaRules.rules,
    grids: grids(),
    durationScale,
    allowedLatenessMs: config.ingest.lateness_s * 1000,
    counters: rules.counters,
  });
  const health = new HealthMonitor({
    durationScale,
    flapCount: 4,
    flapWindowMs: 3_600_000,
    latenessMs: config.ingest.lateness_s * 1000,
    outage: outageOptions(config.health),
  });
  const sea = { ...fleetOptions(config.sea), durationScale, timeZone: config.time_zone };
  const fleet = new Fleet(sea, grids().at(clock()));
  const recalls = recallBook({ grids, fleet });
  const vision = new Vision({
    modelsDir: config.models_dir === "" ? join(ROOT, "models") : config.models_dir,
    mediaDir: join(config.data_dir, "media"),
    workers: config.vision_workers,
    durationScale,
    log,
    timeZone: config.time_zone,
    mediaDays: config.retention.media_days,
    mediaBytes: config.retention.media_gb * 2 ** 30,
    posture: posture.ofCamera,
    ...visionLinks({ config, pool: store.pool, log, registry, health, broker: () => broker, desired: () => desired }),
  });
  await vision.start();
  stack.defer(() => vision.close());

  const targets = readTargets(config.dispatch.targets, config.time_zone);
  const lookup = {
    source: "/gridhub",
    path: (id: string) => grids().path(id),
    kind: (kind: string) => events.policy.codes.info(kind),
    device: (id: number) => registry.deviceById(id) ?? null,
  };
  const events: EventBook = new EventBook(
    { durationScale, reopenWindowMs: 600_000 },
    grids(),
    (event, transition, before) => planOutbox(targets, event, transition, lookup, before),
  );
  events.posture = posture.ofEvents;
  const eventPolicy = new EventPolicyKeeper({
    pool: store.pool,
    timeZone: config.time_zone,
    clock,
    apply: (policy) => events.setPolicy(policy),
  });
  await eventPolicy.start();

  const cursors = new Cursors();
  const identities = new Identities({ keepMs: config.retention.identity_days * 86_400_000 });
  const gate = new AdapterGate({
    adapters: config.adapters,
    root: config.mqtt.root,
    profileOf: (edgeKey, device) => registry.devicesOf(edgeKey).get(device)?.profile,
    disabled: (edgeKey) => registry.isDisabled(edgeKey),
    publish: (topic, payload) => broker.publish(topic, payload),
  });
  const derived = new DerivedMetrics();
  const stages: RoomStages = new RoomStages(
    {
      registry,
      cursors,
      derived,
      rules,
      area,
      health,
      fleet,
      vision,
      events,
      folds: [identities, gate, posture.book, posture.warnings, recalls],
    },
    clock,
    (edge, meta) => pipeline.birth(edge, meta),
  );
  const ingest = new Ingest(
    { maxSkewMs: config.ingest.max_skew_s * 1000, latenessMs: config.ingest.lateness_s * 1000 },
    registry,
    cursors,
    new QualityWatch(),
    stages,
    identities,
    derived,
  );
  const pipeline: Pipeline = new Pipeline(
    {
      maxBatch: config.ingest.max_batch,
      gatherMs: config.ingest.gather_ms,
      maxPendingBytes: 268_435_456,
      tickMs: Math.max(50, 1000 * Math.min(1, durationScale * 10)),
    },
    store,
    ingest,
    stages,
    clock,
    log,
  );
  vision.onReady = () => pipeline.poke();

  const metrics = new Metrics();
  pipeline.onCommit = (ms) => metrics.commitSeconds.observe(ms / 1000);
  stages.onLatency = (ms) => metrics.eventLatency.observe(ms / 1000);

  const broker: Broker = chooseBroker(config, registry, gate, clock, log);
  const acks = new Acks(
    broker,
    config.mqtt.root,
    (id) => registry.edgeById(id),
    () => backfillRate(pipeline.pending.messages),
  );
  stages.onLoad = (snapshot) => acks.load(snapshot.cursors);
  stages.onReported = (edge, document) => posture.reach.reported(edge, document);
  stack.defer(() => acks.close());
  const desired: Desired = new Desired(broker, { root: config.mqtt.root, rooms: ["vision", "posture"], clock });
  stack.defer(() => desired.close());

  const dispatcher = new Dispatcher({
    targets,
    port: new OutboxQueries(store.pool),
    clock,
    log,
    retry: { baseMs: config.dispatch.retry_first_ms, maxMs: config.dispatch.retry_longest_ms },
    transports: {
      root: config.mqtt.root,
      ownBroker: (topic, payload, done) => broker.publish(topic, payload, { qos: 1 }, done),
    },
    onFinding: (finding) => {
      stages.inject(finding);
      pipeline.poke();
    },
    onDelivery: (id, target, ok, note, now) => {
      pipeline
        .submit(() => events.delivered(id, target, ok, note, now))
        .catch((error: Error) => log.warn({ err: error.message }, "delivery not noted"));
    },
  });
  const callbacks = new CallbackDesk({
    targets,
    clock,
    ...storedCallbacks(store.pool),
    path: (id) => Array.from(grids().path(id), (grid) => grid.id),
    apply: (event, callback) =>
      pipeline.submit((now) => {
        events.adopt(event, now); // no effect while it is in memory, where it may be newer
        const result = events.callback(event.id, callback, now);
        return "code" in result ? null : { outcome: result.outcome, handling: result.event.handling };
      }),
    resend: (target, ids) => dispatcher.resend(target, ids),
  });
  stages.observers.push({
    committed: (batch, _changed, _now, announced) => {
      acks.stored(batch.cursors);
      for (const edge of announced) {
        acks.repeat(edge.id);
        posture.reach.announced(posture.book, edge);
        desired.announced(edge);
      }
      if (batch.outbox.length > 0) dispatcher.wake();
      for (const { what } of batch.transitions) metrics.events.inc({ what });
    },
  });

  const recent = new RecentRecords();
  const versions = new ProfileVersions({ pool: store.pool, profiles, registry, sources, recent, fresh });
  await versions.start();
  await pipeline.start();
  stack.defer(() => pipeline.close());
  if (config.profiles_watch) areaRules.watch();
  stack.defer(() => areaRules.close());
  for (const { site, edge } of gate.edges) await registry.ensureEdge(site, edge);
  const redecoder = new Redecoder({
    pool: store.pool,
    mode: store.mode,
    profiles,
    registry,
    ensureSeries: (series) => store.ensureSeries(series),
    settled: async () => {
      await pipeline.submit(() => {});
      await store.flushLatest();
    },
    fresh,
    emit: (findings) => pipeline.submit(() => findings.forEach((finding) => stages.inject(finding))),
    busy: () => pipeline.pending.messages,
    limits: { maxSkewMs: config.ingest.max_skew_s * 1000, latenessMs: config.ingest.lateness_s * 1000 },
    clock,
    log,
  });
  redecoder.start();
  stack.defer(() => redecoder.close());
  dispatcher.start();
  stack.defer(() => dispatcher.close());

  const sessions = new Sessions(store.pool, clock);
  const generatedPassword = await sessions.bootstrap(config.admin_password);
  const api = await startApi({
    host: config.http.host,
    port: config.http.port,
    consoleDir: join(ROOT, "hub/console/dist"),
    coastFile: config.coast,
    timeZone: config.time_zone,
    pool: store.reads,
    sessions,
    pipeline,
    registry,
    rules: {
      engine: rules,
      area,
      sources: areaRules,
      setFlag: (flag, now) => stages.setFlag(flag, now),
      dryRun: (request) =>
        dryRun({ port: storedReadings(store.reads), grids, timeZone: config.time_zone, durationScale }, request),
    },
    adapters: () => gate.status(),
    callbacks,
    dispatcher,
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
    broker,
    metrics,
    agents: stages.agents,
    profiles,
    versions,
    sources,
    redecoder,
    eventTitles: profiles.eventTitles,
    ready: () => (store.ready ? { ok: true, detail: "" } : { ok: false, detail: "the database does not answer" }),
    clock,
    log,
  });
  stack.defer(() => api.close());
  stages.observers.push(api.observer);

  const feed = weatherFeed(config.weather, (document) => posture.receive(document, pipeline), log);
  feed?.start();
  stack.defer(() => feed?.close());

  await broker.start(recent.before(pipeline));
  stack.defer(() => broker.close());
  gate.greet();
  if (config.mqtt.publish_health) {
    const { root } = config.mqtt;
    const out = new HealthOut({ root, device: lookup.device, publish: (...message) => broker.publish(...message) });
    out.tellAll(registry.devices(), (device) => health.of(`device:${device.uid}`));
    stages.observers.push(out);
  }
  log.info({ http: api.address, mqtt: broker.address, database: store.mode, devices: registry.size }, "hub runs");

  const owned = stack.move();
  return {
    httpAddress: api.address,
    mqttAddress: broker.address,
    storeMode: store.mode,
    generatedPassword,
    close: () => owned.disposeAsync(),
  };
}
