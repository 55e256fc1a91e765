import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { Value } from "typebox/value";
import type { Message, MessageSink, Settle } from "../message.ts";
import type { FoldStateRow } from "../store/batch.ts";
import { type AdapterConfig, AdapterSchema } from "./adapter-config.ts";
import { AdapterGate } from "./gate.ts";

/** 2025-11-22T02:00:00Z */
export const NOW = 1_763_776_800_000;

interface Sent {
  readonly dup?: boolean;
  readonly retained?: boolean;
  readonly device?: string;
  /** at an external broker nobody is known by a credential */
  readonly external?: boolean;
  readonly rx?: number;
}

/** A gate with one adapter at edge `town/gw`, and what came through it. */
export class GateScene implements MessageSink {
  readonly gate: AdapterGate;
  readonly taken: Message[] = [];
  readonly dropped: { topic: string; reason: string }[] = [];
  readonly replies: { topic: string; payload: Buffer }[] = [];
  readonly profiles = new Map<string, Partial<CompiledProfile>>();
  readonly waiting: Settle[] = [];
  settled = 0;

  /** @param rows what an earlier process kept */
  constructor(config: object, rows: readonly FoldStateRow[] = []) {
    const full = Value.Default(AdapterSchema, { site: "town", edge: "gw", ...config }) as AdapterConfig;
    if (!Value.Check(AdapterSchema, full)) throw new Error(JSON.stringify([...Value.Errors(AdapterSchema, full)]));
    this.gate = new AdapterGate({
      adapters: [full],
      root: "gridhub/v1",
      profileOf: (_edge, device) => this.profiles.get(device) as CompiledProfile | undefined,
      publish: (topic, payload) => this.replies.push({ topic, payload: Buffer.from(payload) }),
    });
    this.gate.load(rows);
  }

  accept(message: Message, settle: Settle): void {
    this.taken.push(message);
    this.waiting.push(settle);
  }

  refuse(topic: string, _payload: Buffer, _edge: string, reason: string): void {
    this.dropped.push({ topic, reason });
  }

  /** @returns whether an adapter took the topic */
  send(topic: string, body: object | string | Buffer, sent: Sent = {}): boolean {
    const { dup = false, retained = false, device, external = false, rx = NOW } = sent;
    const payload = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
    const publisher = external ? null : { edge: "town/gw", device };
    return this.gate.accept({ topic, payload, dup, retained, rx }, publisher, this, () => this.settled++);
  }

  /** What came since the last call, with the payload as JSON; refused parts as their reasons. */
  take(): {
    lane: string;
    device: string;
    topic: string;
    body: Record<string, unknown>;
    reason?: string;
    detail?: string;
  }[] {
    return this.taken
      .splice(0)
      .map(({ lane, device, topic, payload, refused }) =>
        refused === undefined
          ? { lane, device, topic, body: JSON.parse(payload.toString()) as Record<string, unknown> }
          : { lane, device, topic, body: {}, reason: refused.reason, detail: refused.detail },
      );
  }

  /** Reasons of what was refused since the last call; everything else is forgotten. */
  reasons(): (string | undefined)[] {
    return this.take().map(({ reason }) => reason);
  }

  rows(): FoldStateRow[] {
    const out: FoldStateRow[] = [];
    this.gate.drain(out);
    return out;
  }
}
