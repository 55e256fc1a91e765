import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { createHash, timingSafeEqual } from "node:crypto";
import type { ForeignDoor, ForeignPublish, Message, MessageSink, Settle } from "../message.ts";
import type { FoldStateRow } from "../store/batch.ts";
import type { Adapter, DescribedDevice } from "./adapter.ts";
import type { AdapterConfig } from "./adapter-config.ts";
import { createAdapter } from "./create-adapter.ts";
import { type Place, Translation } from "./translation.ts";

export interface GateOptions {
  readonly adapters: readonly AdapterConfig[];
  /** topic root of the contract */
  readonly root: string;
  readonly profileOf: (edgeKey: string, device: string) => CompiledProfile | undefined;
  /** whether the edge's credential was withdrawn */
  readonly disabled?: (edgeKey: string) => boolean;
  /** answers to publishers; set before the broker starts */
  readonly publish: (topic: string, payload: Buffer | string) => void;
}

/** Who a further credential of an adapter is. */
export interface AdapterPrincipal {
  readonly site: string;
  readonly edge: string;
  readonly device?: string;
}

interface Entry {
  readonly config: AdapterConfig;
  readonly edgeKey: string;
  readonly adapter: Adapter;
  readonly place: Place;
  readonly devices: Set<string>;
  /** prefix of its rows */
  readonly row: string;
  translated: number;
  refused: number;
}

export interface AdapterStatus {
  readonly kind: string;
  readonly edge: string;
  readonly topics: readonly string[];
  readonly devices: number;
  /** messages of the contract that came of it, and publishes or parts of them that were refused */
  readonly translated: number;
  readonly refused: number;
  readonly described: readonly DescribedDevice[];
}

/**
 * The door for other formats: picks the adapter by the credential's edge (at an external broker by topic), translates, and settles the
 * publish when everything it became is stored.
 */
export class AdapterGate implements ForeignDoor {
  readonly #options: GateOptions;
  readonly #entries: Entry[];
  readonly #byEdge = new Map<string, Entry[]>();
  readonly #publishers = new Map<string, { readonly password: Buffer | null; readonly principal: AdapterPrincipal }>();
  #loaded = false;

