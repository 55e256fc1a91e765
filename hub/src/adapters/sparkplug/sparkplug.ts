import type { EnvelopeRecord } from "@gridhub/device-profiles/envelope.ts";
import { isRejection, reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import { HubError } from "../../errors.ts";
import type { Adapter } from "../adapter.ts";
import type { AdapterConfig } from "../adapter-config.ts";
import { Availability } from "../availability.ts";
import { identityKey } from "../device-name.ts";
import { TopicTemplate } from "../topic-template.ts";
import type { Translation } from "../translation.ts";
import { readPayload, rebirthCommand, type SparkplugMetric, type SparkplugPayload, valueOf } from "./payload.ts";

/** Shortest time between two requests for a birth, ms: a node that does not know the command is not flooded. */
const REBIRTH_MS = 10_000;
const MAX_ALIASES = 50_000;

interface Named {
  readonly name: string;
  readonly datatype: number | null;
}

/**
 * Sparkplug B of one edge node. Values go by alias, so a birth must have been seen: after a start of the hub, after a gap of `seq` and
 * at an unknown alias the node is asked for it. Death certificates become health.
 */
export class Sparkplug implements Adapter {
  readonly topics: readonly TopicTemplate[];
  readonly downlinks: readonly string[];
  readonly #command: string;
  readonly #node: string;
  readonly #rename: Readonly<Record<string, string>>;
  readonly #most: number;
  readonly #availability = new Availability();
  /** device ("" = the node) -> alias -> metric */
  readonly #births = new Map<string, Map<bigint, Named>>();
  /** device -> datatype by name, for metrics that come by name without a type */
  readonly #types = new Map<string, Map<string, number>>();
  #bdSeq: bigint | null = null;
  #seq: number | null = null;
  #asked = -Infinity;

  constructor({ base = "spBv1.0", group, node, rename = {}, limits }: AdapterConfig) {
    if (group === undefined || node === undefined)
      throw new HubError("CONFIG_INVALID", "an adapter of kind sparkplug needs group and node");
    if (/[{}]/.test(group + node))
      throw new HubError("CONFIG_INVALID", "group and node of Sparkplug are names, no templates");
    this.topics = [
      new TopicTemplate(`${base}/${group}/{type}/${node}`),
      new TopicTemplate(`${base}/${group}/{type}/${node}/{device}`),
    ];
    this.downlinks = [`${base}/${group}/NCMD/${node}`, `${base}/${group}/DCMD/${node}/+`, `${base}/STATE/+`];
    this.#command = `${base}/${group}/NCMD/${node}`;
    this.#node = node;
    this.#rename = rename;
    this.#most = limits.devices;
  }

  load(rows: readonly { readonly key: string; readonly state: unknown }[]): void {
    this.#availability.load(rows);
    const kept = rows.find(({ key }) => key === "bdSeq");
    if (kept !== undefined) this.#bdSeq = BigInt(kept.state as string);
  }

  drain(): { key: string; state: unknown }[] {
    const rows = this.#availability.drain();
    // both change with a birth: which death speaks of it must be known after a restart
    if (rows.length > 0 && this.#bdSeq !== null) rows.push({ key: "bdSeq", state: String(this.#bdSeq) });
    return rows;
  }

  redrain(): void {
    this.#availability.redrain();
  }

  translate(out: Translation): Rejection | null {
    const { template, parts } = out.foreign;
    const { type, device = "" } = parts;
    const kind = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
    if (type === "NCMD" || type === "DCMD") return null; // our own commands, or those of another host
    if (kind === undefined || (template === 0) !== type.startsWith("N"))
      return reject("foreign_invalid", `message type ${type.slice(0, 20)}`);
    // the certificate of a death that a broker had kept speaks of a birth that we have not seen
    if (out.foreign.retained) return null;
    const payload = readPayload(out.foreign.payload);
    if (isRejection(payload)) return payload;
    switch (kind) {
      case "birth":
        return this.#birth(device, payload, out);
      case "data":
        if (!this.#follows(payload, out)) this.#askForBirth(out);
        return this.#values(device, payload, out);
      case "death":
        return device === "" ? this.#nodeDeath(payload, out) : this.#deviceDeath(device, payload, out);
    }
  }

  #birth(device: string, payload: SparkplugPayload, out: Translation): Rejection | null {
    if (this.#births.size > this.#most)
      return reject("device_limit", `more than ${this.#most} devices (limits.devices)`);
    const aliases = new Map<bigint, Named>();
    const types = new Map<string, number>();
    for (const { name, alias, datatype } of payload.metrics.slice(0, MAX_ALIASES)) {
      if (name === null) return reject("foreign_invalid", "a birth certificate names every metric");
      if (alias !== null) aliases.set(alias, { name, datatype });
      if (datatype !== null) types.set(name, datatype);
    }
    if (device === "") {
      if (payload.seq === null) return reject("foreign_invalid", "a birth without seq");
      this.#seq = payload.seq;
      this.#bdSeq = bdSeqOf(payload);
      // devices are born anew after their node
      this.#births.clear();
      this.#types.clear();
      out.state({ s: "on", b: this.#availability.born(out.foreign.rx) });
      out.keep();
    } else {
      if (!this.#follows(payload, out)) this.#askForBirth(out);
      this.#availability.say(out, device, true);
    }
    this.#births.set(device, aliases);
    this.#types.set(device, types);
    return this.#values(device, payload, out);
  }

  /** A will that speaks of an earlier session is no news (section 6.4.17). */
  #nodeDeath(payload: SparkplugPayload, out: Translation): Rejection | null {
    const of = bdSeqOf(payload);
    if (this.#bdSeq !== null && of !== null && of !== this.#bdSeq) return null;
    this.#births.clear();
    this.#types.clear();
    this.#seq = null;
    out.state({ s: "off", b: this.#availability.boot, why: "lwt" });
    return null;
  }

  #deviceDeath(device: string, payload: SparkplugPayload, out: Translation): Rejection | null {
    if (!this.#follows(payload, out)) this.#askForBirth(out);
    this.#births.delete(device);
    this.#types.delete(device);
    this.#availability.say(out, device, false);
    return null;
  }

  /** Whether nothing was lost before this message. What the transport repeats is judged by its identity, not by its number. */
  #follows({ seq }: SparkplugPayload, out: Translation): boolean {
    if (out.foreign.dup && seq === this.#seq) return true;
    const expected = this.#seq === null ? null : (this.#seq + 1) % 256;
    if (seq !== null && this.#seq !== null) this.#seq = seq;
    return expected !== null && seq === expected;
  }

  #askForBirth(out: Translation): void {
    const { rx } = out.foreign;
    if (Math.abs(rx - this.#asked) < REBIRTH_MS) return;
    this.#asked = rx;
    out.replies.push({ topic: this.#command, payload: rebirthCommand(rx) });
  }

  /** Values of one message by their times; history apart. What is no reading is refused by name, the rest is kept. */
  #values(device: string, payload: SparkplugPayload, out: Translation): Rejection | null {
    const live = new Map<number, Record<string, unknown>>();
    const past = new Map<number, Record<string, unknown>>();
    const missing: string[] = [];
    const odd: string[] = [];
    let reason: Rejection | null = null;
    for (const metric of payload.metrics) {
      const named = this.#named(device, metric);
      if (named === null) {
        missing.push(String(metric.alias));
        continue;
      }
      const { name, datatype } = named;
      if (name === "bdSeq" || name.startsWith("Node Control/") || name.startsWith("Device Control/")) continue;
      const value = valueOf(metric, datatype);
      if (isRejection(value)) {
        reason ??= value;
        odd.push(`${name.slice(0, 64)}: ${value.detail}`);
        continue;
      }
      const at = metric.timestamp ?? payload.timestamp ?? out.foreign.rx;
      const group = metric.historical ? past : live;
      let values = group.get(at);
      if (values === undefined) group.set(at, (values = {}));
      values[Object.hasOwn(this.#rename, name) ? this.#rename[name] : name] = value;
    }
    const once = this.#identity(device, payload, out);
    const whose = device === "" ? this.#node : device;
    if (live.size > 0) out.telemetry(whose, records(live), once);
    if (past.size > 0) out.historical(whose, records(past), { ...once, key: identityKey(once.key, "past") });
    if (reason !== null) out.refuse({ ...reason, detail: odd.slice(0, 5).join("; ") });
    if (missing.length > 0) {
      this.#askForBirth(out);
      out.refuse(reject("birth_missing", `alias ${missing.slice(0, 10).join(", ")} of ${whose}`));
    }
    return null;
  }

  #named(device: string, { name, alias, datatype }: SparkplugMetric): Named | null {
    if (name !== null) return { name, datatype: datatype ?? this.#types.get(device)?.get(name) ?? null };
    const known = alias === null ? undefined : this.#births.get(device)?.get(alias);
    return known === undefined ? null : { name: known.name, datatype: datatype ?? known.datatype };
  }

  #identity(device: string, payload: SparkplugPayload, out: Translation): ReturnType<Translation["natural"]> {
    const { seq, timestamp } = payload;
    if (timestamp === null) return out.natural(device, null);
    const session = String(this.#bdSeq ?? "");
    return {
      key: identityKey(device, session, seq ?? "", timestamp, out.foreign.payload),
      ts: timestamp,
      repeat: "key",
    };
  }
}

const TYPES: Readonly<Record<string, "birth" | "data" | "death" | undefined>> = {
  NBIRTH: "birth",
  DBIRTH: "birth",
  NDATA: "data",
  DDATA: "data",
  NDEATH: "death",
  DDEATH: "death",
};

function records(groups: ReadonlyMap<number, Readonly<Record<string, unknown>>>): EnvelopeRecord[] {
  return [...groups].sort(([a], [b]) => a - b).map(([ts, m]) => ({ ts, m }));
}

function bdSeqOf({ metrics }: SparkplugPayload): bigint | null {
  const metric = metrics.find(({ name }) => name === "bdSeq");
  return metric?.value?.wire === 0 ? metric.value.varint : null;
}
