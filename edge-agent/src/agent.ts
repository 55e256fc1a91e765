import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EnvelopeRecord } from "@gridhub/device-profiles/envelope.ts";
import type { Logger } from "pino";
import { ClipSender } from "./clip-sender.ts";
import type { AgentConfig, SourceConfig } from "./config.ts";
import { EvidenceRing } from "./evidence-ring.ts";
import { EvidenceServer } from "./evidence-server.ts";
import { AisTcpSource, AisUdpSource } from "./sources/ais.ts";
import { AisFileSource } from "./sources/ais-file.ts";
import { aisSerialSource } from "./sources/ais-serial.ts";
import { AisServerSource } from "./sources/ais-server.ts";
import { CameraSource } from "./sources/camera.ts";
import { gb26875Stations } from "./sources/gb26875.ts";
import { HttpSource } from "./sources/http.ts";
import { jt808Stations } from "./sources/jt808.ts";
import { sl651Stations } from "./sources/sl651.ts";
import { ReceiverTally } from "./sources/receiver-tally.ts";
import type { Source, SourceContext } from "./sources/source.ts";
import { StreamServerSource } from "./sources/stream-server.ts";
import { UdpSource } from "./sources/udp.ts";
import { Spool, type SpoolLane } from "./spool.ts";
import { SpoolError } from "./spool-error.ts";
import { type EvidenceReport, Twin } from "./twin.ts";
import { Uplink } from "./uplink.ts";

export const AGENT_VERSION = "gridhub-edge/0.1.0";

const GATHER_MS = 5;

function createSource(config: SourceConfig): Source {
  switch (config.kind) {
    case "http":
      return new HttpSource(config);
    case "udp":
      return new UdpSource(config);
    case "ais-udp":
      return new AisUdpSource(config);
    case "ais-tcp":
      return new AisTcpSource(config);
    case "ais-server":
      return new AisServerSource(config);
    case "ais-serial":
      return aisSerialSource(config);
    case "ais-file":
      return new AisFileSource(config);
    case "snapshot":
    case "onvif":
    case "rtsp":
    case "video":
    case "folder":
      return new CameraSource(config);
    case "sl651":
      return new StreamServerSource(config, sl651Stations);
    case "jt808":
      return new StreamServerSource(config, jt808Stations());
    case "gb26875":
      return new StreamServerSource(config, gb26875Stations);
  }
}

function evidenceOf({ evidence, data_dir, disk_reserve_bytes }: AgentConfig, log: Logger, now: () => number) {
  if (evidence === undefined) return null;
  const dir = join(data_dir, "evidence");
  // Twice what the spool leaves free: evidence gives way long before records are refused.
  const reserveBytes = 2 * disk_reserve_bytes;
  const keepMs = evidence.seconds * 1000;
  const ring = new EvidenceRing({ dir, keepMs, maxBytes: evidence.bytes, reserveBytes, now, log });
  return { ring, server: new EvidenceServer(ring, evidence.token, now) };
}

function evidenceReport({ evidence }: AgentConfig): EvidenceReport | undefined {
  if (evidence === undefined) return undefined;
  const { seconds, upload_bytes, url } = evidence;
  return { keep_ms: seconds * 1000, upload: upload_bytes > 0, ...(url !== undefined && { url }) };
}

/** The agent: sources -> spool -> uplink. The composition root of the edge; the only file that knows every part. */
export class Agent {
  readonly #config: AgentConfig;
  readonly #log: Logger;
  readonly #sources: Source[];
  readonly #status = new Map<string, string>();
  readonly #receivers = new Map<string, ReceiverTally>();
  readonly #twin: Twin;
  readonly #context: SourceContext;
  #recovery: Promise<void> = Promise.resolve();
  readonly #clips: ClipSender;
  readonly #evidence: { readonly ring: EvidenceRing; readonly server: EvidenceServer } | null;
  readonly spool: Spool;
  readonly uplink: Uplink;

