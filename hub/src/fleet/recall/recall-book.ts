import type { Finding } from "../../finding.ts";
import type { FoldStateRow } from "../../store/batch.ts";
import type { FormationMembership } from "../membership.ts";
import type { VesselView } from "../view.ts";
import { reminder, type Said as SaidKeys, sayOverdue } from "./overdue.ts";
import type {
  FormationStanding, RaiseBy, Recall, RecallAck, RecallBoard, RecallProblem, Said, TrendPoint, VesselStanding,
} from "./recall.ts"; // prettier-ignore
import { Shelters } from "./shelters.ts";
import { countsOf, isOutside, STANDING_OPTIONS, type StandingOptions, standingOf } from "./standing.ts";

export interface RecallOptions extends Partial<StandingOptions> {
  readonly membership: (now: number) => FormationMembership;
  readonly vessel: (mmsi: number, now: number) => VesselView | null;
  /** name of a registered vessel; "" = none */
  readonly nameOf: (mmsi: number, formationId: string) => string;
  /** a grid and all below it */
  readonly subtree: (gridId: string) => ReadonlySet<string>;
}

export interface NewRecall {
  readonly id: string;
  readonly title: string;
  readonly grids: readonly string[];
  readonly shelters: readonly string[];
  readonly deadline: number;
  readonly raiseBy: RaiseBy;
  readonly remindMin: readonly number[];
}

/** What the book remembers of an open recall besides its plan and what was said by radio. */
interface Progress {
  /** overdue events that are open */
  readonly overdue: SaidKeys;
  /** the grids with an open reminder */
  readonly due: readonly string[];
  /** the least of the reminders that were given, minutes; null = none */
  readonly reminded: number | null;
}
type Acks = Readonly<Record<string, RecallAck>>;

interface Entry {
  recall: Recall;
  progress: Progress;
  acks: Acks;
  trend: readonly TrendPoint[];
  /** of a recall that is over */
  report: RecallBoard | null;
}

const LOOK_MS = 5000;
const TREND_MS = 60_000;
const TREND_POINTS = 240;
/** how far back a vessel's distance is compared, ms */
const BACK_MS = 600_000;
const MAX_OPEN = 8;
const HISTORY = 30;
const START: Progress = { overdue: {}, due: [], reminded: null };

/**
 * Recalls: who is not in harbour before the typhoon. A fold: commands and `tick` run between two commits, rows go with the batch,
 * so a recall that was answered as opened outlives the hub, and a deadline that passed meanwhile is kept at the next start.
 */
