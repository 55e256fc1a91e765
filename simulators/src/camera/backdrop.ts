import { mulberry32 } from "@gridhub/device-profiles/seeded-random.ts";

export type Place = "street" | "quay";

/** The empty place as SVG, 1280 x 720 user units; `seed` varies facades, stains and paving. Nothing in it is to be detected. */
export function backdrop(place: Place, seed: number): string {
  const random = mulberry32(seed);
  return place === "street" ? street(random) : quay(random);
}

/** Filters and gradients that backdrops and figures use. */
export const DEFS = `<defs>
  <filter id="soft" x="-50%" y="-200%" width="200%" height="500%"><feGaussianBlur stdDeviation="1.6"/></filter>
  <filter id="wide" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="9"/></filter>
  <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#9fb3c4"/><stop offset="1" stop-color="#d5dbdd"/></linearGradient>
  <linearGradient id="pave" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#8d8b86"/><stop offset="1" stop-color="#a6a39c"/></linearGradient>
  <linearGradient id="road" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#5d6064"/><stop offset="1" stop-color="#494c50"/></linearGradient>
  <linearGradient id="sea" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#86989f"/><stop offset="1" stop-color="#3f5a64"/></linearGradient>
</defs>`;

/** To infrared a clear sky is black, and so is water. */
export const DEFS_INFRARED = DEFS.replace("#9fb3c4", "#0a0a0a")
  .replace("#d5dbdd", "#1c1c1c")
  .replace("#86989f", "#2e2e2e")
  .replace("#3f5a64", "#161616");

function street(random: () => number): string {
  const walls = ["#b3a48e", "#a08a79", "#bdb6a8", "#94806c", "#a9a79d"];
  let out = `<rect width="1280" height="120" fill="url(#sky)"/>`;
  let x = -20;
  while (x < 1280) {
    const w = 190 + random() * 120;
    out += house(random, x, w, 20 + random() * 60, walls[Math.floor(random() * walls.length)]);
    x += w;
  }
  out += `<rect y="330" width="1280" height="260" fill="url(#pave)"/>${slabs(random)}`;
  out += `<rect y="586" width="1280" height="14" fill="#c4c1b8"/><rect y="598" width="1280" height="5" fill="#33353a"/>`;
  out += `<rect y="603" width="1280" height="117" fill="url(#road)"/>`;
  for (let d = 0; d < 7; d++)
    out += `<path d="M ${d * 210 - 40} 668 h 96 l -6 9 h -98 Z" fill="#cfcfca" opacity="0.75"/>`;
  return out + stains(random, 340, 560, 16);
}

function house(random: () => number, x: number, w: number, top: number, colour: string): string {
  let out = `<rect x="${x}" y="${top}" width="${w}" height="${332 - top}" fill="${colour}"/>`;
  out += `<rect x="${x}" y="${top}" width="${w}" height="7" fill="#fff" opacity="0.25"/><rect x="${x + w - 5}" y="${top}" width="5" height="${332 - top}" fill="#000" opacity="0.25"/>`;
  const columns = Math.floor(w / 62);
  for (let row = 0; top + 24 + row * 74 < 190; row++) {
    for (let c = 0; c < columns; c++) {
      const [wx, wy] = [x + 16 + c * ((w - 24) / columns), top + 22 + row * 74];
      out += `<rect x="${wx - 3}" y="${wy - 3}" width="40" height="50" fill="#e4e0d6" opacity="0.7"/><rect x="${wx}" y="${wy}" width="34" height="44" fill="#3a4a55"/>`;
      out += `<path d="M ${wx} ${wy} h 34 l -34 ${20 + random() * 20} Z" fill="#93a8b5" opacity="0.5"/><path d="M ${wx + 17} ${wy} v 44 M ${wx} ${wy + 20} h 34" stroke="#ddd8cc" stroke-width="2"/>`;
      if (random() < 0.4)
        out += `<rect x="${wx + 4}" y="${wy + 50}" width="28" height="15" fill="#c9c9c4"/><circle cx="${wx + 12}" cy="${wy + 57}" r="5" fill="#888"/>`;
    }
  }
  const sign = ["#2f5f7a", "#8c3a32", "#3f6b45", "#7a6a33"][Math.floor(random() * 4)];
  out += `<rect x="${x + 8}" y="206" width="${w - 20}" height="26" fill="${sign}"/><rect x="${x + 8}" y="206" width="${w - 20}" height="4" fill="#fff" opacity="0.2"/>`;
  out += `<rect x="${x + 10}" y="236" width="${w - 24}" height="94" fill="${random() < 0.5 ? "#8f9498" : "#7d868c"}"/>`;
  for (let y = 242; y < 328; y += 8)
    out += `<rect x="${x + 10}" y="${y}" width="${w - 24}" height="2.4" fill="#000" opacity="0.16"/>`;
  return `${out}<rect x="${x}" y="322" width="${w}" height="10" fill="#000" opacity="0.28"/>`;
}

