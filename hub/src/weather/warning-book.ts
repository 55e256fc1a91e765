import type { Finding } from "../finding.ts";
import type { FoldStateRow } from "../store/batch.ts";
import { COLOURS, severityOf, type Warning, type WarningColour } from "./warning.ts";

/** A warning with the towns that it concerns by the grids in force. */
export interface KeptWarning {
  readonly warning: Warning;
  readonly towns: readonly string[];
  readonly receivedAt: number;
  /** expired, replaced by another, or cancelled; null = it holds, or will */
  readonly endedAt: number | null;
}

export interface WarningBookOptions {
  /** the gravest colour that holds in a town changed; null = none holds */
  readonly onColour: (town: string, colour: WarningColour | null, until: number | null, now: number) => void;
  /** the towns that a warning concerns by the grids in force; absent = they never change */
  readonly townsOf?: (warning: Warning) => readonly string[];
}

const MAX_KEPT = 500;
/** what is over stays visible for a week */
const KEEP_ENDED_MS = 7 * 86_400_000;

/** Weather warnings that hold, durable. A fold: `take` and `tick` run between two commits. */
export class WarningBook {
  readonly #options: WarningBookOptions;
  readonly #kept = new Map<string, KeptWarning>();
  readonly #dirty = new Set<string>();
  /** town -> what was told last */
  readonly #colours = new Map<string, WarningColour>();
  /** `town event` -> the warning that its event shows */
  #shown = new Map<string, Shown>();
  /** nothing begins or ends before, ms UTC */
  #nextAt = -Infinity;

  constructor(options: WarningBookOptions) {
    this.#options = options;
  }

