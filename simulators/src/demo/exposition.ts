/** One sample of the Prometheus text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Text exposition format 0.0.4; comments and malformed lines are skipped. */
export function parseExposition(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)/.exec(line);
    if (match === null) continue;
    const labels: Record<string, string> = {};
    for (const [, key, value] of (match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[key] = value;
    const value = match[3] === "+Inf" ? Infinity : Number(match[3]);
    if (!Number.isNaN(value)) samples.push({ name: match[1], labels, value });
  }
  return samples;
}

/** Sum over all label values; 0 where the metric is absent. */
export function total(samples: readonly Sample[], name: string): number {
  return samples.reduce((sum, s) => (s.name === name ? sum + s.value : sum), 0);
}

/**
 * A quantile of a histogram, linear inside its bucket as Prometheus does it. Above the last finite bound that bound is given.
 * @returns null when nothing was observed
 */
export function quantile(samples: readonly Sample[], name: string, q: number): number | null {
  const merged = new Map<number, number>();
  for (const s of samples) {
    if (s.name !== `${name}_bucket`) continue;
    const bound = s.labels.le === "+Inf" ? Infinity : Number(s.labels.le);
    merged.set(bound, (merged.get(bound) ?? 0) + s.value);
  }
  const buckets = [...merged].sort((a, b) => a[0] - b[0]);
  const count = buckets.at(-1)?.[1] ?? 0;
  if (count === 0) return null;
  let [low, below] = [0, 0];
  for (const [bound, cumulative] of buckets) {
    if (cumulative >= q * count) {
      if (bound === Infinity) return low;
      return low + ((bound - low) * (q * count - below)) / Math.max(1, cumulative - below);
    }
    [low, below] = [bound, cumulative];
  }
  return low;
}
