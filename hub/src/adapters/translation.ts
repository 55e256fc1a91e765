import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { EnvelopeRecord, StateMessage } from "@gridhub/device-profiles/envelope.ts";
import { type Lane, topics } from "@gridhub/device-profiles/topic.ts";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { ForeignPublish, Message, Once } from "../message.ts";
import { deviceName, identityKey } from "./device-name.ts";

/** Where translated messages go and what is known there. */
export interface Place {
  readonly root: string;
  readonly site: string;
  readonly edge: string;
  /** by our name of the device; undefined = not registered */
  profileOf(device: string): CompiledProfile | undefined;
}

/** A foreign publish with what its topic and its credential say. */
export interface Foreign extends ForeignPublish {
  /** named parts of the topic */
  readonly parts: Readonly<Record<string, string>>;
  /** which of the adapter's templates matched */
  readonly template: number;
  /** the device that the credential stands for */
  readonly bound: string | null;
}

const MAX_RECORDS = 500;

/** Collects the messages of the contract that one foreign publish becomes. All are stored before it is acknowledged. */
export class Translation {
  readonly messages: Message[] = [];
  readonly refused: Rejection[] = [];
  /** answers to the publisher's side, sent at once */
  readonly replies: { readonly topic: string; readonly payload: Buffer }[] = [];
  readonly foreign: Foreign;
  readonly #place: Place;

  constructor(foreign: Foreign, place: Place) {
    this.foreign = foreign;
    this.#place = place;
  }

  profileOf(device: string): CompiledProfile | undefined {
    return this.#place.profileOf(deviceName(device));
  }

  /** Values of one device. @param device its name in the foreign system */
  telemetry(device: string, records: readonly EnvelopeRecord[], once: Once): void {
    this.#records(device, "telemetry", records, once);
  }

  /** Undecoded frames of one device. */
  raw(device: string, records: readonly EnvelopeRecord[], once: Once): void {
    this.#records(device, "raw", records, once);
  }

  /** Values that are history whatever their time: they sound no live alarm and make nothing online. */
  historical(device: string, records: readonly EnvelopeRecord[], once: Once): void {
    const { root, site, edge } = this.#place;
    const name = deviceName(device);
    const bf = chunks(records).map((r) => ({ d: name, k: "t", v: 1, r }));
    this.#push("backfill", name, topics.backfill(site, edge, root), { v: 1, bf }, once);
  }

  /** The publisher itself is there, or gone. @param boot grows with every birth */
  state(state: StateMessage): void {
    const { root, site, edge } = this.#place;
    this.#push("state", "", topics.state(site, edge, root), state);
  }

  /** Devices that the publisher says are not there, with a reason code each; all others are. */
  sources(boot: number, unavailable: ReadonlyMap<string, string>): void {
    const { root, site, edge } = this.#place;
    const sources: Record<string, string> = {};
    for (const [device, code] of unavailable) sources[deviceName(device)] = code;
    this.#push("heartbeat", "", topics.heartbeat(site, edge, root), { b: boot, every: 0, sources });
  }

  /** The adapter learned something that it must still know after a restart: acknowledged with the commit that keeps it. */
  keep(): void {
    const { root, site, edge } = this.#place;
    this.#push("twin", "", topics.reported(site, edge, root), {});
  }

  /** The publish, or a part of it, becomes a dead letter. */
  refuse(rejection: Rejection): void {
    this.refused.push(rejection);
  }

  /** Identity of a message with a time of its own, or with nothing but its bytes. See README.md. */
  natural(device: string, ts: number | null): Once {
    const { payload, topic, rx, dup } = this.foreign;
    return {
      key: identityKey(topic, device, payload, ts ?? ""),
      ts: ts ?? rx,
      repeat: ts !== null || dup ? "key" : "never",
    };
  }

  #records(device: string, lane: "telemetry" | "raw", records: readonly EnvelopeRecord[], once: Once): void {
    const { root, site, edge } = this.#place;
    const name = deviceName(device);
    chunks(records).forEach((r, i) => {
      const identity = i === 0 ? once : { ...once, key: identityKey(once.key, i) };
      this.#push(lane, name, topics[lane](site, edge, name, root), { v: 1, r }, identity);
    });
  }

  #push(lane: Lane, device: string, topic: string, body: object, once?: Once): void {
    const { site, edge } = this.#place;
    const payload = Buffer.from(JSON.stringify(body));
    this.messages.push({ topic, site, edge, lane, device, payload, rx: this.foreign.rx, once });
  }
}

function chunks(records: readonly EnvelopeRecord[]): EnvelopeRecord[][] {
  const out: EnvelopeRecord[][] = [];
  for (let i = 0; i < records.length; i += MAX_RECORDS) out.push(records.slice(i, i + MAX_RECORDS));
  return out;
}
