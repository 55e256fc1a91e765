import type { ServerResponse } from "node:http";
import type { GridEvent } from "../event.ts";
import type { CommitObserver } from "../stages.ts";
import type { CommitBatch, HealthChange } from "../store/batch.ts";
import type { ApiContext } from "./context.ts";
import type { EventView } from "./event-view.ts";
import type { Scope } from "./scope.ts";
import type { StoredRate } from "./stored-rate.ts";
import { type StreamMessage, StreamRing } from "./stream-ring.ts";
import type { Tally } from "./tally.ts";
import { type Move, VesselMoves } from "./vessel-moves.ts";

export const API_VERSION = "0.1.0";

const STATS_MS = 2000;
const POSITIONS_MS = 1000;
const HEARTBEAT_MS = 15_000;
/** A session that ended also ends its streams, within this time, ms. */
const RECHECK_MS = 60_000;
/** A client that has not read this much is dropped; it comes back and resumes or loads again. */
const MAX_BUFFERED = 1_048_576;
const COMMENT = Buffer.from(": still here\n\n");

interface Client {
  readonly response: ServerResponse;
  /** what it sees by the grids in force now */
  readonly scope: () => Scope;
  /** whether the session behind the stream is still valid */
  readonly valid: () => Promise<boolean>;
}

type Needs = Pick<ApiContext, "registry" | "pipeline" | "clock" | "maxStreams" | "grids">;

/**
 * Server-sent events of what was committed. A message is encoded once; all clients that see the same get the same bytes. Nothing
 * here waits for a client, and nothing here is in the path of the readings.
 */
export class Stream implements CommitObserver {
  readonly #of: Needs;
  readonly #view: EventView;
  readonly #tally: Tally;
  readonly #rate: StoredRate;
  readonly #ring: StreamRing;
  readonly #clients = new Set<Client>();
  readonly #moves = new VesselMoves();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #maxClients: number;
  #grids: number;
  /** clients that read too slowly and were dropped */
  dropped = 0;

  constructor(context: Needs, view: EventView, tally: Tally, rate: StoredRate) {
    this.#of = context;
    this.#view = view;
    this.#tally = tally;
    this.#rate = rate;
    this.#maxClients = context.maxStreams ?? 5000;
    this.#grids = context.grids().version;
    // A thousand ids for every ms of the clock: a restarted hub begins above all that it gave before.
    this.#ring = new StreamRing(context.clock() * 1000);
  }

