import { connect, type MqttClient } from "mqtt";
import { Template } from "./mapping/template.ts";
import type { OutboxItem } from "./outbox.ts";
import type { MqttTarget } from "./target.ts";
import { describeError, type Outcome, type Transport } from "./transport.ts";

/** Publishes with QoS 1 at the hub's own broker; `done` once every subscriber there was served or it is on the wire. */
export type OwnBroker = (topic: string, payload: string, done: (error?: Error) => void) => void;

/** Names that a topic template may use beside the event's fields. */
export const TOPIC_NAMES = ["root", "site", "grid"];
const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * `<root>/<site>/out/event/<grid>/<id>` with QoS 1. At the hub's own broker delivered means that whoever is subscribed was served:
 * it keeps nothing for those who are away. At an external broker it means PUBACK.
 */
export class MqttTransport implements Transport {
  readonly timeoutMs: number;
  readonly batch = 1;
  readonly ordered = true;
  readonly origin: string;
  readonly #target: MqttTarget;
  readonly #root: string;
  readonly #topic: Template;
  readonly #own: OwnBroker;
  #client: MqttClient | null = null;

  /** @throws TemplateError for a topic that is wrong */
  constructor(target: MqttTarget, root: string, own: OwnBroker) {
    this.#target = target;
    this.#root = root;
    this.#own = own;
    this.#topic = new Template(target.topic, { timeZone: "UTC", tables: {}, names: TOPIC_NAMES });
    this.timeoutMs = target.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.origin = target.url === "" ? "own broker" : originOf(target.url);
  }

  async send([item]: readonly OutboxItem[], stop: AbortSignal): Promise<Outcome> {
    const event = item.body as Readonly<Record<string, unknown>>;
    const topic = topicOf(this.#topic, event, this.#root);
    const payload = this.#target.mapping?.body(event) ?? JSON.stringify(event);
    const signal = AbortSignal.any([stop, AbortSignal.timeout(this.timeoutMs)]);
    try {
      await new Promise<void>((resolve, reject) => {
        const give = () => reject(signal.reason as Error);
        if (signal.aborted) return give();
        signal.addEventListener("abort", give, { once: true });
        const done = (error?: Error | null) => {
          signal.removeEventListener("abort", give);
          if (error === undefined || error === null) resolve();
          else reject(error);
        };
        if (this.#target.url === "") this.#own(topic, payload, done);
        else this.#publish(topic, payload, signal, done);
      });
      return { kind: "delivered" };
    } catch (error) {
      if (stop.aborted) return { kind: "stopped" };
      return { kind: "failed", error: describeError(error as Error, this.timeoutMs), retryAfterMs: 0 };
    }
  }

  /** A row is held by the outbox, not by a client's queue: what is not acknowledged in time is given back and sent again. */
  #publish(topic: string, payload: string, signal: AbortSignal, done: (error?: Error) => void): void {
    const client = (this.#client ??= this.#connect());
    const go = () => client.publish(topic, payload, { qos: 1 }, done);
    if (client.connected) return void go();
    client.once("connect", go);
    signal.addEventListener("abort", () => client.off("connect", go), { once: true });
  }

  #connect(): MqttClient {
    const { url, username, password, clientId, ca = "" } = this.#target;
    const client = connect(url, {
      clientId,
      username: username === "" ? undefined : username,
      password: password === "" ? undefined : password,
      clean: true,
      protocolVersion: 4,
      reconnectPeriod: 1000,
      connectTimeout: this.timeoutMs,
      queueQoSZero: false,
      ...(ca !== "" && { ca }),
    });
    // Without a listener it would be thrown; the row's time-out tells the rest.
    client.on("error", () => {});
    return client;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.endAsync(true);
  }
}

/** Every value is one level: what MQTT gives a meaning to becomes `_`. */
function topicOf(template: Template, event: Readonly<Record<string, unknown>>, root: string): string {
  const data = event.data as { readonly grid?: { readonly id?: unknown; readonly path?: readonly Cell[] } } | undefined;
  const path = data?.grid?.path ?? [];
  const named = path.map(({ codes }) => codes?.site).find((site) => typeof site === "string");
  const town = path.find(({ level }) => level === "town")?.id;
  const site = named ?? town ?? "none";
  // eslint-disable-next-line no-control-regex
  const level = (text: string) => text.replaceAll(/[/+#\u0000-\u001f]/g, "_") || "none";
  const scope = { ...event, site: level(site), grid: data?.grid?.id ?? "none" };
  // the root has levels of its own
  return template.text({ ...scope, root }, (text) => (text === root ? root : level(text)));
}

interface Cell {
  readonly id: string;
  readonly level: string;
  readonly codes?: Readonly<Record<string, string>>;
}

function originOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