  constructor(config: AgentConfig, log: Logger, now: () => number = Date.now) {
    this.#config = config;
    this.#log = log;
    this.#sources = config.sources.map(createSource);
    const cameras = new Map(this.#cameras().map((camera) => [camera.device, camera.pace]));
    this.#twin = new Twin({ heartbeat_ms: config.heartbeat_ms, cameras }, evidenceReport(config));
    this.spool = new Spool({
      file: join(config.data_dir, "spool.db"),
      maxBytes: config.spool_bytes,
      gatherMs: GATHER_MS,
      reserveBytes: config.disk_reserve_bytes,
      now,
      log,
    });
    this.#evidence = evidenceOf(config, log, now);
    const { url, token, root, ca_file } = config.hub;
    const [site, edge] = config.hub.username.split("/");
    this.uplink = new Uplink(
      {
        url,
        site,
        edge,
        token,
        root,
        ...(ca_file === undefined ? {} : { ca: readFileSync(ca_file) }),
        window: config.window,
        latenessMs: config.lateness_ms,
        heartbeatMs: config.heartbeat_ms,
        now,
        log,
      },
      this.spool,
      {
        birth: () => ({
          agent: AGENT_VERSION,
          devices: config.devices,
          spool: { bytes: this.spool.stats().bytes, limit: config.spool_bytes },
          clock: "system",
        }),
        sources: () => this.#status,
        receivers: () => this.#receivers,
        desired: (desired) => this.#desired(desired, now()),
        command: (id, command) => this.#clips.ask(id, command),
      },
    );
    const hourBytes = config.evidence?.upload_bytes ?? 0;
    this.#clips = new ClipSender({
      ring: hourBytes > 0 ? (this.#evidence?.ring ?? null) : null,
      devices: new Set(cameras.keys()),
      hourBytes,
      answer: (id, payload) => this.uplink.answer(id, payload),
      now,
      log,
    });
    this.#context = {
      now,
      log,
      devices: new Set(config.devices.map((device) => device.id)),
      emit: (lane, device, records) => this.#emit(lane, device, records),
      takesFrames: () => this.uplink.takesFrames,
      frame: (device, header, jpeg) => this.uplink.frame(device, header, jpeg),
      evidence: (device, ts, picture) => this.#evidence?.ring.add(device, ts, picture),
      receiver: (device) => this.#receiver(device),
      status: (device, code) => this.#setStatus(device, code),
    };
  }

  #cameras(): CameraSource[] {
    return this.#sources.filter((source) => source instanceof CameraSource);
  }

  #receiver(device: string): ReceiverTally {
    let tally = this.#receivers.get(device);
    if (tally === undefined) this.#receivers.set(device, (tally = new ReceiverTally()));
    return tally;
  }

  async #emit(lane: SpoolLane, device: string, records: readonly EnvelopeRecord[]): Promise<void> {
    try {
      await this.spool.append(lane, device, records);
    } catch (error) {
      // A record that is too large is its sender's fault, the rest is ours.
      if (error instanceof SpoolError && error.code !== "too_large") this.#setStatus(device, "spool");
      throw error;
    }
    if (this.#status.get(device) === "spool") this.#setStatus(device, "ok");
  }

  #setStatus(device: string, code: string): void {
    const before = this.#status.get(device);
    if (before === code) return;
    this.#status.set(device, code);
    // The first "ok" is no news; everything else should not wait for the next heartbeat.
    if (before === undefined && code === "ok") return;
    this.#log.info({ device, code }, "source status");
    this.uplink.beatSoon();
  }

  #desired(desired: unknown, now: number): object {
    if (desired !== null) {
      const running = this.#twin.apply(desired);
      this.uplink.heartbeatMs = running.heartbeat_ms;
      for (const camera of this.#cameras()) camera.pace = running.cameras.get(camera.device) ?? camera.pace;
      this.#log.info({ report: this.#twin.report(now) }, "configuration from the hub");
    }
    return this.#twin.report(now);
  }

  /** @throws Error when the spool cannot be used or a source cannot listen; nothing is left running then */
  async start(): Promise<void> {
    this.#openSpool();
    try {
      await this.#startEvidence();
      for (const source of this.#sources) await source.start(this.#context);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.uplink.start();
    const { devices, sources } = this.#config;
    this.#log.info({ devices: devices.length, sources: sources.length, boot: this.spool.boot }, "edge agent runs");
  }

  async #startEvidence(): Promise<void> {
    const settings = this.#config.evidence;
    if (this.#evidence === null || settings === undefined) return;
    await this.#evidence.ring.start().catch((error: Error) => {
      // Records and alarms do not wait for a folder of pictures.
      this.#log.error({ err: error.message }, "evidence cannot be kept");
    });
    const port = await this.#evidence.server.start(settings.host, settings.port);
    this.#log.info({ host: settings.host, port }, "evidence is kept");
  }

  #openSpool(): void {
    this.spool.onDamage = () => {
      this.#recovery = this.#recovery.then(() => this.#recover());
    };
    this.spool.start();
  }

  /** A damaged spool: the file is moved aside, what can be read goes into a new one, and the hub hears of the new boot. */
  async #recover(): Promise<void> {
    if (this.#stopped) return;
    this.#log.error("the spool is damaged; opening it anew");
    await this.uplink.stop();
    try {
      this.spool.close();
      this.#openSpool();
      this.uplink.start();
    } catch (error) {
      // Appends are refused and say so; a supervisor's restart may find the disk better.
      this.#log.fatal({ err: (error as Error).message }, "the spool cannot be opened");
    }
  }

  #stopped = false;

  /** Ends the sources first, so that what they took is in the spool, then says goodbye to the hub. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#recovery;
    await Promise.all(this.#sources.map((source) => source.stop()));
    await this.#clips.stop();
    await this.#evidence?.server.stop();
    await this.#evidence?.ring.flush();
    this.spool.flush();
    await this.uplink.stop();
    this.spool.close();
  }
}