  start(): void {
    this.#rate.sample(this.#of.clock(), this.#of.pipeline.stats.inserted);
    this.#timers.push(
      setInterval(() => this.sendStats(), STATS_MS),
      setInterval(() => this.sendPositions(), POSITIONS_MS),
      setInterval(() => this.#beat(), HEARTBEAT_MS),
      setInterval(() => this.#recheck(), RECHECK_MS),
    );
  }

  close(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    for (const { response } of this.#clients) response.end();
    this.#clients.clear();
  }

  get size(): number {
    return this.#clients.size;
  }

  get full(): boolean {
    return this.#clients.size >= this.#maxClients;
  }

  /**
   * Takes an answer over, whose headers are not sent yet.
   * @param lastId `Last-Event-ID` of a client that comes back; null = a new one
   */
  attach(response: ServerResponse, scope: () => Scope, lastId: string | null, valid: () => Promise<boolean>): void {
    response.useChunkedEncodingByDefault = false; // one write, one buffer, shared by all clients
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      connection: "close",
    });
    const client: Client = { response, scope, valid };
    const missed = lastId === null ? null : this.#ring.after(/^\d{1,16}$/.test(lastId) ? Number(lastId) : -1);
    if (missed === null) {
      const hello = { now: this.#of.clock(), version: API_VERSION };
      response.write(encode(this.#ring.lastId, "hello", hello));
      if (lastId !== null) response.write(encode(this.#ring.lastId, "reset", {}));
    } else {
      response.write(COMMENT); // tells the client at once that it is connected
      send(client, missed);
    }
    this.#clients.add(client);
    const gone = () => this.#clients.delete(client);
    response.on("close", gone);
    response.on("error", gone);
  }

  committed(batch: CommitBatch, events: readonly GridEvent[], now: number): void {
    this.#moves.take(batch.positions, now);
    const messages: StreamMessage[] = [];
    const { version } = this.#of.grids();
    if (version !== this.#grids) {
      this.#grids = version;
      messages.push(this.#message("grids", { version }, () => ({ version })));
    }
    for (const change of batch.health) messages.push(this.#health(change));
    for (const event of events) messages.push(this.#event(event));
    for (const id of recallsIn(batch)) messages.push(this.#message("recall", { id }, () => ({ id })));
    this.#broadcast(messages);
  }

  sendStats(): void {
    const now = this.#of.clock();
    this.#rate.sample(now, this.#of.pipeline.stats.inserted);
    const data = (scope: Scope | null) => ({ now, rate: this.#rate.perSecond, ...this.#tally.of(scope ?? EVERYTHING) });
    this.#broadcast([this.#message("stats", data(null), (scope) => data(scope))]);
  }

  sendPositions(): void {
    const v = this.#moves.drain();
    if (v.length === 0) return;
    const ts = this.#of.clock();
    // The ring keeps bytes, not thousands of rows a second: who comes back has them read out of the frame again.
    let rows: Move[] | null = v;
    const seenBy = (scope: Scope, frame: Buffer) => {
      const seen = (rows ?? movesOf(frame)).filter(([mmsi, lon, lat]) => scope.hasVessel(mmsi, lon, lat));
      return seen.length === 0 ? null : { ts, v: seen };
    };
    this.#broadcast([this.#message("positions", { ts, v }, seenBy)]);
    rows = null;
  }

  #event(event: GridEvent): StreamMessage {
    const info = this.#view.info(event);
    return this.#message("event", info, (scope) => (scope.has(event.gridId) ? info : null));
  }

  #health({ subject, to, reason, ts }: HealthChange): StreamMessage {
    const { registry } = this.#of;
    const key = subject.slice(subject.indexOf(":") + 1);
    const device = subject.startsWith("device:") ? registry.device(key) : undefined;
    const data = { subject, ...(device !== undefined && { uid: device.uid }), to, reason, ts };
    return this.#message("health", data, (scope) => {
      const seen = device === undefined ? scope.hasEdge(key, registry) : scope.hasDevice(device);
      return seen ? data : null;
    });
  }

  /** Ids are given and the ring is filled here, in the order of sending. */
  #message(event: string, data: object, seenBy: (scope: Scope, frame: Buffer) => object | null): StreamMessage {
    const id = this.#ring.nextId();
    const frame = encode(id, event, data);
    const message: StreamMessage = {
      id,
      frame,
      scoped: (scope) => {
        const part = seenBy(scope, frame);
        return part === null ? null : encode(id, event, part);
      },
    };
    this.#ring.push(message);
    return message;
  }

  #broadcast(messages: readonly StreamMessage[]): void {
    if (messages.length === 0 || this.#clients.size === 0) return;
    const shared = new Map<string, Buffer>();
    for (const client of this.#clients) {
      const { response } = client;
      if (response.writableLength > MAX_BUFFERED) {
        this.dropped++;
        this.#clients.delete(client);
        response.destroy();
        continue;
      }
      const scope = client.scope();
      let bytes = shared.get(scope.key);
      if (bytes === undefined) shared.set(scope.key, (bytes = joined(scope, messages)));
      if (bytes.length > 0) response.write(bytes);
    }
  }

  #beat(): void {
    for (const { response } of this.#clients) response.write(COMMENT);
  }

  #recheck(): void {
    for (const { response, valid } of this.#clients) {
      // While the database is away nobody can tell; the stream goes on.
      valid().then(
        (still) => still || response.end(),
        () => {},
      );
    }
  }
}

const EVERYTHING = { grids: null } as Scope;

/** Ids of the recalls that a commit changed, each once; most of its rows are of other rooms. */
function recallsIn({ foldState }: CommitBatch): Iterable<string> {
  let ids: Set<string> | null = null;
  for (const { room, key } of foldState)
    if (room === "recall") (ids ??= new Set()).add(key.slice(key.indexOf(":") + 1));
  return ids ?? [];
}

function encode(id: number, event: string, data: object): Buffer {
  return Buffer.from(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function movesOf(frame: Buffer): Move[] {
  const text = frame.toString();
  return (JSON.parse(text.slice(text.indexOf("data: ") + 6)) as { v: Move[] }).v;
}

/** What a scope sees of the messages, as one piece. Made once for all clients of that scope. */
function joined(scope: Scope, messages: readonly StreamMessage[]): Buffer {
  const frames: Buffer[] = [];
  for (const message of messages) {
    const frame = scope.everything ? message.frame : message.scoped(scope);
    if (frame !== null) frames.push(frame);
  }
  return frames.length === 1 ? frames[0] : Buffer.concat(frames);
}

function send({ response, scope }: Client, messages: readonly StreamMessage[]): void {
  const bytes = joined(scope(), messages);
  if (bytes.length > 0) response.write(bytes);
}
