import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { DeclaredDevice } from "@gridhub/device-profiles/envelope.ts";
import { isRejection, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { Pool } from "pg";
import type { Device, Edge } from "../device.ts";
import type { Message } from "../message.ts";
import { blaming } from "../store/failure.ts";
import {
  lettersInOrder,
  listQuarantine,
  newestLetters,
  type QuarantineLetter,
  type QuarantineRow,
  settleReplayed,
} from "../store/queries/onboarding.ts";
import { messageOf } from "./letter-message.ts";
import { type Sample, samplesOf } from "./sample.ts";
import { suggest, type Suggestion } from "./suggest.ts";

export interface QuarantineOptions {
  readonly pool: Pool;
  /** the profiles that are offered: one version of each */
  readonly candidates: () => Iterable<CompiledProfile>;
  readonly registry: Adopting;
  readonly replay: (message: Message) => Promise<void>;
  readonly clock: () => number;
  /** letters shown and tried; default 20 */
  readonly samples?: number;
  /** letters that one adoption replays; default 10,000 */
  readonly maxReplay?: number;
}

/** What the inbox needs of the registry. */
export interface Adopting {
  adopt(edge: Edge, declared: DeclaredDevice): Promise<Device | Rejection>;
}

export interface QuarantineDetail extends QuarantineRow {
  /** newest first */
  readonly letters: readonly QuarantineLetter[];
  /** best first */
  readonly suggestions: readonly Suggestion[];
}

export interface Adoption {
  readonly device: Device;
  /** letters that were played again, in their order */
  readonly replayed: number;
  readonly stored: number;
  /** refused again: reason -> letters */
  readonly refused: ReadonlyMap<string, number>;
  /** there are more than one adoption plays: adopt again to go on */
  readonly more: boolean;
}

const CHUNK = 200;
const LIST_LIMIT = 500;
/** Records of a sample message that are tried: one large batch must not outvote the other messages. */
const RECORDS = 5;

/**
 * The inbox of devices that a known edge speaks for but nobody registered. Holds no state: it is a view of the dead letters,
 * so that the path of messages does no work for it and nothing is lost in a restart.
 */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #adopting = new Set<string>();

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** @param edges keys of the edges to look at; undefined = all */
  list(edges?: readonly string[]): Promise<QuarantineRow[]> {
    return blaming(listQuarantine(this.#options.pool, { edges }, LIST_LIMIT));
  }

  /** @returns null where nothing of that name waits */
  async detail(edge: string, device: string): Promise<QuarantineDetail | null> {
    const { pool, samples = 20, candidates } = this.#options;
    const [row] = await blaming(listQuarantine(pool, { edges: [edge], device }, 1));
    if (row === undefined) return null;
    const letters = await blaming(newestLetters(pool, edge, device, samples));
    const tried = letters.flatMap(({ lane, payload, rx }): Sample[] =>
      samplesOf(lane, device, payload, rx).slice(0, RECORDS),
    );
    return { ...row, letters, suggestions: suggest(tried, candidates()) };
  }

  /**
   * Registers the device and plays its letters again, in order. Adopting once more with the same profile goes on with what is left.
   * @returns "running" while another adoption of the device runs; a Rejection where the registry refuses
   */
  async adopt(edge: Edge, declared: DeclaredDevice): Promise<Adoption | Rejection | "running"> {
    const uid = `${edge.site}/${declared.id}`;
    if (this.#adopting.has(uid)) return "running";
    this.#adopting.add(uid);
    try {
      const device = await this.#options.registry.adopt(edge, declared);
      if (isRejection(device)) return device;
      return { device, ...(await this.#replay(edge.key, declared.id)) };
    } finally {
      this.#adopting.delete(uid);
    }
  }

  async #replay(edge: string, name: string): Promise<Omit<Adoption, "device">> {
    const { pool, clock, replay, maxReplay = 10_000 } = this.#options;
    const refused = new Map<string, number>();
    let replayed = 0;
    let after = 0;
    while (replayed < maxReplay) {
      const letters = await blaming(lettersInOrder(pool, edge, name, after, Math.min(CHUNK, maxReplay - replayed)));
      if (letters.length === 0) break;
      const now = clock();
      const ids: number[] = [];
      const rx: number[] = [];
      const work: Promise<void>[] = [];
      for (const letter of letters) {
        after = letter.id;
        const message = messageOf(letter, now);
        if ("because" in message) continue;
        ids.push(letter.id);
        rx.push(message.rx);
        work.push(replay(message)); // queued here and now: the order of the letters is kept
      }
      await Promise.all(work);
      replayed += ids.length;
      for (const [reason, n] of await blaming(settleReplayed(pool, ids, rx)))
        refused.set(reason, (refused.get(reason) ?? 0) + n);
    }
    let failed = 0;
    for (const n of refused.values()) failed += n;
    const more = replayed >= maxReplay && (await blaming(lettersInOrder(pool, edge, name, after, 1))).length > 0;
    return { replayed, stored: replayed - failed, refused, more };
  }
}