  /** @throws HubError CONFIG_INVALID where an adapter lacks what its kind needs */
  constructor(options: GateOptions) {
    this.#options = options;
    this.#entries = options.adapters.map((config, i) => this.#entry(config, i));
    for (const entry of this.#entries) {
      this.#byEdge.set(entry.edgeKey, [...(this.#byEdge.get(entry.edgeKey) ?? []), entry]);
      const { site, edge, publishers = [] } = entry.config;
      for (const { username, password, device } of publishers) {
        this.#publishers.set(digestOf(username).toString("hex"), {
          password: password === undefined ? null : digestOf(password),
          principal: { site, edge, device },
        });
      }
    }
  }

  #entry(config: AdapterConfig, i: number): Entry {
    const edgeKey = `${config.site}/${config.edge}`;
    const { root, profileOf } = this.#options;
    const place: Place = {
      root,
      site: config.site,
      edge: config.edge,
      profileOf: (device) => profileOf(edgeKey, device),
    };
    const same = this.#options.adapters
      .slice(0, i)
      .filter((c) => c.kind === config.kind && `${c.site}/${c.edge}` === edgeKey);
    return {
      config,
      edgeKey,
      adapter: createAdapter(config),
      place,
      devices: new Set(),
      row: `${edgeKey} ${config.kind} ${same.length} `,
      translated: 0,
      refused: 0,
    };
  }

  get filters(): readonly string[] {
    return [...new Set(this.#entries.flatMap(({ adapter }) => adapter.topics.map((topic) => topic.filter)))];
  }

  /** Edges that must exist before the broker starts. */
  get edges(): { readonly site: string; readonly edge: string }[] {
    return [...this.#byEdge.values()].map(([{ config }]) => ({ site: config.site, edge: config.edge }));
  }

  /** A further credential of an adapter; null where it is none. Equal work whatever is wrong. */
  authenticate = (username: string, token: string): AdapterPrincipal | null => {
    const publisher = this.#publishers.get(sha256(username).toString("hex"));
    if (publisher === undefined) return null;
    const { password, principal } = publisher;
    if (password !== null && !timingSafeEqual(password, sha256(token))) return null;
    return this.#options.disabled?.(`${principal.site}/${principal.edge}`) === true ? null : principal;
  };

  owns(edgeKey: string): boolean {
    return this.#byEdge.has(edgeKey);
  }

  maySubscribe(edgeKey: string, filter: string): boolean {
    return (this.#byEdge.get(edgeKey) ?? []).some(({ adapter }) =>
      adapter.downlinks.some((own) => covers(own, filter)),
    );
  }

  limit(edgeKey: string): number {
    return Math.max(0, ...(this.#byEdge.get(edgeKey) ?? []).map(({ config }) => config.limits.payload_bytes));
  }

  accept(
    publish: ForeignPublish,
    publisher: { readonly edge: string; readonly device?: string } | null,
    sink: MessageSink,
    settle: Settle,
  ): boolean {
    const entries = publisher === null ? this.#entries : (this.#byEdge.get(publisher.edge) ?? []);
    for (const entry of entries) {
      const { topics } = entry.adapter;
      for (let template = 0; template < topics.length; template++) {
        const parts = topics[template].match(publish.topic);
        if (parts === null) continue;
        if (publish.payload.length > entry.config.limits.payload_bytes) {
          entry.refused++;
          sink.refuse(publish.topic, publish.payload, entry.edgeKey, "payload_too_large", publish.rx);
          settle();
          return true;
        }
        const out = new Translation({ ...publish, parts, template, bound: publisher?.device ?? null }, entry.place);
        const problem = entry.adapter.translate(out);
        if (problem !== null) out.refuse(problem);
        this.#deliver(entry, out, sink, settle);
        return true;
      }
    }
    return false;
  }

  #deliver(entry: Entry, out: Translation, sink: MessageSink, settle: Settle): void {
    const { topic, payload, rx } = out.foreign;
    const { site, edge } = entry.config;
    const messages: Message[] = out.messages.filter(({ device }) => this.#admits(entry, device, out));
    for (const refused of out.refused.slice(0, MAX_LETTERS))
      messages.push({ topic, site, edge, lane: "telemetry", device: "", payload, rx, refused });
    entry.translated += messages.length;
    entry.refused += out.refused.length;
    for (const reply of out.replies) this.#options.publish(reply.topic, reply.payload);
    if (messages.length === 0) settle();
    else {
      const done = all(messages.length, settle);
      for (const message of messages) sink.accept(message, done);
    }
  }

  #admits({ devices, config }: Entry, device: string, out: Translation): boolean {
    if (device === "" || devices.has(device)) return true;
    if (devices.size < config.limits.devices) {
      devices.add(device);
      return true;
    }
    out.refuse({ reason: "device_limit", detail: `${device}: ${devices.size} devices already (limits.devices)` });
    return false;
  }

  /** What adapters must know after a restart. Later loads follow a failed commit: memory is ahead of it and is written again. */
  load(rows: readonly FoldStateRow[]): void {
    const own = rows.filter(({ room }) => room === "adapters");
    for (const { adapter, row } of this.#entries) {
      if (this.#loaded) adapter.redrain?.();
      else
        adapter.load?.(
          own.filter(({ key }) => key.startsWith(row)).map(({ key, state }) => ({ key: key.slice(row.length), state })),
        );
    }
    this.#loaded = true;
  }

  drain(out: FoldStateRow[]): void {
    for (const { adapter, row } of this.#entries)
      for (const { key, state } of adapter.drain?.() ?? []) out.push({ room: "adapters", key: row + key, state });
  }

  /** Asks the other sides to introduce themselves; the broker runs. */
  greet(): void {
    for (const { adapter } of this.#entries)
      for (const { topic, payload } of adapter.greetings ?? []) this.#options.publish(topic, payload);
  }

  status(): AdapterStatus[] {
    return this.#entries.map(({ config, edgeKey, adapter, devices, translated, refused }) => ({
      kind: config.kind,
      edge: edgeKey,
      topics: adapter.topics.map(({ text }) => text),
      devices: devices.size,
      translated,
      refused,
      described: adapter.describe?.() ?? [],
    }));
  }
}

/** Letters that one publish may become: a gateway's report of a thousand bad devices is one fault, not a thousand. */
const MAX_LETTERS = 20;

function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}

/** Of a credential in the settings: the secret itself, or `sha256:<hex>` of it, so that the file holds nothing to steal. */
function digestOf(text: string): Buffer {
  const hashed = /^sha256:([0-9a-f]{64})$/.exec(text);
  return hashed === null ? sha256(text) : Buffer.from(hashed[1], "hex");
}

/** Settles once, when the last of `n` is settled; the first error wins. */
function all(n: number, settle: Settle): Settle {
  let waiting = n;
  let first: Error | undefined;
  return (error) => {
    first ??= error;
    if (--waiting === 0) settle(first);
  };
}

/** Whether every topic of `filter` is one of `own` (which may end in `#` or have `+` levels). */
function covers(own: string, filter: string): boolean {
  const a = own.split("/");
  const b = filter.split("/");
  for (let i = 0; i < a.length; i++) {
    if (a[i] === "#") return b.length > i || b[i] === "#";
    if (i >= b.length || b[i] === "#" || (a[i] !== "+" && a[i] !== b[i])) return false;
  }
  return a.length === b.length;
}
