/** Sizes of the health wall, px. */
const GAP = 12;
const TILE_GAP = 3;
/** padding and border of a card */
const FRAME = 26;
const HEADER = 54;
const LEAST_CARD = 190;
const TILES = { most: 38, least: 12 } as const;

export interface WallRow {
  /** cards [from, to) */
  readonly from: number;
  readonly to: number;
  /** tiles side by side in each card */
  readonly columns: readonly number[];
}
export interface Wall {
  /** side of a tile, px */
  readonly tile: number;
  readonly rows: readonly WallRow[];
}

/**
 * Lays cards of `counts` tiles (most first) in rows, so that the cards of a row are equally high and the wall is as low as it
 * can be, with the largest tiles that need no scrolling. @param width of the wall @param height room for it, px
 */
export function layWall(counts: readonly number[], width: number, height: number): Wall {
  for (let tile: number = TILES.most; tile > TILES.least; tile--) {
    const wall = withTile(counts, width, tile);
    if (wall.height <= height) return { tile, rows: wall.rows };
  }
  return { tile: TILES.least, rows: withTile(counts, width, TILES.least).rows };
}

/** Shortest path over the places where a row may end. */
function withTile(counts: readonly number[], width: number, tile: number): { height: number; rows: WallRow[] } {
  const pitch = tile + TILE_GAP;
  const best: { height: number; rows: WallRow[] }[] = [{ height: 0, rows: [] }];
  for (let to = 1; to <= counts.length; to++) {
    for (let from = to - 1; from >= 0; from--) {
      const row = rowOf(counts.slice(from, to), width, pitch);
      if (row === null && from < to - 1) break;
      const before = best[from];
      if (before === undefined) continue;
      const height = before.height + HEADER + GAP + (row?.lines ?? counts[from] ?? 0) * pitch;
      if (best[to] === undefined || height < best[to].height)
        best[to] = { height, rows: [...before.rows, { from, to, columns: row?.columns ?? [1] }] };
    }
  }
  return best[counts.length] ?? { height: 0, rows: [] };
}

/** Fewest lines of tiles that let all cards stand side by side; null = they do not, however narrow. */
function rowOf(counts: readonly number[], width: number, pitch: number): { lines: number; columns: number[] } | null {
  const room = Math.floor((width - GAP * (counts.length - 1) - FRAME * counts.length) / pitch);
  const least = Math.ceil((LEAST_CARD - FRAME) / pitch);
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (room < least * counts.length) return null;
  for (let lines = Math.max(1, Math.floor(total / room)); ; lines++) {
    const columns = counts.map((n) => Math.max(least, Math.ceil(n / lines)));
    if (columns.reduce((sum, n) => sum + n, 0) <= room) return { lines, columns };
  }
}