/** Paving joints that run to a vanishing point above the street. */
function slabs(random: () => number): string {
  let out = "";
  for (let i = -16; i <= 36; i++) out += `M ${640 + (i * 64 - 640) * 0.72} 330 L ${i * 84 - 200} 586 `;
  let y = 330;
  for (let step = 9; y < 586; step *= 1.16) out += `M 0 ${(y += step)} H 1280 `;
  let tones = "";
  for (let i = 0; i < 60; i++) {
    const [sx, sy] = [random() * 1260, 335 + random() * 235];
    tones += `<path d="M ${sx} ${sy} h ${30 + random() * 40} l 8 ${10 + random() * 12} h -60 Z" fill="${random() < 0.5 ? "#000" : "#fff"}" opacity="${0.03 + random() * 0.05}"/>`;
  }
  return `${tones}<path d="${out}" stroke="#55534f" stroke-width="1.1" opacity="0.55" fill="none"/>`;
}

function stains(random: () => number, top: number, bottom: number, n: number): string {
  let out = "";
  for (let i = 0; i < n; i++) {
    const y = top + random() * (bottom - top);
    out += `<ellipse cx="${random() * 1280}" cy="${y}" rx="${20 + random() * 70}" ry="${4 + random() * 10}" fill="#000" opacity="${0.05 + random() * 0.09}" filter="url(#wide)"/>`;
  }
  return out;
}

function quay(random: () => number): string {
  let out = `<rect width="1280" height="150" fill="url(#sky)"/>`;
  let hills = "M 0 150 ";
  for (let x = 0; x <= 1280; x += 64) hills += `L ${x} ${118 - random() * 46} `;
  out += `<path d="${hills} L 1280 152 L 0 152 Z" fill="#6d7f7c" opacity="0.8"/><rect y="150" width="1280" height="230" fill="url(#sea)"/>`;
  for (let i = 0; i < 260; i++) {
    const y = 154 + random() ** 1.6 * 222;
    const w = 12 + ((y - 150) / 230) * 70;
    out += `<path d="M ${random() * 1280} ${y} q ${w / 2} ${-2 - random() * 2} ${w} 0" stroke="${random() < 0.6 ? "#dbe4e4" : "#233a42"}" stroke-width="1.4" opacity="${0.12 + random() * 0.22}" fill="none"/>`;
  }
  out += `<rect y="376" width="1280" height="26" fill="#6e6a63"/><rect y="376" width="1280" height="8" fill="#a8a297"/>`;
  for (let i = 0; i < 9; i++)
    out += `<rect x="${30 + i * 150}" y="386" width="60" height="12" fill="#d8b23a" opacity="0.55"/>`;
  out += `<rect y="402" width="1280" height="318" fill="url(#pave)"/>`;
  for (let y = 420, step = 20; y < 720; step *= 1.2, y += step)
    out += `<path d="M 0 ${y} H 1280" stroke="#55534f" stroke-width="1.6" opacity="0.35"/>`;
  for (let i = -6; i <= 18; i++)
    out += `<path d="M ${640 + (i * 110 - 640) * 0.7} 402 L ${i * 160 - 300} 720" stroke="#55534f" stroke-width="1.3" opacity="0.28"/>`;
  return out + stains(random, 420, 710, 26);
}