export class RecallBook {
  readonly #options: RecallOptions & StandingOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Map<string, () => unknown>();
  /** findings of commands, to leave with the next tick */
  #waiting: Finding[] = [];
  /** vessel -> [time, NM] of the sample that is compared, and of the one that will be */
  readonly #distances = new Map<string, readonly [number, number, number, number]>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RecallOptions) {
    this.#options = { ...STANDING_OPTIONS, ...options };
  }

  get options(): Pick<StandingOptions, "detour" | "cruiseKn"> {
    return this.#options;
  }

  load(rows: readonly FoldStateRow[]): void {
    this.#entries.clear();
    this.#dirty.clear();
    this.#waiting = [];
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    const own = rows.filter(({ room, state }) => room === "recall" && state !== null);
    for (const { key, state } of own)
      if (key.startsWith("recall:"))
        this.#entries.set(key.slice(7), {
          recall: state as Recall,
          progress: START,
          acks: {},
          trend: [],
          report: null,
        });
    for (const { key, state } of own) {
      const colon = key.indexOf(":");
      const entry = this.#entries.get(key.slice(colon + 1));
      if (entry === undefined) continue;
      const part = key.slice(0, colon);
      if (part === "progress") entry.progress = state as Progress;
      else if (part === "acks") entry.acks = state as Acks;
      else if (part === "trend") entry.trend = state as TrendPoint[];
      else if (part === "report") entry.report = state as RecallBoard;
    }
  }

  drain(out: FoldStateRow[]): void {
    for (const [key, state] of this.#dirty) out.push({ room: "recall", key, state: state() });
    this.#dirty.clear();
  }

  /** the newest first */
  recalls(): Recall[] {
    return [...this.#entries.values()].map(({ recall }) => recall).sort((a, b) => b.openedAt - a.openedAt);
  }

  get(id: string): Recall | undefined {
    return this.#entries.get(id)?.recall;
  }

  /** formations that are called, of this moment */
  formationsOf({ grids }: Pick<Recall, "grids">, now: number): string[] {
    const below = grids.map((grid) => this.#options.subtree(grid));
    return this.#options.membership(now).formations().filter((id) => below.some((set) => set.has(id))); // prettier-ignore
  }

  open(plan: NewRecall, who: string, now: number): Recall | RecallProblem {
    const open = [...this.#entries.values()].filter(({ recall }) => recall.state === "open");
    if (open.length >= MAX_OPEN) return { code: "TOO_MANY", message: `at most ${MAX_OPEN} recalls are open at a time` };
    if (plan.deadline <= now) return { code: "DEADLINE_PAST", message: "the deadline lies in the past" };
    const called = new Set(this.formationsOf(plan, now));
    if (called.size === 0) return { code: "NO_FORMATIONS", message: "no formation lies below these grids" };
    const taken = open.find(({ recall }) => this.formationsOf(recall, now).some((id) => called.has(id)));
    if (taken !== undefined)
      return { code: "RECALL_OVERLAPS", message: `some of these formations are called by ${taken.recall.title}` };
    const shelters = new Shelters(this.#options.membership(now).areas?.() ?? [], plan.shelters);
    if (shelters.ids.size === 0 || plan.shelters.some((id) => !shelters.ids.has(id)))
      return { code: "NO_SHELTERS", message: "a shelter is a grid with the rule harbour; there is none of that name" };
    const recall: Recall = {
      ...plan,
      remindMin: [...new Set(plan.remindMin)].sort((a, b) => b - a),
      state: "open",
      openedAt: now,
      endedAt: null,
      changes: [{ ts: now, who, what: "open", deadline: plan.deadline, note: "" }],
    };
    this.#entries.set(plan.id, { recall, progress: START, acks: {}, trend: [], report: null });
    this.#mark("recall", plan.id);
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    return recall;
  }

  /** Another deadline; what was overdue is not any more, reminders begin anew. */
  extend(id: string, deadline: number, who: string, note: string, now: number): Recall | RecallProblem {
    const entry = this.#open(id);
    if ("code" in entry) return entry;
    if (deadline <= now) return { code: "DEADLINE_PAST", message: "the deadline lies in the past" };
    this.#clear(entry, now, "extended");
    entry.progress = START;
    this.#mark("progress", id);
    return this.#change(entry, { deadline }, { ts: now, who, what: "extend", deadline, note });
  }

  /** `close` = done, `cancel` = not needed; both keep the board of this moment as the final report. */
  end(id: string, what: "close" | "cancel", who: string, note: string, now: number): Recall | RecallProblem {
    const entry = this.#open(id);
    if ("code" in entry) return entry;
    const board = this.#board(entry, now);
    this.#clear(entry, now, what === "close" ? "closed" : "cancelled");
    const { deadline } = entry.recall;
    const state = what === "close" ? "closed" : "cancelled";
    const recall = this.#change(entry, { state, endedAt: now }, { ts: now, who, what, deadline, note });
    entry.report = { ...board, recall };
    this.#mark("report", id);
    for (const part of ["progress", "acks", "trend"]) this.#dirty.set(`${part}:${id}`, () => null);
    this.#forget();
    return recall;
  }

  /** @param said null = takes it back */
  acknowledge(
    id: string,
    mmsi: number,
    said: Said | null,
    who: string,
    note: string,
    now: number,
  ): true | RecallProblem {
    const entry = this.#open(id);
    if ("code" in entry) return entry;
    const { [mmsi]: _before, ...others } = entry.acks;
    entry.acks = said === null ? others : { ...others, [mmsi]: { said, ts: now, who, note } };
    this.#mark("acks", id);
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    return true;
  }

  /** As it is now; of a recall that is over, as it was then. */
  board(id: string, now: number): RecallBoard | null {
    const entry = this.#entries.get(id);
    return entry === undefined ? null : (entry.report ?? this.#board(entry, now));
  }

  tick(now: number, out: Finding[]): void {
    for (const finding of this.#waiting.splice(0)) out.push(finding);
    if (now - this.#lookedAt < LOOK_MS && now >= this.#lookedAt) return;
    this.#lookedAt = now;
    for (const entry of this.#entries.values()) if (entry.recall.state === "open") this.#look(entry, now, out);
  }

  #look(entry: Entry, now: number, out: Finding[]): void {
    const { recall, progress } = entry;
    const board = this.#board(entry, now);
    const vessels = board.formations.flatMap((formation) => formation.vessels);
    this.#sample(entry, board, now);
    this.#remind(entry, vessels, now, out);
    if (now < recall.deadline) return;
    const overdue = sayOverdue(recall, vessels, progress.overdue, now, out);
    if (overdue === progress.overdue) return;
    entry.progress = { ...entry.progress, overdue };
    this.#mark("progress", recall.id);
  }

  /** A reminder that passed while the hub was away is given once, with the next. */
  #remind(entry: Entry, vessels: readonly VesselStanding[], now: number, out: Finding[]): void {
    const { recall, progress } = entry;
    const leftMin = (recall.deadline - now) / 60_000;
    const reached = recall.remindMin.filter((minutes) => leftMin <= minutes).at(-1) ?? null;
    const due: string[] = [];
    for (const gridId of recall.grids) {
      const below = this.#options.subtree(gridId);
      const own = vessels.filter((vessel) => below.has(vessel.formationId) && vessel.standing !== "exempt");
      const outside = own.filter(isOutside).length;
      const before = progress.due.includes(gridId);
      const wanted = reached !== null && outside > 0 && leftMin > 0;
      if (wanted) due.push(gridId);
      if (wanted && (!before || progress.reminded !== reached))
        out.push(reminder(recall, gridId, before ? "update" : "raise", outside, own.length, now));
      if (!wanted && before) out.push(reminder(recall, gridId, "clear", outside, own.length, now));
    }
    if (reached === progress.reminded && due.join() === progress.due.join()) return;
    entry.progress = { ...entry.progress, due, reminded: reached };
    this.#mark("progress", recall.id);
  }

  #sample(entry: Entry, { counts }: RecallBoard, now: number): void {
    const { trend, recall } = entry;
    const step = TREND_MS * 2 ** Math.floor(trend.length < 2 ? 0 : Math.log2(Math.max(1, (trend[1][0] - trend[0][0]) / TREND_MS))); // prettier-ignore
    const last = trend.at(-1);
    if (last !== undefined && now - last[0] < step) return;
    const { in_port, heading_in, staying, heading_out, silent, total } = counts;
    const point: TrendPoint = [now, in_port, heading_in, staying + heading_out, silent, total];
    // full: every second point goes, and the next come half as often
    const kept = trend.length < TREND_POINTS ? trend : trend.filter((_, i) => i % 2 === 0);
    entry.trend = [...kept, point];
    this.#mark("trend", recall.id);
  }

  #board(entry: Entry, now: number): RecallBoard {
    const { recall, acks, trend } = entry;
    const membership = this.#options.membership(now);
    const shelters = new Shelters(membership.areas?.() ?? [], recall.shelters);
    const formations = this.formationsOf(recall, now).map((gridId): FormationStanding => {
      const vessels = membership
        .members(gridId)
        .map((mmsi) => this.#vessel(recall.id, mmsi, gridId, acks, shelters, now));
      const etas = vessels.filter((v) => v.standing === "heading_in").map((v) => v.etaAt ?? 0);
      return { gridId, counts: countsOf(vessels), lastEtaAt: etas.length === 0 ? null : Math.max(...etas), vessels };
    });
    return { recall, now, counts: countsOf(formations.flatMap(({ vessels }) => vessels)), formations, trend };
  }

  #vessel(id: string, mmsi: number, formationId: string, acks: Acks, shelters: Shelters, now: number): VesselStanding {
    const view = this.#options.vessel(mmsi, now);
    const nm = view === null ? null : (shelters.nearest(view.lon, view.lat)?.nm ?? null);
    const earlierNm = nm === null ? null : this.#earlier(`${id} ${mmsi}`, nm, now);
    const name = this.#options.nameOf(mmsi, formationId);
    const ack = Object.hasOwn(acks, mmsi) ? acks[mmsi] : null;
    return standingOf({ mmsi, name, formationId, view, ack, shelters, earlierNm, now }, this.#options);
  }

  /** The distance of ten to twenty minutes ago; null = not known for that long. */
  #earlier(key: string, nm: number, now: number): number | null {
    const before = this.#distances.get(key);
    if (before === undefined || now < before[2]) {
      this.#distances.set(key, [now, Number.NaN, now, nm]);
      return null;
    }
    const [, compared, since, sampled] = before;
    if (now - since < BACK_MS) return Number.isNaN(compared) ? null : compared;
    this.#distances.set(key, [since, sampled, now, nm]);
    return sampled;
  }

  #clear({ recall, progress }: Entry, now: number, why: string): void {
    sayOverdue(recall, [], progress.overdue, now, this.#waiting, why);
    for (const gridId of progress.due) this.#waiting.push(reminder(recall, gridId, "clear", 0, 0, now));
  }

  #open(id: string): Entry | RecallProblem {
    const entry = this.#entries.get(id);
    if (entry === undefined) return { code: "RECALL_UNKNOWN", message: "no such recall" };
    return entry.recall.state === "open" ? entry : { code: "RECALL_ENDED", message: "this recall is over" };
  }

  #change(entry: Entry, fields: Partial<Recall>, change: Recall["changes"][number]): Recall {
    entry.recall = { ...entry.recall, ...fields, changes: [...entry.recall.changes, change].slice(-100) };
    this.#mark("recall", entry.recall.id);
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    return entry.recall;
  }

  #mark(part: "recall" | "progress" | "acks" | "trend" | "report", id: string): void {
    this.#dirty.set(`${part}:${id}`, () => this.#entries.get(id)?.[part] ?? null);
  }

  /** The oldest of those that are over go, with all their rows; the distances of none that is open too. */
  #forget(): void {
    for (const key of this.#distances.keys())
      if (this.get(key.slice(0, key.indexOf(" ")))?.state !== "open") this.#distances.delete(key);
    const over = this.recalls().filter(({ state }) => state !== "open");
    for (const { id } of over.slice(HISTORY)) {
      this.#entries.delete(id);
      for (const part of ["recall", "report"]) this.#dirty.set(`${part}:${id}`, () => null);
    }
  }
}
