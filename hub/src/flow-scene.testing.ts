import { loadText } from "@gridhub/device-profiles/load.ts";
import { type Lane, topics } from "@gridhub/device-profiles/topic.ts";
import type { EventTransition, GridEvent } from "./event.ts";
import { EventBook } from "./events/event-book.ts";
import { DEFAULT_SETTINGS, EventPolicy, NO_POLICY } from "./events/event-policy.ts";
import { NO_GRIDS } from "./events/place.ts";
import { Fleet } from "./fleet/fleet.ts";
import { GridSet } from "./grids/grid-set.ts";
import { HealthMonitor } from "./health/health-monitor.ts";
import { Cursors } from "./ingest/cursor.ts";
import { Ingest } from "./ingest/ingest.ts";
import { QualityWatch } from "./ingest/quality.ts";
import { silentLog } from "./log.ts";
import type { Message } from "./message.ts";
import { Registry } from "./registry/registry.ts";
import { RuleEngine } from "./rules/rule-engine.ts";
import { RoomStages } from "./stages.ts";
import { emptyBatch } from "./store/batch.ts";
import type { Snapshot } from "./store/store.ts";
import { MemoryStore } from "./store/memory-store.testing.ts";
import { Vision } from "./vision/vision.ts";

/** The first moment of every scene: 2025-11-22 08:00 UTC. */
export const T0 = Date.UTC(2025, 10, 22, 8);
const REOPEN_MS = 600_000;
/** cleared events that are loaded, as the database's store does */
const LOADED_MS = 86_400_000;

export interface FlowOptions {
  /** YAML; all devices of the scene are of it */
  readonly profile: string;
  /** devices `d1`, `d2`, ... of each gateway */
  readonly devices: number;
  /** gateways `g1`, `g2`, ...; 1 */
  readonly gateways?: number;
}

/**
 * All rooms from the message to the event's timeline, with a virtual clock and a store in memory: what is not committed is lost
 * with `fail` and `restart`, as it would be.
 */
export class FlowScene {
  readonly store = new MemoryStore();
  /** seconds since T0, by the hub's wall clock */
  at = 0;
  readonly #options: FlowOptions;
  readonly #sequence = new Map<string, number>();
  readonly #births: (() => Promise<void>)[] = [];
  #batch = emptyBatch(64);
  #stages!: RoomStages;
  #ingest!: Ingest;
  health!: HealthMonitor;
  book!: EventBook;
  registry!: Registry;

  private constructor(options: FlowOptions) {
    this.#options = options;
  }

  /** Gateways say what they carry; nothing was measured yet. */
  static async open(options: FlowOptions): Promise<FlowScene> {
    const scene = new FlowScene(options);
    scene.#build();
    for (const gateway of scene.gateways) await scene.registry.createEdge("town", gateway);
    await scene.#load();
    for (const [g, gateway] of scene.gateways.entries()) {
      const devices = Array.from({ length: options.devices }, (_, i) => ({
        id: `${gateway}-d${i + 1}`,
        profile: "scene/any",
        lon: 122 + g,
        lat: 30 + i / 1000,
      }));
      scene.#take("meta", gateway, "", { agent: "scene 1", devices });
    }
    await scene.pass(1);
    return scene;
  }

