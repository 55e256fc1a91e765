import { mulberry32 } from "@gridhub/device-profiles/seeded-random.ts";

/** Rubbish and bins as SVG. (x, y) is the middle of the ground line, `h` the height in pixels. */

const SHADOW = `fill="#000" opacity="0.35" filter="url(#soft)"`;

/** A heap of bags, boxes, bottles and paper, about twice as wide as high; `seed` varies it. */
export function heap(x: number, y: number, h: number, seed: number): string {
  const random = mulberry32(seed);
  const bags = ["#1d1e22", "#26282c", "#e6e4de", "#b8352f", "#3f6fae", "#d8d5c8", "#202226"];
  let out = `<ellipse cx="4" cy="98" rx="112" ry="8" ${SHADOW}/>`;
  for (let i = 0; i < 9; i++) {
    const [bx, by] = [-78 + random() * 156, 96 - random() * 12];
    const [w, t] = [26 + random() * 18, 34 + random() * 34 * (1 - Math.abs(bx) / 110)];
    const colour = bags[Math.floor(random() * bags.length)];
    out += bag(bx, by, w, t, colour, random);
  }
  for (let i = 0; i < 4; i++) {
    const [bx, by, w, t] = [-92 + random() * 170, 97 - random() * 8, 24 + random() * 26, 16 + random() * 22];
    const tilt = -18 + random() * 36;
    out += `<g transform="translate(${bx} ${by}) rotate(${tilt})"><path d="M ${-w / 2} ${-t} h ${w} v ${t} h ${-w} Z" fill="#b08a58"/>
      <path d="M ${-w / 2} ${-t} l 6 -8 h ${w} l -6 8 Z" fill="#c9a470"/><path d="M ${w / 2} ${-t} l 6 -8 v ${t} l -6 8 Z" fill="#7d5f38"/>
      <path d="M -3 ${-t} h 6 v ${t} h -6 Z" fill="#d8c49a" opacity="0.8"/></g>`;
  }
  return `<g transform="translate(${x} ${y - h}) scale(${h / 100})">${out}${scraps(random, 26, 104, 84, 101)}</g>`;
}

/** A wheeled bin; `full` has its lid pushed up by bags, with more around its foot. */
export function bin(x: number, y: number, h: number, colour: string, full: boolean, seed: number): string {
  const random = mulberry32(seed);
  let out = `<ellipse cx="4" cy="98" rx="38" ry="5" ${SHADOW}/>`;
  if (full) {
    for (let i = 0; i < 5; i++) {
      const tones = ["#e2e0da", "#24262a", "#b8352f", "#c9c4b6", "#3f6fae"];
      out += bag(
        -20 + i * 10 + random() * 6,
        34 - random() * 4,
        20 + random() * 8,
        20 + random() * 16,
        tones[i],
        random,
      );
    }
  }
  out += `<path d="M -30 28 h 60 l -6 64 h -48 Z" fill="${colour}"/><path d="M 10 28 h 20 l -6 64 h -14 Z" fill="#000" opacity="0.25"/>
    <path d="M -30 28 h 10 l -2 64 h -2 Z" fill="#fff" opacity="0.16"/><path d="M -32 24 h 64 v 7 h -64 Z" fill="${colour}"/>
    <path d="M -32 24 h 64 v 7 h -64 Z" fill="#000" opacity="0.3"/><path d="M -22 44 h 44 M -21 56 h 42 M -20 68 h 40" stroke="#000" stroke-opacity="0.18" stroke-width="2"/>
    <circle cx="-20" cy="93" r="6" fill="#151516"/><circle cx="20" cy="93" r="6" fill="#151516"/><circle cx="0" cy="58" r="9" fill="#fff" opacity="0.75"/>
    <path d="M -4 58 l 4 -6 l 4 6 l -2 0 l -2 -3 l -2 3 Z M -5 60 h 10 v 2 h -10 Z" fill="${colour}"/>`;
  out += full
    ? `<path d="M -32 22 L -46 -18 L -40 -21 L -26 20 Z" fill="${colour}"/><path d="M -32 22 L -46 -18 L -43 -20 L -29 21 Z" fill="#000" opacity="0.3"/>`
    : `<path d="M -34 24 Q -32 12 0 12 Q 32 12 34 24 Z" fill="${colour}"/><path d="M -34 24 Q -32 12 0 12 L 0 15 Q -28 16 -30 24 Z" fill="#fff" opacity="0.2"/>`;
  if (full) {
    out +=
      bag(-46, 98, 26, 30, "#25272b", random) +
      bag(44, 98, 30, 34, "#dcd9d0", random) +
      bag(62, 98, 20, 22, "#1c1d20", random);
    out += scraps(random, 12, 70, 92, 101);
  }
  return `<g transform="translate(${x} ${y - h}) scale(${h / 100})">${out}</g>`;
}

function bag(x: number, y: number, w: number, h: number, colour: string, random: () => number): string {
  const k = 0.3 + random() * 0.3;
  return `<path d="M ${x - w / 2} ${y} Q ${x - w * 0.62} ${y - h * k} ${x - w * 0.16} ${y - h * 0.82} L ${x - w * 0.22} ${y - h} L ${x + w * 0.2} ${y - h * 0.98}
    L ${x + w * 0.14} ${y - h * 0.8} Q ${x + w * 0.64} ${y - h * k} ${x + w / 2} ${y} Z" fill="${colour}"/>
    <path d="M ${x - w * 0.3} ${y - 2} Q ${x - w * 0.4} ${y - h * k} ${x - w * 0.1} ${y - h * 0.75}" stroke="#fff" stroke-opacity="0.28" stroke-width="2.4" fill="none"/>
    <path d="M ${x + w * 0.05} ${y - h * 0.7} Q ${x + w * 0.3} ${y - h * k} ${x + w * 0.22} ${y} L ${x + w / 2} ${y} Q ${x + w * 0.62} ${y - h * k} ${x + w * 0.12} ${y - h * 0.8} Z" fill="#000" opacity="0.3"/>
    <path d="M ${x - w * 0.1} ${y - h * 0.5} l ${w * 0.16} ${h * 0.2} M ${x + w * 0.1} ${y - h * 0.6} l ${-w * 0.1} ${h * 0.3}" stroke="#000" stroke-opacity="0.3" stroke-width="1.4" fill="none"/>`;
}

/** Paper, cups and bottles that lie about. */
function scraps(random: () => number, n: number, reach: number, top: number, bottom: number): string {
  const tones = ["#f2f0ea", "#e3dfd2", "#cf4a3d", "#4f8f5a", "#5b8fd0", "#e5c24f", "#f7f6f2"];
  let out = "";
  for (let i = 0; i < n; i++) {
    const [x, y] = [-reach + random() * 2 * reach, top + random() * (bottom - top)];
    const tone = tones[Math.floor(random() * tones.length)];
    const [w, h] = [4 + random() * 9, 2.5 + random() * 5];
    out += `<path d="M ${x} ${y} l ${w} ${-h * 0.6} l ${w * 0.3} ${h} l ${-w} ${h * 0.7} Z" fill="${tone}"/><path d="M ${x} ${y} l ${w * 0.3} ${h * 1.1} l ${w} ${-h * 0.7}" stroke="#000" stroke-opacity="0.4" fill="none"/>`;
  }
  return out;
}
