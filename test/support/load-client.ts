import { topics } from "@gridhub/device-profiles/topic.ts";
import { connect, type MqttClient } from "mqtt";

export interface LoadClientOptions {
  readonly url: string;
  readonly username: string;
  readonly token: string;
  readonly boot: number;
  readonly window: number;
  readonly profile: string;
  /** topic lane and records of message `q` */
  readonly message: (q: number) => { readonly lane: "telemetry" | "raw"; readonly records: readonly object[] };
}

/**
 * A device that never gives up: publishes numbered messages with a bounded window, reconnects for ever, and sends again with the
 * same number whatever was not acknowledged. It knows exactly what the hub has acknowledged.
 */
export class LoadClient {
  readonly acknowledged = new Set<number>();
  readonly #options: LoadClientOptions;
  readonly #site: string;
  readonly #edge: string;
  /** names of devices are unique in their site */
  readonly #device: string;
  #next = 1;
  #unacked = new Set<number>();
  #running = true;
  #limit = Number.POSITIVE_INFINITY;
  #client: MqttClient | null = null;
  #done: (() => void) | null = null;
  #generation = 0;

  constructor(options: LoadClientOptions) {
    this.#options = options;
    [this.#site, this.#edge] = options.username.split("/");
    this.#device = `device-of-${this.#edge}`;
  }

  start(): void {
    this.#connect();
  }

  /** Sends no new messages and resolves when all that were sent are acknowledged. */
  async drain(): Promise<void> {
    this.#limit = this.#next - 1;
    if (this.#unacked.size > 0) await new Promise<void>((resolve) => (this.#done = resolve));
  }

  get sent(): number {
    return this.#next - 1;
  }

  #connect(): void {
    if (!this.#running) return;
    const { url, username, token, boot } = this.#options;
    const generation = ++this.#generation;
    const client = connect(url, { username, password: token, clean: true, reconnectPeriod: 0, connectTimeout: 3000 });
    this.#client = client;
    client.on("error", () => {});
    client.on("close", () => {
      client.end(true);
      if (generation === this.#generation) setTimeout(() => this.#connect(), 100);
    });
    client.on("connect", () => {
      const first = Math.min(this.#next, ...this.#unacked);
      client.publish(topics.state(this.#site, this.#edge), JSON.stringify({ s: "on", b: boot, q: first }), { qos: 1 });
      const meta = { agent: "test", devices: [{ id: this.#device, profile: this.#options.profile }] };
      client.publish(topics.meta(this.#site, this.#edge), JSON.stringify(meta), { qos: 1 }, (error) => {
        if (error || generation !== this.#generation) return;
        for (const q of [...this.#unacked].sort((a, b) => a - b)) this.#publish(client, q);
        this.#fill(client);
      });
    });
  }

  #fill(client: MqttClient): void {
    while (this.#running && this.#unacked.size < this.#options.window && this.#next <= this.#limit) {
      const q = this.#next++;
      this.#unacked.add(q);
      this.#publish(client, q);
    }
    if (this.#unacked.size === 0 && this.#next > this.#limit) this.#done?.();
  }

  #publish(client: MqttClient, q: number): void {
    const { lane, records } = this.#options.message(q);
    const topic = topics[lane](this.#site, this.#edge, this.#device);
    client.publish(topic, JSON.stringify({ v: 1, b: this.#options.boot, q, r: records }), { qos: 1 }, (error) => {
      if (error) return;
      this.#unacked.delete(q);
      this.acknowledged.add(q);
      if (client === this.#client) this.#fill(client);
    });
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#generation++;
    await this.#client?.endAsync(true);
  }
}
