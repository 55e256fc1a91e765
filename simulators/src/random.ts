/** A seeded source of randomness: the same seed gives the same world, sea and faults on every machine. */
export interface Random {
  /** uniform in [0, 1) */
  next(): number;
  /** uniform in [from, to) */
  between(from: number, to: number): number;
  /** integer in [from, to], both included */
  int(from: number, to: number): number;
  /** standard normal */
  normal(): number;
  /** true with probability p */
  chance(p: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** an independent stream: what one consumer draws does not shift another's numbers */
  fork(name: string): Random;
}

/** @param seed any text; equal seeds give equal streams */
export function createRandom(seed: string): Random {
  let [a, b, c, d] = seedWords(seed);
  // sfc32: small, fast, passes PractRand; 128 bits of state.
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 12; i++) next();
  return {
    next,
    between: (from, to) => from + next() * (to - from),
    int: (from, to) => from + Math.floor(next() * (to - from + 1)),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    chance: (p) => next() < p,
    pick: (items) => items[Math.floor(next() * items.length)],
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}

/** FNV-1a of the text, four times with different offsets. */
function seedWords(seed: string): [number, number, number, number] {
  const word = (offset: number): number => {
    let h = 0x811c9dc5 ^ offset;
    for (let i = 0; i < seed.length; i++) h = Math.imul(h ^ seed.charCodeAt(i), 0x01000193);
    return h ^ (h >>> 15);
  };
  return [word(0), word(0x9e3779b9), word(0x85ebca6b), 1];
}
