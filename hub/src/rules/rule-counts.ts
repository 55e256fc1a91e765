/** What a rule has done since the hub started. */
export interface RuleCounts {
  /** records judged */
  evaluated: number;
  raised: number;
  cleared: number;
  /** raises held back because another alarm of the device was active */
  suppressed: number;
  /** raises in history mode; not part of `raised` */
  late: number;
}

/** Counters by `<profile>#<alarm>`; they outlive a reload of the state, since they speak of this process. */
export class RuleCounters {
  readonly #byRule = new Map<string, RuleCounts>();

  of(rule: string): RuleCounts {
    let counts = this.#byRule.get(rule);
    if (counts === undefined) {
      counts = { evaluated: 0, raised: 0, cleared: 0, suppressed: 0, late: 0 };
      this.#byRule.set(rule, counts);
    }
    return counts;
  }

  *read(what: keyof RuleCounts): Generator<readonly [rule: string, count: number]> {
    for (const [rule, counts] of this.#byRule) yield [rule, counts[what]];
  }
}
