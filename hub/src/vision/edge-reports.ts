import type { Device, Edge } from "../device.ts";
import type { PaceWish } from "./options.ts";

/** What an edge says of the pictures that it keeps. */
export interface EdgeEvidence {
  readonly keepMs: number;
  /** whether the hub gets a clip when it asks */
  readonly upload: boolean;
  /** of its evidence server, where it told one */
  readonly url: string | null;
}

interface Report {
  readonly paces: ReadonlyMap<string, PaceWish>;
  readonly evidence: EdgeEvidence | null;
}

/** Cameras that one edge may speak of. */
const MAX = 1000;
/** A longer period is a mistake: a week. */
const MAX_PERIOD_MS = 604_800_000;

/**
 * What edges say they run, by `twin/reported`: how often each of their cameras looks and sends, and what they keep of it. In memory; an
 * edge reports when it connects.
 */
export class EdgeReports {
  readonly #edges = new Map<number, Report>();

  /** @param document `twin/reported` of an edge, parsed, from outside; replaces what it said before */
  reported(edge: Edge, document: unknown): void {
    if (!isMap(document)) return;
    const { devices, evidence } = document;
    const paces = new Map<string, PaceWish>();
    for (const [name, said] of Object.entries(isMap(devices) ? devices : {}).slice(0, MAX)) {
      if (!isMap(said)) continue;
      const { interval_ms, patrol_ms } = said;
      paces.set(name, {
        ...(isPeriod(interval_ms) && { interval_ms }),
        ...(isPeriod(patrol_ms) && { patrol_ms }),
      });
    }
    this.#edges.set(edge.id, { paces, evidence: isMap(evidence) ? evidenceOf(evidence) : null });
  }

  pace({ edge, name }: Device): PaceWish | null {
    return this.#edges.get(edge.id)?.paces.get(name) ?? null;
  }

  /** null = it keeps nothing; undefined = it has not reported yet */
  evidence(edge: Edge): EdgeEvidence | null | undefined {
    return this.#edges.get(edge.id)?.evidence;
  }
}

function evidenceOf({ keep_ms, upload, url }: Readonly<Record<string, unknown>>): EdgeEvidence | null {
  if (!isPeriod(keep_ms)) return null;
  return { keepMs: keep_ms, upload: upload === true, url: isLink(url) ? url : null };
}

/** Shown to everybody who sees the camera: nothing but an address of the web, and no password in it. */
function isLink(url: unknown): url is string {
  if (typeof url !== "string" || url.length > 300 || !URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPeriod(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value <= MAX_PERIOD_MS;
}
