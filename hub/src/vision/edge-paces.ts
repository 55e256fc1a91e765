import type { Device, Edge } from "../device.ts";
import type { PaceWish } from "./options.ts";

/** Cameras that one edge may speak of. */
const MAX = 1000;

/** What edges say they run, by `twin/reported`: how often each of their cameras looks and sends. In memory; edges report when they connect. */
export class EdgePaces {
  readonly #edges = new Map<number, ReadonlyMap<string, PaceWish>>();

  /** @param document `twin/reported` of an edge, parsed, from outside; replaces what it said before */
  reported(edge: Edge, document: unknown): void {
    const devices = isMap(document) ? document.devices : undefined;
    if (!isMap(devices)) return;
    const paces = new Map<string, PaceWish>();
    for (const [name, said] of Object.entries(devices).slice(0, MAX)) {
      if (!isMap(said)) continue;
      const { interval_ms, patrol_ms } = said;
      paces.set(name, {
        ...(isPeriod(interval_ms) && { interval_ms }),
        ...(isPeriod(patrol_ms) && { patrol_ms }),
      });
    }
    this.#edges.set(edge.id, paces);
  }

  of({ edge, name }: Device): PaceWish | null {
    return this.#edges.get(edge.id)?.get(name) ?? null;
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPeriod(value: unknown): value is number {
  return typeof value === "number" && value > 0 && Number.isFinite(value);
}
