import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { StateMessage } from "@gridhub/device-profiles/envelope.ts";
import { topics } from "@gridhub/device-profiles/topic.ts";
import { Aedes } from "aedes";

export const ROOT = "gridhub/v1";
export const PREFIX = topics.prefix("town", "edge-1", ROOT);
export const ACK = topics.ack("town", "edge-1", ROOT);

interface Heard {
  /** what follows the edge's prefix */
  readonly lane: string;
  readonly retain: boolean;
  readonly value: Record<string, unknown>;
}

/** A broker that stores what it hears and acknowledges it as a hub does: what is contiguous from where `state` said a boot begins. */
export class SmallHub {
  readonly heard: Heard[] = [];
  readonly connects: string[] = [];
  /** boot/seq -> times it came */
  readonly stored = new Map<string, number>();
  /** acknowledge what is stored by `ack` */
  acks = true;
  /** lanes whose PUBACK is withheld, as by a hub whose database is down */
  withheld = (_lane: string) => false;
  #upto = new Map<number, number>();
  #aedes: Aedes | null = null;
  #server: Server | null = null;
  #sockets = new Set<Socket>();
  port = 0;

  /** Begins, or comes back with all that it stored. */
  async start(): Promise<void> {
    const aedes = await Aedes.createBroker();
    aedes.authorizePublish = (_client, packet, done) => {
      const lane = packet.topic.slice(PREFIX.length + 1);
      const value = lane.endsWith("/frame") ? {} : (JSON.parse(packet.payload.toString()) as Record<string, unknown>);
      this.heard.push({ lane, retain: packet.retain, value });
      this.#store(lane, value);
      if (!this.withheld(lane)) done(null);
    };
    aedes.on("client", (client) => void this.connects.push(client.id));
    this.#aedes = aedes;
    if (this.#server !== null) return;
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      if (this.#aedes === null) socket.destroy();
      else this.#aedes.handle(socket);
    });
    this.#server = server;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
  }

  #store(lane: string, value: Record<string, unknown>): void {
    if (lane === "state") {
      const { s, b, q = 1, held = [] } = value as unknown as StateMessage;
      if (s !== "on") return;
      for (const [boot, first] of [...held, [b, q] as const])
        this.#upto.set(boot, Math.max(first - 1, this.#upto.get(boot) ?? 0));
    } else if (lane === "backfill") for (const e of value.bf as { b: number; q: number }[]) this.#keep(e.b, e.q);
    else if (/\/(t|raw|e)$/.test(lane)) this.#keep(value.b as number, value.q as number);
    else return;
    if (this.acks) this.acknowledge();
  }

  #keep(boot: number, seq: number): void {
    const place = `${boot}/${seq}`;
    this.stored.set(place, (this.stored.get(place) ?? 0) + 1);
  }

  acknowledge(): void {
    for (const [b, before] of this.#upto) {
      let upto = before;
      while (this.stored.has(`${b}/${upto + 1}`)) upto++;
      this.#upto.set(b, upto);
      this.say(ACK, { b, upto, rate: 2000 });
    }
  }

  say(topic: string, value: unknown, retain = false): void {
    const payload = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
    this.#aedes?.publish({ cmd: "publish", topic, payload, qos: 1, retain, dup: false }, () => {});
  }

  lane(name: string): Record<string, unknown>[] {
    return this.heard.filter((h) => h.lane === name).map((h) => h.value);
  }

  /** "on", "off stop", "off lwt" in the order in which they came. */
  states(): string[] {
    return this.lane("state").map(({ s, why }) => (why === undefined ? String(s) : `${String(s)} ${String(why)}`));
  }

  /** Drops every connection without a word, as a network does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /**
   * Gone until `start`: connections end and new ones are closed at once. The port stays taken, for a free one may be somebody else's by
   * the time the hub comes back.
   */
  async away(): Promise<void> {
    const aedes = this.#aedes;
    if (aedes === null) return;
    this.#aedes = null;
    const closed = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    this.cut();
    await Promise.all(closed);
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
  }

  async stop(): Promise<void> {
    await this.away();
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = once(server, "close");
    server.close();
    this.cut();
    await closed;
  }
}
