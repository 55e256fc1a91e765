interface Located {
  readonly lon: number | null;
  readonly lat: number | null;
}
interface Pixel {
  readonly x: number;
  readonly y: number;
}

/** The item nearest to a pixel, within `reach` pixels; null if none. */
export function nearest<T extends Located>(
  items: Iterable<T>,
  at: Pixel,
  project: (lon: number, lat: number) => Pixel,
  reach: number,
): T | null {
  let best: T | null = null;
  let least = reach * reach;
  for (const item of items) {
    if (item.lon === null || item.lat === null) continue;
    const p = project(item.lon, item.lat);
    const d = (p.x - at.x) ** 2 + (p.y - at.y) ** 2;
    if (d > least) continue;
    least = d;
    best = item;
  }
  return best;
}