  get gateways(): string[] {
    return Array.from({ length: this.#options.gateways ?? 1 }, (_, i) => `g${i + 1}`);
  }

  /** Names of the devices of a gateway. */
  devices(gateway = "g1"): string[] {
    return Array.from({ length: this.#options.devices }, (_, i) => `${gateway}-d${i + 1}`);
  }

  get now(): number {
    return T0 + this.at * 1000;
  }

  /**
   * A record of a device, live unless said otherwise.
   * @param how.ago sampled so many seconds ago
   * @param how.again with the number of the message before it: the same, sent once more
   */
  send(
    values: Readonly<Record<string, number>>,
    how: { device?: string; ago?: number; backfill?: boolean; again?: boolean } = {},
  ): void {
    const { device = "g1-d1", ago = 0, backfill = false, again = false } = how;
    const [gateway] = device.split("-");
    const q = (this.#sequence.get(gateway) ?? 0) + (again ? 0 : 1);
    this.#sequence.set(gateway, q);
    const envelope = { v: 1, b: 1, q, r: [{ ts: this.now - ago * 1000, m: values }] };
    if (backfill) this.#take("backfill", gateway, "", { v: 1, bf: [{ d: device, ...envelope }] });
    else this.#take("telemetry", gateway, device, envelope);
  }

  /** The gateway connects, or its last will says that it is gone. */
  state(on: boolean, gateway = "g1"): void {
    this.#take("state", gateway, "", on ? { s: "on", b: 1 } : { s: "off", b: 1, why: "lwt" });
  }

  beat(gateway = "g1"): void {
    this.#take("heartbeat", gateway, "", { b: 1, ts: this.now, queue: 0, bytes: 0 });
  }

  #take(lane: Lane, gateway: string, device: string, body: unknown): void {
    const payload = Buffer.from(JSON.stringify(body));
    const topic = `${topics.prefix("town", gateway)}/${lane}`;
    const message: Message = { topic, site: "town", edge: gateway, lane, device, payload, rx: this.now };
    this.#ingest.take(message, this.#batch);
  }

  /** Lets seconds pass, in turns of `step`; `each` runs at the beginning of every one. */
  async pass(seconds: number, each?: () => void, step = 1): Promise<void> {
    const end = this.at + seconds;
    while (this.at < end) {
      this.at = Math.min(end, this.at + step);
      each?.();
      await this.turn();
    }
  }

  /** What was sent is folded and committed. */
  async turn(): Promise<void> {
    for (const birth of this.#births.splice(0)) await birth();
    const batch = this.#batch;
    this.#stages.finish(this.now, batch);
    await this.store.commit(batch);
    this.#stages.committed(batch, this.now);
    this.#batch = emptyBatch(64);
  }

  /** A person acts. */
  async act(event: GridEvent, action: Parameters<EventBook["act"]>[1]): Promise<void> {
    this.book.adopt(event, this.now);
    this.book.act(event.id, action, "li", "", this.now);
    await this.turn();
  }

  /** The hub ends without a word and starts again; what was sent and not committed is gone. */
  async restart(downSeconds = 0): Promise<void> {
    this.at += downSeconds;
    this.#batch = emptyBatch(64);
    this.#build();
    await this.#load();
  }

  /** A commit failed: the same process loads what is durable. */
  async fail(): Promise<void> {
    this.#stages.finish(this.now, this.#batch);
    this.#batch = emptyBatch(64);
    await this.#load();
  }

  /** The wall clock is set by so many seconds. */
  async jump(seconds: number): Promise<void> {
    this.at += seconds;
    await this.turn();
  }

  healthOf(device = "g1-d1"): string {
    const found = this.health.of(`device:town/${device}`);
    return `${found?.state} ${found?.reason}`;
  }

  /** Stored events in the order of their opening. */
  events(kind?: string): GridEvent[] {
    return [...this.store.events.values()].filter((event) => kind === undefined || event.kind === kind);
  }

  /** Lines of an event: `open@61/3`, seconds since T0 and severity. */
  timeline(event: GridEvent): string[] {
    return this.lines(event).map(({ what, ts, severity }) => `${what}@${(ts - T0) / 1000}/${severity}`);
  }

  lines({ id }: GridEvent): EventTransition[] {
    return this.store.transitions.filter(({ eventId }) => eventId === id);
  }

  #snapshot(): Snapshot {
    return this.store.snapshot(this.now - LOADED_MS);
  }

  async #load(): Promise<void> {
    await this.#stages.load(this.#snapshot());
  }

  #build(): void {
    const { profile, problems } = loadText(this.#options.profile, "scene.yaml");
    if (profile === null) throw new Error(JSON.stringify(problems));
    const grids = new GridSet([], 0);
    const profiles = { get: (id: string) => (id.startsWith("scene/any") ? profile.compiled : undefined) };
    const maxDevicesPerEdge = 5000;
    const registry = new Registry({
      store: this.store,
      profiles,
      locator: grids,
      autoRegister: true,
      maxDevicesPerEdge,
    });
    const cursors = new Cursors();
    const health = new HealthMonitor({ durationScale: 1, flapCount: 4, flapWindowMs: 3_600_000 });
    const book = new EventBook({ durationScale: 1, reopenWindowMs: REOPEN_MS }, NO_GRIDS, () => []);
    book.setPolicy(new EventPolicy({ ...NO_POLICY, ...DEFAULT_SETTINGS }));
    const stages: RoomStages = new RoomStages(
      {
        registry,
        cursors,
        rules: new RuleEngine({ durationScale: 1, allowedLatenessMs: 120_000 }),
        health,
        fleet: new Fleet({ durationScale: 1 }, grids),
        vision: new Vision({ modelsDir: "", mediaDir: "", workers: 0, durationScale: 1, log: silentLog }),
        events: book,
      },
      () => this.now,
      (edge, meta) => this.#births.push(() => stages.declare(edge, meta, this.#batch)),
    );
    this.#ingest = new Ingest(
      { maxSkewMs: 300_000, latenessMs: 120_000 },
      registry,
      cursors,
      new QualityWatch(),
      stages,
    );
    this.#stages = stages;
    this.registry = registry;
    this.health = health;
    this.book = book;
  }
}
