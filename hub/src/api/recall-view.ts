import type { Counts, FormationStanding, Recall, RecallBoard } from "../fleet/recall/recall.ts";
import type { RecallBook } from "../fleet/recall/recall-book.ts";
import type { GridSet } from "../grids/grid-set.ts";
import type { RecallBoardInfo, RecallInfo } from "./recall-schema.ts";
import type { Scope } from "./scope.ts";

/** Boards as one account sees them: its formations, with the names of the grids. */
export class RecallView {
  readonly #book: RecallBook;
  readonly #grids: () => Pick<GridSet, "get" | "path">;

  constructor(book: RecallBook, grids: () => Pick<GridSet, "get" | "path">) {
    this.#book = book;
    this.#grids = grids;
  }

  /** null = no such recall, or none of its formations is the account's */
  board(id: string, scope: Scope, now: number): RecallBoardInfo | null {
    const board = this.#book.board(id, now);
    if (board === null) return null;
    const seen = board.formations.filter(({ gridId }) => scope.has(gridId));
    if (seen.length === 0 && !scope.everything) return null;
    const { detour, cruiseKn } = this.#book.options;
    const recall = this.#info(board, seen, scope);
    const name = (gridId: string | null) => this.#name(gridId);
    const formations = seen.map(({ gridId, counts, lastEtaAt, vessels }) => ({
      gridId,
      name: name(gridId),
      parentName: name(this.#grids().get(gridId)?.parent ?? null),
      counts,
      lastEtaAt,
      vessels: vessels.map((v) => ({ ...v, harbourName: name(v.harbour), shelterName: name(v.shelter) })),
    }));
    const trend = recall.whole ? board.trend.map((point): [number, number, number, number, number, number] => [...point]) : []; // prettier-ignore
    return { recall, now: board.now, detour, cruiseKn, formations, areas: this.#areas(seen, scope), trend };
  }

  info(id: string, scope: Scope, now: number): RecallInfo | null {
    const board = this.#book.board(id, now);
    const seen = board?.formations.filter(({ gridId }) => scope.has(gridId)) ?? [];
    return board === null || (seen.length === 0 && !scope.everything) ? null : this.#info(board, seen, scope);
  }

  #info({ recall }: RecallBoard, seen: readonly FormationStanding[], scope: Scope): RecallInfo {
    const named = (ids: readonly string[]) => ids.map((id) => ({ id, name: this.#name(id) }));
    const { grids, shelters, remindMin, changes } = recall;
    return {
      ...recall,
      grids: named(grids),
      shelters: named(shelters),
      remindMin: [...remindMin],
      changes: [...changes],
      whole: isWhole(recall, scope),
      counts: sum(seen.map(({ counts }) => counts)),
    };
  }

  /** Every grid above a formation, added up; the widest first, then as the register has them. */
  #areas(seen: readonly FormationStanding[], scope: Scope): RecallBoardInfo["areas"] {
    const of = new Map<string, { depth: number; level: string; counts: Counts[] }>();
    for (const { gridId, counts } of seen)
      for (const [depth, grid] of this.#grids().path(gridId).slice(0, -1).entries()) {
        if (!scope.has(grid.id)) continue;
        const area = of.get(grid.id);
        if (area === undefined) of.set(grid.id, { depth, level: grid.level, counts: [counts] });
        else area.counts.push(counts);
      }
    return [...of]
      .sort(([, a], [, b]) => a.depth - b.depth)
      .map(([gridId, { level, counts }]) => ({ gridId, name: this.#name(gridId), level, counts: sum(counts) }));
  }

  #name(gridId: string | null): string {
    return gridId === null ? "" : (this.#grids().get(gridId)?.name ?? gridId);
  }
}

export function isWhole({ grids }: Pick<Recall, "grids">, scope: Scope): boolean {
  return grids.every((grid) => scope.has(grid));
}

export function sum(counts: readonly Counts[]): Counts {
  const all = { in_port: 0, heading_in: 0, staying: 0, heading_out: 0, silent: 0, exempt: 0, total: 0, acknowledged: 0 }; // prettier-ignore
  for (const each of counts) for (const key of Object.keys(all) as (keyof Counts)[]) all[key] += each[key];
  return all;
}
