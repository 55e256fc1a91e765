import { performance } from "node:perf_hooks";
import type { AckMessage, FrameHeader, MetaMessage, StateMessage } from "@gridhub/device-profiles/envelope.ts";
import { LANE_LIMIT, parseJson } from "@gridhub/device-profiles/envelope.ts";
import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import { topics } from "@gridhub/device-profiles/topic.ts";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { Logger } from "pino";
import { composeHeartbeat } from "./heartbeat.ts";
import { Sender } from "./sender.ts";
import type { ReceiverTally } from "./sources/receiver-tally.ts";
import type { Spool, SpooledEnvelope } from "./spool.ts";

export interface UplinkOptions {
  readonly url: string;
  readonly site: string;
  readonly edge: string;
  readonly token: string;
  readonly root: string;
  /** certificate authority of the hub, PEM; the system's when absent */
  readonly ca?: Buffer;
  /** envelopes on their way at once */
  readonly window: number;
  readonly latenessMs: number;
  readonly heartbeatMs: number;
  readonly now: () => number;
  readonly log: Logger;
}

/** What the uplink asks of the agent. */
export interface UplinkHooks {
  /** the birth message, as it is now */
  readonly birth: () => MetaMessage;
  /** last status code of each source, for the heartbeat */
  readonly sources: () => ReadonlyMap<string, string>;
  /** what each AIS receiver brought, for the heartbeat */
  readonly receivers?: () => ReadonlyMap<string, ReceiverTally>;
  /** `twin/desired`, parsed; null = a connection stands and nothing was desired yet. @returns what to report */
  readonly desired: (desired: unknown) => object;
  /** `cmd/<id>`, parsed */
  readonly command?: (id: string, command: unknown) => void;
}

type Done = (error?: Error) => void;

const BACKFILL_BYTES = LANE_LIMIT.backfill - 4096;
const MIN_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
const FRAMES_AT_ONCE = 2;
/** Changes of many sources at once (a switch lost its power) become one heartbeat. */
const BEAT_GATHER_MS = 200;
const GOODBYE_MS = 2000;

