/** Smooth noise that depends on place, time and seed alone: the stuff of flames and smoke. */

function lattice(x: number, y: number, z: number, seed: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(z, 0x1b873593) ^ seed;
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4_294_967_296;
}

/** One octave in 0..1; z is time. */
export function noise(x: number, y: number, z: number, seed: number): number {
  const [x0, y0, z0] = [Math.floor(x), Math.floor(y), Math.floor(z)];
  const [fx, fy, fz] = [fade(x - x0), fade(y - y0), fade(z - z0)];
  const plane = (zi: number): number => {
    const a = lattice(x0, y0, zi, seed);
    const b = lattice(x0 + 1, y0, zi, seed);
    const c = lattice(x0, y0 + 1, zi, seed);
    const d = lattice(x0 + 1, y0 + 1, zi, seed);
    return a + (b - a) * fx + (c - a) * fy + (a - b - c + d) * fx * fy;
  };
  const low = plane(z0);
  return low + (plane(z0 + 1) - low) * fz;
}

/** Octaves of doubling frequency and half the weight; 0..1, mean about 0.5. */
export function fractal(x: number, y: number, z: number, seed: number, octaves: number): number {
  let [sum, weight, total] = [0, 1, 0];
  let [px, py, pz] = [x, y, z];
  for (let o = 0; o < octaves; o++) {
    sum += noise(px, py, pz, seed + o) * weight;
    total += weight;
    weight *= 0.55;
    px *= 2.03;
    py *= 2.03;
    pz *= 1.7;
  }
  return sum / total;
}

function fade(t: number): number {
  return t * t * (3 - 2 * t);
}
