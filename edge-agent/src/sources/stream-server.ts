import { createServer, type Server, type Socket } from "node:net";
import type { EnvelopeRecord } from "@gridhub/device-profiles/envelope.ts";
import type { Source, SourceContext } from "./source.ts";
import type { StationServerConfig } from "./station-config.ts";
import { StationConnection } from "./station-connection.ts";
import type { Heard, StationProtocol } from "./station-protocol.ts";

/** base64 bytes of one envelope's frames, well below the limit of a live envelope */
const ENVELOPE_BYTES = 40_000;
/** a port of a record is one byte */
const MAX_SAMPLES = 255;
const WARN_EVERY_MS = 60_000;
/** so long after the last unknown station knocked, the status says "ok" again */
const UNKNOWN_FOR_MS = 600_000;

/**
 * A TCP server for stations that connect, send and wait for an answer. One connection speaks for one station, known by its first
 * intact frame; a station that connects anew replaces its old connection, which may be dead without knowing it. An answer leaves
 * only when the frame is on disk: a station that hears none sends again.
 */
export class StreamServerSource implements Source {
  readonly #config: StationServerConfig;
  readonly #protocol: StationProtocol;
  readonly #stations: ReadonlyMap<string, string>;
  readonly #open = new Set<StationConnection>();
  readonly #byDevice = new Map<string, StationConnection>();
  #server: Server | null = null;
  #context!: SourceContext;
  #lastUnknown = -Infinity;
  #lastWarning = -Infinity;
  /** frames kept, frames that the spool could not take, and connections of stations that are not listed */
  readonly counters = { frames: 0, lost: 0, unknown: 0, skippedBytes: 0 };

  constructor(config: StationServerConfig, protocol: StationProtocol) {
    this.#config = config;
    this.#protocol = protocol;
    this.#stations = new Map(Object.entries(config.stations));
  }

  get port(): number {
    const address = this.#server?.address();
    return typeof address === "object" && address !== null ? address.port : this.#config.port;
  }

  get connections(): number {
    return this.#open.size;
  }

  async start(context: SourceContext): Promise<void> {
    this.#context = context;
    const server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket));
    server.maxConnections = this.#config.max_connections;
    this.#server = server;
    await new Promise<void>((resolve, fail) => {
      server.once("error", fail);
      server.listen(this.#config.port, this.#config.host, () => {
        server.off("error", fail);
        resolve();
      });
    });
    const { kind, host } = this.#config;
    server.on("error", (error) => context.log.warn({ err: error.message, kind }, "station server"));
    context.log.info({ kind, host, port: this.port, stations: this.#stations.size }, "station server listens");
  }

  #accept(socket: Socket): void {
    const { idle_ms, greet_ms } = this.#config;
    const connection: StationConnection = new StationConnection(socket, this.#protocol.stream(), {
      idleMs: idle_ms,
      greetMs: greet_ms,
      frame: (frame) => this.#frame(connection, frame),
      closed: () => this.#closed(connection),
    });
    this.#open.add(connection);
    connection.start();
  }

  #closed(connection: StationConnection): void {
    this.#open.delete(connection);
    this.counters.skippedBytes += connection.skipped;
    if (connection.device !== null && this.#byDevice.get(connection.device) === connection)
      this.#byDevice.delete(connection.device);
  }

  /** @returns the answer, or null; resolves when the frame is on disk */
  async #frame(connection: StationConnection, frame: Uint8Array): Promise<Uint8Array | null> {
    const now = this.#context.now();
    const heard = this.#protocol.hear(frame, now);
    if (heard === null) return null;
    const device = this.#stations.get(heard.station);
    if (device === undefined) return this.#unknown(connection, heard, now);
    if (connection.device !== device && !this.#greet(connection, device)) return null;
    if (heard.keep !== null) {
      try {
        await Promise.all(envelopes(heard, now).map((records) => this.#context.emit("raw", device, records)));
      } catch (error) {
        this.counters.lost++;
        this.#context.status(device, "spool");
        this.#warn(now, { device, err: (error as Error).message }, "the spool refused a frame; it was not answered");
        return null;
      }
      this.counters.frames++;
    }
    this.#context.status(device, "ok");
    if (now - this.#lastUnknown > UNKNOWN_FOR_MS && this.counters.unknown > 0)
      this.#context.status(this.#config.kind, "ok");
    return heard.answer(device);
  }

  /** @returns false when the connection already speaks for another station */
  #greet(connection: StationConnection, device: string): boolean {
    if (connection.device !== null) {
      const { kind } = this.#config;
      this.#warn(this.#context.now(), { kind, device: connection.device }, "one connection, two stations: closed");
      connection.close();
      return false;
    }
    this.#byDevice.get(device)?.close();
    this.#byDevice.set(device, connection);
    connection.speaksFor(device);
    return true;
  }

  #unknown(connection: StationConnection, heard: Heard, now: number): Uint8Array | null {
    const { kind } = this.#config;
    if (connection.device === null) this.counters.unknown++;
    this.#lastUnknown = now;
    this.#context.status(kind, "station_unknown");
    const { unknown } = this.counters;
    this.#warn(now, { kind, station: this.#protocol.label(heard.station), unknown }, "a station that is not listed");
    connection.closeAfterAnswer();
    return heard.answer(null);
  }

  #warn(now: number, fields: object, message: string): void {
    if (now - this.#lastWarning < WARN_EVERY_MS) return;
    this.#lastWarning = now;
    this.#context.log.warn(fields, message);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const connection of this.#open) connection.close();
    await closed;
  }
}

/**
 * The records of a frame: one for each sample, told apart by their port (1 the oldest), so that each has an identity and a time of
 * its own. A frame of one sample, or of none that can be read here, is one record.
 */
export function envelopes(heard: Heard, now: number): EnvelopeRecord[][] {
  const x = Buffer.from(heard.keep ?? []).toString("base64");
  const { times } = heard;
  if (times.length <= 1 || times.length > MAX_SAMPLES) return [[{ ts: timeOf(times[times.length - 1], now), x }]];
  const records = times.map((ts, i): EnvelopeRecord => ({ ts: timeOf(ts, now), x, p: i + 1 }));
  const each = Math.max(1, Math.floor(ENVELOPE_BYTES / x.length));
  const groups: EnvelopeRecord[][] = [];
  for (let i = 0; i < records.length; i += each) groups.push(records.slice(i, i + each));
  return groups;
}

function timeOf(ts: number | undefined, now: number): number {
  return ts !== undefined && ts > 0 ? ts : now;
}
