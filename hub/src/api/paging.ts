/** One page of a list that was sorted in memory. The cursor is the place in the list: reports of a past period do not move. */
export function pageOf<T>(
  items: readonly T[],
  limit: number,
  cursor: string | undefined,
): { readonly items: T[]; readonly next: string | null; readonly count: number } {
  const from = cursor === undefined ? 0 : Math.max(0, Number.parseInt(cursor, 10) || 0);
  const next = from + limit < items.length ? String(from + limit) : null;
  return { items: items.slice(from, from + limit), next, count: items.length };
}

/** By a column, nothing last; ties by `tie`, so that pages do not depend on chance. */
export function sortedBy<T>(items: T[], column: keyof T, descending: boolean, tie: keyof T): T[] {
  const sign = descending ? -1 : 1;
  return items.sort((a, b) => {
    const [x, y] = [a[column], b[column]];
    if (x === y) return a[tie] < b[tie] ? -1 : 1;
    if (x === null || x === undefined) return 1;
    if (y === null || y === undefined) return -1;
    return x < y ? -sign : sign;
  });
}