  load(rows: readonly FoldStateRow[]): void {
    this.#kept.clear();
    this.#dirty.clear();
    this.#shown = new Map();
    this.#nextAt = -Infinity;
    for (const { room, key, state } of rows)
      if (room === "weather" && state !== null) this.#kept.set(key, state as KeptWarning);
    // Their events were raised, at the latest with the commit that stored them: what has ended meanwhile must clear.
    for (const { warning, towns, endedAt } of this.#kept.values())
      if (endedAt === null && isActual(warning))
        for (const town of towns) this.#shown.set(shownKey(town, warning), { town, warning });
    this.rezone(); // the grids may be others than when this was stored
  }

  drain(out: FoldStateRow[]): void {
    for (const key of this.#dirty) out.push({ room: "weather", key, state: this.#kept.get(key) ?? null });
    this.#dirty.clear();
  }

  /**
   * Takes a warning; what it refers to ends. One that is known (or was replaced before it came) changes nothing.
   * @returns false when nothing changed
   */
  take(warning: Warning, towns: readonly string[], now: number): boolean {
    const key = keyOf(warning);
    if (this.#kept.has(key)) return false;
    for (const [other, kept] of this.#kept)
      if (
        kept.endedAt === null &&
        kept.warning.sender === warning.sender &&
        warning.references.includes(kept.warning.id)
      )
        this.#set(other, { ...kept, endedAt: now });
    const replaced = [...this.#kept.values()].some(
      ({ warning: w }) => w.sender === warning.sender && w.references.includes(warning.id),
    );
    const over = warning.action === "cancel" || replaced || warning.until <= now;
    this.#set(key, { warning, towns, receivedAt: now, endedAt: over ? now : null });
    this.#forget(now);
    return true;
  }

  /** The towns are others: those that a warning concerns now take their part with the next tick, those that are gone lose it. */
  rezone(): void {
    const { townsOf } = this.#options;
    if (townsOf === undefined) return;
    for (const [key, kept] of this.#kept) {
      if (kept.endedAt !== null) continue;
      const towns = townsOf(kept.warning);
      if (towns.join("\n") !== kept.towns.join("\n")) this.#set(key, { ...kept, towns });
    }
  }

  /** Ends what has run out; raises, changes and clears the events of the towns. */
  tick(now: number, out: Finding[]): void {
    if (now < this.#nextAt) return;
    this.#nextAt = Infinity;
    const shown = new Map<string, Shown>();
    const worst = new Map<string, Warning>();
    for (const [key, kept] of this.#kept) {
      const { warning, towns } = kept;
      if (kept.endedAt !== null) continue;
      if (warning.until <= now) {
        this.#set(key, { ...kept, endedAt: warning.until });
        continue;
      }
      this.#nextAt = Math.min(this.#nextAt, warning.from > now ? warning.from : warning.until);
      if (warning.from > now || !isActual(warning)) continue;
      for (const town of towns) {
        keepGraver(worst, town, warning);
        const at = shownKey(town, warning);
        const other = shown.get(at);
        if (other === undefined || isGraver(warning, other.warning)) shown.set(at, { town, warning });
      }
    }
    for (const [at, { town, warning }] of this.#shown)
      if (!shown.has(at)) out.push(finding(warning, town, "clear", now));
    for (const [at, { town, warning }] of shown) {
      const before = this.#shown.get(at)?.warning;
      if (before !== undefined && keyOf(before) === keyOf(warning)) continue;
      out.push(finding(warning, town, before === undefined ? "raise" : "update", now));
    }
    this.#shown = shown;
    for (const town of new Set([...worst.keys(), ...this.#colours.keys()])) {
      const is = worst.get(town);
      if (is?.colour === this.#colours.get(town)) continue;
      if (is === undefined) this.#colours.delete(town);
      else this.#colours.set(town, is.colour);
      this.#options.onColour(town, is?.colour ?? null, is?.until ?? null, now);
    }
  }

  /** The newest first; `active` = those that hold or will. */
  list(active: boolean): KeptWarning[] {
    return [...this.#kept.values()]
      .filter(({ endedAt }) => !active || endedAt === null)
      .sort((a, b) => b.warning.sentAt - a.warning.sentAt);
  }

  /** The gravest colour that holds in a town, with the warning that brings it. */
  of(town: string, now: number): KeptWarning | null {
    let best: KeptWarning | null = null;
    for (const kept of this.#kept.values()) {
      const { warning, towns, endedAt } = kept;
      if (endedAt !== null || !isActual(warning) || warning.from > now || !towns.includes(town)) continue;
      if (best === null || COLOURS.indexOf(warning.colour) < COLOURS.indexOf(best.warning.colour)) best = kept;
    }
    return best;
  }

  #set(key: string, kept: KeptWarning): void {
    this.#kept.set(key, kept);
    this.#dirty.add(key);
    this.#nextAt = -Infinity;
  }

  /** What is over for a week goes; over the bound the oldest goes, whatever it is, and the next tick clears its events. */
  #forget(now: number): void {
    for (const [key, { endedAt }] of this.#kept) {
      if (!(endedAt !== null && now - endedAt > KEEP_ENDED_MS) && this.#kept.size <= MAX_KEPT) continue;
      this.#kept.delete(key);
      this.#dirty.add(key);
    }
  }
}

/** One event a town and kind of weather: a warning that replaces another goes on with its event. */
interface Shown {
  readonly town: string;
  readonly warning: Warning;
}

const shownKey = (town: string, { event }: Warning) => `${town} ${event}`;
const isGraver = (a: Warning, b: Warning) => COLOURS.indexOf(a.colour) < COLOURS.indexOf(b.colour);

function keepGraver(worst: Map<string, Warning>, town: string, warning: Warning): void {
  const known = worst.get(town);
  if (known === undefined || isGraver(warning, known)) worst.set(town, warning);
}

const isActual = (warning: Warning) => warning.status === "actual" && warning.action !== "cancel";

function keyOf({ sender, id }: Warning): string {
  return `${sender} ${id}`;
}

function finding(warning: Warning, town: string, phase: Finding["phase"], now: number): Finding {
  const { id, sender, event, colour, headline, description, instruction, from, until } = warning;
  return {
    kind: "weather.warning",
    phase,
    severity: severityOf(colour),
    ts: now,
    subject: `weather:${event}`,
    device: null,
    gridId: town,
    lon: null,
    lat: null,
    source: "weather",
    evidence: { event, colour, headline, description, instruction, from, until, sender, identifier: id },
    late: false,
  };
}
