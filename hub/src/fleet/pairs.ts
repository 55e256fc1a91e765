/** nautical miles of a cell side; paths of ten minutes at fishing speed touch one to four cells */
const CELL_NM = 1;
/** a path that touches more cells than this is cut short: 600 NM in ten minutes is no ship */
const MAX_CELLS = 400;

/**
 * All pairs of moving points that come near each other within some time, by grid hashing: each point stands in every cell that
 * its path may touch, and only points of one cell are compared. Columns are reused from call to call and a pair costs no
 * allocation. Coordinates are NM on a plane, speeds NM/h.
 */
export class PairFinder {
  x = new Float64Array(1024);
  y = new Float64Array(1024);
  vx = new Float64Array(1024);
  vy = new Float64Array(1024);
  /** points with the same group are no pair; -1 = none */
  group = new Int32Array(1024);
  n = 0;
  /** found pairs: the two indices, the smaller first */
  a = new Int32Array(256);
  b = new Int32Array(256);
  /** nearest distance, NM, and when, hours from now */
  nearest = new Float64Array(256);
  after = new Float64Array(256);
  found = 0;
  /** pairs looked at in the last call */
  compared = 0;
  #entryPoint = new Int32Array(4096);
  #entryX = new Int32Array(4096);
  #entryY = new Int32Array(4096);
  #entries = 0;
  #sorted = new Int32Array(4096);
  #starts = new Int32Array(1025);

  clear(): void {
    this.n = 0;
  }

  add(x: number, y: number, vx: number, vy: number, group: number): void {
    if (this.n === this.x.length) this.#growPoints();
    const i = this.n++;
    this.x[i] = x;
    this.y[i] = y;
    this.vx[i] = vx;
    this.vy[i] = vy;
    this.group[i] = group;
  }

  /** Pairs nearer than `nm` at some moment from now to `hours`. @returns how many; see the columns */
  search(nm: number, hours: number): number {
    this.found = 0;
    this.compared = 0;
    this.#spread(nm / 2, hours);
    const mask = this.#sort();
    for (let h = 0; h <= mask; h++) {
      const end = this.#starts[h + 1];
      for (let i = this.#starts[h]; i < end; i++) {
        const e = this.#sorted[i];
        for (let j = i + 1; j < end; j++) this.#compare(e, this.#sorted[j], nm, hours);
      }
    }
    return this.found;
  }

  /** Every point into the cells that its path, widened by `half`, may touch. */
  #spread(half: number, hours: number): void {
    this.#entries = 0;
    for (let i = 0; i < this.n; i++) {
      const dx = this.vx[i] * hours;
      const dy = this.vy[i] * hours;
      const x0 = Math.floor((Math.min(this.x[i], this.x[i] + dx) - half) / CELL_NM);
      const x1 = Math.floor((Math.max(this.x[i], this.x[i] + dx) + half) / CELL_NM);
      const y0 = Math.floor((Math.min(this.y[i], this.y[i] + dy) - half) / CELL_NM);
      const y1 = Math.floor((Math.max(this.y[i], this.y[i] + dy) + half) / CELL_NM);
      let room = MAX_CELLS;
      for (let cx = x0; cx <= x1 && room > 0; cx++)
        for (let cy = y0; cy <= y1 && room > 0; cy++, room--) {
          if (this.#entries === this.#entryPoint.length) this.#growEntries();
          const e = this.#entries++;
          this.#entryPoint[e] = i;
          this.#entryX[e] = cx;
          this.#entryY[e] = cy;
        }
    }
  }

  /** Counting sort of the entries by the hash of their cell. @returns the mask of the hash */
  #sort(): number {
    let size = 1024;
    while (size < this.#entries) size *= 2;
    const mask = size - 1;
    if (this.#starts.length < size + 1) this.#starts = new Int32Array(size + 1);
    const starts = this.#starts.fill(0, 0, size + 1);
    for (let e = 0; e < this.#entries; e++) starts[hash(this.#entryX[e], this.#entryY[e], mask)]++;
    let sum = 0;
    for (let h = 0; h <= size; h++) {
      sum += starts[h];
      starts[h] = sum;
    }
    // walking backwards leaves every start where it belongs
    for (let e = this.#entries - 1; e >= 0; e--)
      this.#sorted[--starts[hash(this.#entryX[e], this.#entryY[e], mask)]] = e;
    return mask;
  }

  #compare(e: number, f: number, nm: number, hours: number): void {
    const cx = this.#entryX[e];
    const cy = this.#entryY[e];
    if (cx !== this.#entryX[f] || cy !== this.#entryY[f]) return;
    let i = this.#entryPoint[e];
    let j = this.#entryPoint[f];
    if (this.group[i] === this.group[j] && this.group[i] !== -1) return;
    const half = nm / 2;
    // two paths may share many cells: only the lowest one that both touch speaks
    if (cx !== Math.floor((Math.max(low(this.x[i], this.vx[i], hours), low(this.x[j], this.vx[j], hours)) - half) / CELL_NM)) return; // prettier-ignore
    if (cy !== Math.floor((Math.max(low(this.y[i], this.vy[i], hours), low(this.y[j], this.vy[j], hours)) - half) / CELL_NM)) return; // prettier-ignore
    this.compared++;
    if (i > j) [i, j] = [j, i];
    const dx = this.x[j] - this.x[i];
    const dy = this.y[j] - this.y[i];
    const wx = this.vx[j] - this.vx[i];
    const wy = this.vy[j] - this.vy[i];
    const ww = wx * wx + wy * wy;
    const t = ww < 1e-9 ? 0 : Math.min(hours, Math.max(0, -(dx * wx + dy * wy) / ww));
    const square = (dx + t * wx) ** 2 + (dy + t * wy) ** 2;
    if (square > nm * nm) return;
    if (this.found === this.a.length) this.#growPairs();
    const k = this.found++;
    this.a[k] = i;
    this.b[k] = j;
    this.nearest[k] = Math.sqrt(square);
    this.after[k] = t;
  }

  #growPoints(): void {
    this.x = doubled(this.x);
    this.y = doubled(this.y);
    this.vx = doubled(this.vx);
    this.vy = doubled(this.vy);
    this.group = doubled(this.group);
  }

  #growEntries(): void {
    this.#entryPoint = doubled(this.#entryPoint);
    this.#entryX = doubled(this.#entryX);
    this.#entryY = doubled(this.#entryY);
    this.#sorted = new Int32Array(this.#entryPoint.length);
  }

  #growPairs(): void {
    this.a = doubled(this.a);
    this.b = doubled(this.b);
    this.nearest = doubled(this.nearest);
    this.after = doubled(this.after);
  }
}

function low(at: number, speed: number, hours: number): number {
  return speed < 0 ? at + speed * hours : at;
}

function hash(cx: number, cy: number, mask: number): number {
  return (Math.imul(cx, 73_856_093) ^ Math.imul(cy, 19_349_663)) & mask;
}

function doubled<T extends Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer>>(column: T): T {
  const grown = (
    column instanceof Float64Array ? new Float64Array(column.length * 2) : new Int32Array(column.length * 2)
  ) as T;
  grown.set(column);
  return grown;
}
