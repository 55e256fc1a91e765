import type { Severity } from "../finding.ts";
import { type KindInfo, kindInfo, KINDS } from "./kinds.ts";

/** A row of the editable table of codes. */
export interface CodeRow extends KindInfo {
  readonly kind: string;
  /** of events whose source leaves it to the table; null = as the source says */
  readonly severity: Severity | null;
  /** towns where the receiving platform admits the code; null = everywhere */
  readonly towns: readonly string[] | null;
  /** `code` is the sub-code of the receiver's own table; `class` that of GB/T 30428.2 */
  readonly class: string;
}

/** Titles, codes and admission by kind: the edited table, and the catalogue for kinds that it does not have. */
export class CodeBook {
  readonly #rows: ReadonlyMap<string, CodeRow>;

  constructor(rows: readonly CodeRow[] = []) {
    this.#rows = new Map(rows.map((row) => [row.kind, row]));
  }

  info(kind: string): KindInfo {
    return this.#rows.get(kind) ?? kindInfo(kind);
  }

  get(kind: string): CodeRow | undefined {
    return this.#rows.get(kind);
  }

  /** Why a platform of the town is not told; null = it is. A kind without a row, and an event on no town, is admitted. */
  refusal(kind: string, town: string | null): string | null {
    const row = this.#rows.get(kind);
    if (row === undefined || row.towns === null || town === null || row.towns.includes(town)) return null;
    return `code ${row.code === "" ? row.kind : row.code} is not admitted in ${town}`;
  }

  kinds(): string[] {
    return [...new Set([...Object.keys(KINDS), ...this.#rows.keys()])];
  }
}

/** The catalogue as rows: what the table of a new database begins with. */
export function catalogueRows(): CodeRow[] {
  return Object.entries(KINDS).map(([kind, info]) => ({
    ...info,
    kind,
    class: info.code,
    severity: null,
    towns: null,
  }));
}
