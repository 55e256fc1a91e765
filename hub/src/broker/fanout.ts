import type { AedesPublishPacket } from "aedes";

type Notify = (packet: AedesPublishPacket, done: () => void) => void;

/** MQTT topic filter match (MQTT 3.1.1 section 4.7). `$` topics are not matched by leading wildcards. */
export function topicMatches(filter: string, topic: string): boolean {
  const f = filter.split("/");
  const t = topic.split("/");
  if (topic.startsWith("$") && (f[0] === "+" || f[0] === "#")) return false;
  for (let i = 0; i < f.length; i++) {
    if (f[i] === "#") return true;
    if (i >= t.length || (f[i] !== "+" && f[i] !== t[i])) return false;
  }
  return f.length === t.length;
}

/**
 * The broker's internal emitter (aedes' `mq`). Unlike mqemitter it never waits for a listener: a subscriber that stopped
 * reading delays nobody else. Nearly all subscriptions are exact (an edge's own `ack`), so those are one map lookup.
 */
export class Fanout {
  readonly concurrency = 0;
  closed = false;
  #exact = new Map<string, Set<Notify>>();
  #wild = new Map<string, Set<Notify>>();

  on(filter: string, notify: Notify, done?: () => void): this {
    const map = filter.includes("+") || filter.includes("#") ? this.#wild : this.#exact;
    let set = map.get(filter);
    if (set === undefined) map.set(filter, (set = new Set()));
    set.add(notify);
    if (done) setImmediate(done);
    return this;
  }

  removeListener(filter: string, notify: Notify, done?: () => void): this {
    for (const map of [this.#exact, this.#wild]) {
      const set = map.get(filter);
      if (set?.delete(notify) && set.size === 0) map.delete(filter);
    }
    if (done) setImmediate(done);
    return this;
  }

  removeAllListeners(filter: string, done?: () => void): this {
    this.#exact.delete(filter);
    this.#wild.delete(filter);
    if (done) setImmediate(done);
    return this;
  }

  /** Whether anybody would get a packet of this topic; false lets the broker skip its whole delivery path. */
  wants(topic: string): boolean {
    if (this.#exact.has(topic)) return true;
    for (const filter of this.#wild.keys()) if (topicMatches(filter, topic)) return true;
    return false;
  }

  emit(packet: AedesPublishPacket, done?: (error?: Error) => void): this {
    const exact = this.#exact.get(packet.topic);
    if (exact) for (const notify of exact) notify(packet, ignore);
    for (const [filter, set] of this.#wild) {
      if (topicMatches(filter, packet.topic)) for (const notify of set) notify(packet, ignore);
    }
    if (done) setImmediate(done);
    return this;
  }

  close(done: () => void): this {
    this.closed = true;
    setImmediate(done);
    return this;
  }
}

function ignore(): void {}
