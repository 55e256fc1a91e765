import { join } from "node:path";
import type { Logger } from "pino";
import type { AgentConfig, SourceConfig } from "./config.ts";
import { AisTcpSource, AisUdpSource } from "./sources/ais.ts";
import { CameraSource } from "./sources/camera.ts";
import { gb26875Stations } from "./sources/gb26875.ts";
import { HttpSource } from "./sources/http.ts";
import { jt808Stations } from "./sources/jt808.ts";
import { sl651Stations } from "./sources/sl651.ts";
import type { Source, SourceContext } from "./sources/source.ts";
import { StreamServerSource } from "./sources/stream-server.ts";
import { UdpSource } from "./sources/udp.ts";
import { Spool } from "./spool.ts";
import { Uplink } from "./uplink.ts";

export const AGENT_VERSION = "gridhub-edge/0.1.0";

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
    case "snapshot":
    case "onvif":
      return new CameraSource(config);
    case "sl651":
      return new StreamServerSource(config, sl651Stations);
    case "jt808":
      return new StreamServerSource(config, jt808Stations());
    case "gb26875":
      return new StreamServerSource(config, gb26875Stations);
  }
}

/** The agent: sources -> spool -> uplink. The composition root of the edge; the only file that knows every part. */
export class Agent {
  readonly #config: AgentConfig;
  readonly #log: Logger;
  readonly #sources: Source[];
  readonly #status = new Map<string, string>();
  readonly spool: Spool;
  readonly uplink: Uplink;

  constructor(config: AgentConfig, log: Logger, now: () => number = Date.now) {
    this.#config = config;
    this.#log = log;
    this.#sources = config.sources.map(createSource);
    this.spool = new Spool({ file: join(config.data_dir, "spool.db"), maxBytes: config.spool_bytes, gatherMs: 5, now });
    const [site, edge] = config.hub.username.split("/");
    this.uplink = new Uplink(
      {
        url: config.hub.url,
        site,
        edge,
        token: config.hub.token,
        root: config.hub.root,
        window: config.window,
        latenessMs: config.lateness_ms,
        heartbeatMs: config.heartbeat_ms,
        now,
        log,
      },
      this.spool,
    );
    this.uplink.sources = () => Object.fromEntries(this.#status);
    this.#context = {
      now,
      log,
      devices: new Set(config.devices.map((device) => device.id)),
      emit: (lane, device, records) => this.spool.append(lane, device, records),
      frame: (device, header, jpeg) => this.uplink.frame(device, header, jpeg),
      status: (device, code) => this.#setStatus(device, code),
    };
  }

  readonly #context: SourceContext;

  #setStatus(device: string, code: string): void {
    const before = this.#status.get(device);
    if (before === code) return;
    this.#status.set(device, code);
    // The first "ok" is no news; everything else should not wait for the next heartbeat.
    if (before === undefined && code === "ok") return;
    this.#log.info({ device, code }, "source status");
    this.uplink.beatNow();
  }

  async start(): Promise<void> {
    const { devices, spool_bytes } = this.#config;
    this.spool.start();
    const { bytes } = this.spool.stats();
    this.uplink.start({ agent: AGENT_VERSION, devices, spool: { bytes, limit: spool_bytes }, clock: "system" });
    for (const source of this.#sources) await source.start(this.#context);
    this.#log.info(
      { devices: devices.length, sources: this.#sources.length, boot: this.spool.boot },
      "edge agent runs",
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.stop()));
    this.spool.flush();
    await this.uplink.stop();
    this.spool.close();
  }
}