/**
 * The MQTT side of the agent: one client a connection (nothing of mqtt.js' own queue is relied upon), last will and birth,
 * the spool's envelopes in a bounded window, frames as they come, heartbeats. The spool is trimmed by `ack` alone.
 */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #hooks: UplinkHooks;
  readonly #spool: Spool;
  readonly #sender: Sender;
  readonly #topic: Readonly<
    Record<"state" | "meta" | "h" | "backfill" | "ack" | "desired" | "reported" | "commands", string>
  >;
  #client: MqttClient | null = null;
  #stopping = false;
  #backoff = MIN_BACKOFF_MS;
  #heartbeatMs: number;
  #retry: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;
  #beatSoon: NodeJS.Timeout | undefined;
  #framesInFlight = 0;
  #problem = "";
  connected = false;
  readonly stats = { connects: 0, sent: 0, backfilled: 0, frames: 0, framesDropped: 0, acks: 0 };

  constructor(options: UplinkOptions, spool: Spool, hooks: UplinkHooks) {
    this.#options = options;
    this.#spool = spool;
    this.#hooks = hooks;
    this.#heartbeatMs = options.heartbeatMs;
    this.#sender = new Sender(spool, {
      window: options.window,
      latenessMs: options.latenessMs,
      backfillBytes: BACKFILL_BYTES,
      now: options.now,
      monotonic: () => performance.now(),
      live: (envelope, done) => this.#sendLive(envelope, done),
      backfill: (envelopes, done) => this.#sendBackfill(envelopes, done),
    });
    const { site, edge, root } = options;
    this.#topic = {
      state: topics.state(site, edge, root),
      meta: topics.meta(site, edge, root),
      h: topics.heartbeat(site, edge, root),
      backfill: topics.backfill(site, edge, root),
      ack: topics.ack(site, edge, root),
      desired: topics.desired(site, edge, root),
      reported: topics.reported(site, edge, root),
      commands: topics.command(site, edge, "+", root),
    };
  }

  /** Begins to connect and goes on until `stop`. */
  start(): void {
    this.#stopping = false;
    this.#spool.onAppend = () => this.#sender.wake();
    this.#beat = setInterval(() => this.#heartbeat(), this.#heartbeatMs);
    this.#connect();
  }

  /** How often all that was held went out again because no ack came. */
  get resends(): number {
    return this.#sender.resends;
  }

  set heartbeatMs(ms: number) {
    if (ms === this.#heartbeatMs) return;
    this.#heartbeatMs = ms;
    if (this.#beat === undefined) return;
    clearInterval(this.#beat);
    this.#beat = setInterval(() => this.#heartbeat(), ms);
  }

  /** Sends a heartbeat soon: what changed should not wait for the next one. */
  beatSoon(): void {
    this.#beatSoon ??= setTimeout(() => {
      this.#beatSoon = undefined;
      this.#heartbeat();
    }, BEAT_GATHER_MS);
  }

  #connect(): void {
    const { url, site, edge, token, ca } = this.#options;
    const will: StateMessage = { s: "off", b: this.#spool.boot, why: "lwt" };
    const options: IClientOptions = {
      // The same for every connection of a boot: a new one takes over from one that hangs half open.
      clientId: `${site}-${edge}-${this.#spool.boot}`,
      username: `${site}/${edge}`,
      password: token,
      clean: true,
      keepalive: 20,
      reconnectPeriod: 0,
      connectTimeout: 10_000,
      queueQoSZero: false,
      ...(ca === undefined ? {} : { ca }),
      will: { topic: this.#topic.state, payload: Buffer.from(JSON.stringify(will)), qos: 1, retain: true },
    };
    const client = connect(url, options);
    this.#client = client;
    client.on("connect", () => this.#connected(client));
    client.on("message", (topic, payload) => this.#message(topic, payload));
    client.on("error", (error) => this.#report(error));
    client.on("close", () => this.#closed(client));
  }

  /** Says once what is wrong, not with every attempt. */
  #report(error: Error & { code?: unknown }): void {
    const problem = `${String(error.code ?? "")} ${error.message}`;
    if (problem === this.#problem) return;
    this.#problem = problem;
    // MQTT 3.1.1 table 3.1: 4 = bad user name or password, 5 = not authorized
    const refused = error.code === 4 || error.code === 5;
    this.#options.log.warn({ err: error.message }, refused ? "the hub refuses the credential" : "cannot reach the hub");
  }

  #connected(client: MqttClient): void {
    if (client !== this.#client) return;
    const { now, log } = this.#options;
    this.connected = true;
    this.stats.connects++;
    const held = this.#spool.held();
    const own = held[held.length - 1];
    const earlier = held.slice(0, -1).map(({ boot, first }) => [boot, first] as const);
    const state: StateMessage = { s: "on", b: own.boot, q: own.first, held: earlier, ts: now() };
    client.subscribe([this.#topic.ack, this.#topic.desired, this.#topic.commands], { qos: 1 }, (error) => {
      if (error) log.warn({ err: error.message }, "the hub refuses a subscription");
    });
    // The state tells the hub where each boot begins; records follow only when it is stored.
    client.publish(this.#topic.state, JSON.stringify(state), { qos: 1, retain: true });
    client.publish(this.#topic.meta, JSON.stringify(this.#hooks.birth()), { qos: 1, retain: true }, (error) => {
      if (error || client !== this.#client) return;
      // Only now: a hub that accepts and closes at once must not be asked twice a second.
      this.#backoff = MIN_BACKOFF_MS;
      this.#problem = "";
      log.info({ boot: own.boot, queue: this.#spool.queue }, "connected to the hub");
      this.#sender.open();
    });
    this.#reportTwin(null);
    this.#heartbeat();
  }

  #closed(client: MqttClient): void {
    if (client !== this.#client) return;
    this.#client = null;
    this.#sender.close();
    this.#framesInFlight = 0;
    client.end(true);
    if (this.connected && !this.#stopping)
      this.#options.log.warn("connection to the hub lost; records wait in the spool");
    this.connected = false;
    if (this.#stopping) return;
    const delay = this.#backoff * (0.5 + Math.random());
    this.#backoff = Math.min(MAX_BACKOFF_MS, this.#backoff * 2);
    this.#retry = setTimeout(() => this.#connect(), delay);
  }

  #message(topic: string, payload: Buffer): void {
    const parsed = payload.length > LANE_LIMIT.twin ? null : parseJson(payload);
    if (parsed === null || isRejection(parsed)) {
      this.#options.log.warn({ topic, bytes: payload.length }, "a downlink is not JSON of the contract");
      return;
    }
    if (topic === this.#topic.ack) this.#acknowledged(parsed.value);
    else if (topic === this.#topic.desired) this.#reportTwin(parsed.value);
    else if (topic.startsWith(this.#topic.commands.slice(0, -1)))
      this.#hooks.command?.(topic.slice(this.#topic.commands.length - 1), parsed.value);
  }

  #reportTwin(desired: unknown): void {
    const reported = JSON.stringify(this.#hooks.desired(desired));
    this.#client?.publish(this.#topic.reported, reported, { qos: 1, retain: true });
  }

  /** The answer to a command. Resolves when the hub has taken it; rejects when there is no connection or it ends. */
  answer(id: string, payload: string): Promise<void> {
    const { site, edge, root } = this.#options;
    return new Promise((resolve, reject) => {
      const client = this.#client;
      // a client that is closed forgets its callbacks
      const lost = (): void => reject(new Error("the connection ended"));
      client?.once("close", lost);
      this.#publish(topics.result(site, edge, id, root), payload, (error) => {
        client?.off("close", lost);
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  #acknowledged(value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    const { b, upto, rate } = value as { [K in keyof AckMessage]?: unknown };
    if (!Number.isSafeInteger(b) || !Number.isSafeInteger(upto)) return;
    this.stats.acks++;
    if (typeof rate === "number") this.#sender.backfillRate = rate;
    const trimmed = this.#spool.trim(b as number, upto as number);
    this.#sender.acknowledged(b as number, upto as number, trimmed);
  }

  #sendLive({ lane, device, boot, seq, records }: SpooledEnvelope, done: Done): void {
    const { site, edge, root } = this.#options;
    const topic = lane === "t" ? topics.telemetry : lane === "raw" ? topics.raw : topics.event;
    this.stats.sent++;
    this.#publish(topic(site, edge, device, root), `{"v":1,"b":${boot},"q":${seq},"r":${records}}`, done);
  }

  #sendBackfill(envelopes: readonly SpooledEnvelope[], done: Done): void {
    // Names of devices and lanes need no escapes; the records are JSON already.
    const entries = envelopes.map(
      (e) => `{"d":"${e.device}","k":"${e.lane}","v":1,"b":${e.boot},"q":${e.seq},"r":${e.records}}`,
    );
    this.stats.backfilled += envelopes.length;
    this.#publish(this.#topic.backfill, `{"v":1,"bf":[${entries.join(",")}]}`, done);
  }

  #publish(topic: string, payload: string, done: Done): void {
    if (this.#client === null) done(new Error("not connected"));
    else this.#client.publish(topic, payload, { qos: 1 }, (error) => done(error ?? undefined));
  }

  /** Whether a frame would be sent now: none while the hub is away, and a few on their way at once. */
  get takesFrames(): boolean {
    return this.connected && this.#framesInFlight < FRAMES_AT_ONCE;
  }

  /** Frames are samples: what cannot be sent now is dropped, never queued. @returns whether it was sent */
  frame(device: string, header: FrameHeader, jpeg: Buffer): boolean {
    const { site, edge, root } = this.#options;
    const client = this.#client;
    const head = Buffer.from(JSON.stringify(header));
    if (client === null || !this.takesFrames || jpeg.length + head.length + 4 > LANE_LIMIT.frame) {
      this.stats.framesDropped++;
      return false;
    }
    const length = Buffer.alloc(4);
    length.writeUInt32BE(head.length);
    this.#framesInFlight++;
    this.stats.frames++;
    const payload = Buffer.concat([length, head, jpeg]);
    client.publish(topics.frame(site, edge, device, root), payload, { qos: 1 }, () => {
      if (client === this.#client) this.#framesInFlight--;
    });
    return true;
  }

  #heartbeat(): void {
    if (this.#client === null || !this.connected) return;
    const beat = composeHeartbeat(this.#spool, this.#options.now(), this.#hooks.sources(), this.#hooks.receivers?.());
    this.#client.publish(this.#topic.h, beat, { qos: 0 });
  }

  /** Says goodbye (`why: stop`) and waits a few seconds at most; what was not acknowledged stays in the spool. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    clearInterval(this.#beat);
    clearTimeout(this.#beatSoon);
    this.#beat = this.#beatSoon = undefined;
    this.#sender.close();
    const client = this.#client;
    if (client === null) return;
    let said = false;
    if (this.connected) {
      const bye: StateMessage = { s: "off", b: this.#spool.boot, why: "stop", ts: this.#options.now() };
      said = await within(
        GOODBYE_MS,
        client.publishAsync(this.#topic.state, JSON.stringify(bye), { qos: 1, retain: true }),
      );
    }
    // mqtt.js sends DISCONNECT, which makes the broker drop the will, only when nothing is on its way. Records stay in the spool and
    // frames are samples: forget them. A goodbye that was not acknowledged leaves the word to the will.
    if (said) for (const id of Object.keys(client.outgoing)) client.removeOutgoingMessage(Number(id));
    await within(GOODBYE_MS, client.endAsync(!said));
    client.stream.destroy();
    this.connected = false;
    this.#client = null;
  }
}

/** @returns whether the work succeeded in time */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  const done = work.then(
    () => true,
    () => false,
  );
  const inTime = await Promise.race([done, late]);
  clearTimeout(timer);
  return inTime;
}
