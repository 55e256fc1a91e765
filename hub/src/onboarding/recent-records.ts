import type { Lane } from "@gridhub/device-profiles/topic.ts";
import type { Message, MessageSink, Settle } from "../message.ts";
import { samplesOf } from "./sample.ts";

/** One record of values, as a device sent it. */
export interface RecentRecord {
  /** sample time, ms UTC */
  readonly ts: number;
  readonly m: Readonly<Record<string, unknown>>;
}

export interface RecentOptions {
  /** messages kept of each device; default 5 */
  readonly each?: number;
  /** devices; those heard first leave. Default 2,000 */
  readonly devices?: number;
  /** one message at most in this time, ms; default 5 */
  readonly everyMs?: number;
}

const LANES: ReadonlySet<Lane> = new Set(["telemetry", "event"]);
/** Longer messages are not kept, bytes: 2,000 devices hold 40 MB at most. */
const MAX_BYTES = 4096;

/**
 * Records of values are stored as readings, not as they came, so that nothing could be tried on them. This keeps the newest
 * messages of each device, in memory only and thinned: it stands before the pipeline and costs a message one comparison.
 */
export class RecentRecords {
  readonly #each: number;
  readonly #devices: number;
  readonly #everyMs: number;
  readonly #kept = new Map<string, Message[]>();
  #last = -Infinity;

  constructor({ each = 5, devices = 2000, everyMs = 5 }: RecentOptions = {}) {
    this.#each = each;
    this.#devices = devices;
    this.#everyMs = everyMs;
  }

  /** The sink with an eye on it. */
  before(sink: MessageSink): MessageSink {
    return {
      accept: (message: Message, settle: Settle) => {
        if (message.rx - this.#last >= this.#everyMs) this.#note(message);
        sink.accept(message, settle);
      },
      refuse: (...args) => sink.refuse(...args),
    };
  }

  #note(message: Message): void {
    if (!LANES.has(message.lane) || message.payload.length > MAX_BYTES) return;
    this.#last = message.rx;
    const key = `${message.site}/${message.device}`;
    const list = this.#kept.get(key) ?? [];
    this.#kept.delete(key);
    this.#kept.set(key, list);
    if (list.length >= this.#each) list.shift();
    // a payload may be a view of a much larger piece of what came over the wire
    list.push({ ...message, payload: Buffer.from(message.payload) });
    if (this.#kept.size > this.#devices) this.#kept.delete(this.#kept.keys().next().value as string);
  }

  /** Of one device, oldest first. @param uid `<site>/<name>` */
  of(uid: string): RecentRecord[] {
    return (this.#kept.get(uid) ?? []).flatMap(({ lane, device, payload, rx }) =>
      samplesOf(lane, device, payload, rx).flatMap((sample) =>
        sample.kind === "json" ? [{ ts: sample.ts, m: sample.m }] : [],
      ),
    );
  }
}
