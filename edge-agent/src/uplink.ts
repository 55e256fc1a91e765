import type {
  AckMessage,
  BackfillEntry,
  Envelope,
  FrameHeader,
  HeartbeatMessage,
  MetaMessage,
  StateMessage,
} from "@gridhub/device-profiles/envelope.ts";
import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import { topics } from "@gridhub/device-profiles/topic.ts";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { Logger } from "pino";
import { Sender } from "./sender.ts";
import type { Spool, SpooledEnvelope } from "./spool.ts";

export interface UplinkOptions {
  readonly url: string;
  readonly site: string;
  readonly edge: string;
  readonly token: string;
  readonly root: string;
  /** envelopes on their way at once */
  readonly window: number;
  readonly latenessMs: number;
  readonly heartbeatMs: number;
  readonly now: () => number;
  readonly log: Logger;
}

/** What the hub may ask of an edge by `twin/desired`; unknown keys are ignored. */
export type DesiredHandler = (desired: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

const BACKFILL_BYTES = LANE_LIMIT.backfill - 4096;
const MIN_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;

/**
 * The MQTT side of the agent: one client a connection (nothing of mqtt.js' own queue is relied upon), last will and birth,
 * the spool's envelopes in a bounded window, frames as they come, heartbeats. The spool is trimmed by `ack` alone.
 */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #spool: Spool;
  readonly #sender: Sender;
  #client: MqttClient | null = null;
  #stopping = false;
  #backoff = MIN_BACKOFF_MS;
  #retry: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;
  #framesInFlight = 0;
  #meta: MetaMessage | null = null;
  connected = false;
  /** last reason code of each source, for the heartbeat */
  sources: () => Record<string, string> = () => ({});
  onDesired: DesiredHandler | null = null;
  onBackfillRate: ((rate: number) => void) | null = null;
  readonly stats = { connects: 0, sent: 0, backfilled: 0, frames: 0, framesDropped: 0, acks: 0 };

  constructor(options: UplinkOptions, spool: Spool) {
    this.#options = options;
    this.#spool = spool;
    this.#sender = new Sender(spool, {
      window: options.window,
      latenessMs: options.latenessMs,
      backfillBytes: BACKFILL_BYTES,
      now: options.now,
      live: (envelope, done) => this.#sendLive(envelope, done),
      backfill: (envelopes, done) => this.#sendBackfill(envelopes, done),
    });
  }

  start(meta: MetaMessage): void {
    this.#meta = meta;
    this.#spool.onAppend = () => this.#sender.wake();
    this.#connect();
    this.#beat = setInterval(() => this.#heartbeat(), this.#options.heartbeatMs);
  }

  /** The first heartbeat field that changed should not wait for the next one. */
  beatNow(): void {
    this.#heartbeat();
  }

  #connect(): void {
    const { url, site, edge, token, root, log } = this.#options;
    const will = this.#state({ s: "off", b: this.#spool.boot, why: "lwt" });
    const options: IClientOptions = {
      clientId: `${site}-${edge}-${this.#spool.boot}`,
      username: `${site}/${edge}`,
      password: token,
      clean: true,
      keepalive: 20,
      reconnectPeriod: 0,
      connectTimeout: 10_000,
      queueQoSZero: false,
      will: { topic: topics.state(site, edge, root), payload: Buffer.from(will), qos: 1, retain: true },
    };
    const client = connect(url, options);
    this.#client = client;
    client.on("connect", () => this.#connected(client));
    client.on("message", (topic, payload) => this.#message(topic, payload));
    client.on("error", (error) => log.debug({ err: error.message }, "uplink"));
    client.on("close", () => this.#closed(client));
  }

  #connected(client: MqttClient): void {
    const { site, edge, root, now, log } = this.#options;
    this.connected = true;
    this.stats.connects++;
    this.#backoff = MIN_BACKOFF_MS;
    log.info({ boot: this.#spool.boot }, "connected to the hub");
    const held = this.#spool.held();
    const own = held.find((h) => h.boot === this.#spool.boot);
    const earlier = held.filter((h) => h.boot !== this.#spool.boot).map((h) => [h.boot, h.first] as const);
    const state = this.#state({ s: "on", b: this.#spool.boot, q: own?.first ?? 1, held: earlier, ts: now() });
    // The state tells the hub where each boot begins; records follow only when it is stored.
    client.subscribe([topics.ack(site, edge, root), topics.desired(site, edge, root)], { qos: 1 });
    client.publish(topics.state(site, edge, root), state, { qos: 1, retain: true });
    client.publish(topics.meta(site, edge, root), JSON.stringify(this.#meta), { qos: 1, retain: true }, (error) => {
      if (!error && client === this.#client) this.#sender.open(now());
    });
    this.#heartbeat();
  }

  #closed(client: MqttClient): void {
    if (client !== this.#client) return;
    client.end(true);
    this.#client = null;
    this.#sender.close();
    this.#framesInFlight = 0;
    if (this.connected) this.#options.log.warn("connection to the hub lost; records wait in the spool");
    this.connected = false;
    if (this.#stopping) return;
    const delay = this.#backoff * (0.5 + Math.random());
    this.#backoff = Math.min(MAX_BACKOFF_MS, this.#backoff * 2);
    this.#retry = setTimeout(() => this.#connect(), delay);
  }

  #message(topic: string, payload: Buffer): void {
    const { site, edge, root, log } = this.#options;
    let value: unknown;
    try {
      value = JSON.parse(payload.toString("utf8"));
    } catch {
      log.warn({ topic }, "a downlink is not JSON");
      return;
    }
    if (topic === topics.ack(site, edge, root)) this.#acknowledged(value as Partial<AckMessage>);
    else if (topic === topics.desired(site, edge, root) && typeof value === "object" && value !== null) {
      const reported = this.onDesired?.(value as Record<string, unknown>) ?? {};
      this.#client?.publish(topics.reported(site, edge, root), JSON.stringify(reported), { qos: 1, retain: true });
    }
  }

  #acknowledged(ack: Partial<AckMessage>): void {
    if (!Number.isSafeInteger(ack.b) || !Number.isSafeInteger(ack.upto)) return;
    this.stats.acks++;
    this.#spool.trim(ack.b!, ack.upto!);
    if (typeof ack.rate === "number" && ack.rate > 0) this.#sender.backfillRate = ack.rate;
    this.#sender.acknowledged(ack.b!, ack.upto!);
  }

  #sendLive(envelope: SpooledEnvelope, done: (error?: Error) => void): void {
    const { site, edge, root } = this.#options;
    const { lane, device } = envelope;
    const topic = (lane === "t" ? topics.telemetry : lane === "raw" ? topics.raw : topics.event)(
      site,
      edge,
      device,
      root,
    );
    const payload = `{"v":1,"b":${envelope.boot},"q":${envelope.seq},"r":${envelope.records}}`;
    this.stats.sent++;
    this.#publish(topic, payload, done);
  }

  #sendBackfill(envelopes: readonly SpooledEnvelope[], done: (error?: Error) => void): void {
    const { site, edge, root } = this.#options;
    const bf = envelopes.map((e): BackfillEntry => {
      const envelope: Envelope = { v: 1, b: e.boot, q: e.seq, r: JSON.parse(e.records) as Envelope["r"] };
      return { ...envelope, d: e.device, k: e.lane };
    });
    this.stats.backfilled += envelopes.length;
    this.#publish(topics.backfill(site, edge, root), JSON.stringify({ v: 1, bf }), done);
  }

  #publish(topic: string, payload: string, done: (error?: Error) => void): void {
    if (this.#client === null) done(new Error("not connected"));
    else this.#client.publish(topic, payload, { qos: 1 }, (error) => done(error ?? undefined));
  }

  /** Frames are samples: with two on their way the next one is dropped, never queued. @returns whether it was sent */
  frame(device: string, header: FrameHeader, jpeg: Buffer): boolean {
    const { site, edge, root } = this.#options;
    const head = Buffer.from(JSON.stringify(header));
    if (
      this.#client === null ||
      !this.connected ||
      this.#framesInFlight >= 2 ||
      jpeg.length + head.length + 4 > LANE_LIMIT.frame
    ) {
      this.stats.framesDropped++;
      return false;
    }
    const length = Buffer.alloc(4);
    length.writeUInt32BE(head.length);
    this.#framesInFlight++;
    this.stats.frames++;
    this.#client.publish(
      topics.frame(site, edge, device, root),
      Buffer.concat([length, head, jpeg]),
      { qos: 1 },
      () => {
        if (this.#framesInFlight > 0) this.#framesInFlight--;
      },
    );
    return true;
  }

  #heartbeat(): void {
    if (this.#client === null || !this.connected) return;
    const { site, edge, root, now } = this.#options;
    const { queue, bytes, oldest, disk } = this.#spool.stats();
    const beat: HeartbeatMessage = {
      b: this.#spool.boot,
      ts: now(),
      queue,
      bytes,
      oldest,
      disk,
      gaps: this.#spool.gaps(),
      sources: this.sources(),
    };
    this.#client.publish(topics.heartbeat(site, edge, root), JSON.stringify(beat), { qos: 0 });
  }

  #state(state: StateMessage): string {
    return JSON.stringify(state);
  }

  /** Says goodbye (`why: stop`) and waits for it at most two seconds; what was not acknowledged stays in the spool. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    clearInterval(this.#beat);
    this.#sender.close();
    const client = this.#client;
    if (client === null) return;
    const { site, edge, root, now } = this.#options;
    if (this.connected) {
      const bye = this.#state({ s: "off", b: this.#spool.boot, why: "stop", ts: now() });
      const said = client.publishAsync(topics.state(site, edge, root), bye, { qos: 1, retain: true }).catch(() => {});
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([said, new Promise((resolve) => (timer = setTimeout(resolve, 2000)))]);
      clearTimeout(timer);
    }
    await client.endAsync(true);
  }
}
