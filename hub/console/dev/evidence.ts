// Pictures for the development server, drawn as SVG: no camera footage is shipped.

export interface Picture {
  readonly svg: string;
  readonly w: number;
  readonly h: number;
  readonly boxes: { label: string; score: number; box: [number, number, number, number] }[];
}

const W = 1280;
const H = 720;

function scene(sky: [string, string], body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${W} ${H}" width="${W}" height="${H}">
<defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="${sky[0]}"/><stop offset="1" stop-color="${sky[1]}"/></linearGradient>
<radialGradient id="f"><stop stop-color="#fff3c4"/><stop offset=".35" stop-color="#ffa63c"/><stop offset="1" stop-color="#d8431a" stop-opacity="0"/></radialGradient>
<filter id="b"><feGaussianBlur stdDeviation="26"/></filter></defs>
<rect width="${W}" height="${H}" fill="url(#s)"/>${body}</svg>`;
}

export function smoke(grow: number): Picture {
  const r = 46 + grow * 10;
  return {
    w: W,
    h: H,
    svg: scene(
      ["#41566c", "#8397a5"],
      `<path d="M0 430L190 350 420 400 700 330 960 390 1280 340V720H0z" fill="#3d4d55"/>
<path d="M0 500L300 460 640 500 980 455 1280 500V720H0z" fill="#2d3a3f"/>
<g fill="#4d5b60"><rect x="150" y="430" width="150" height="110"/><rect x="320" y="400" width="90" height="140"/><rect x="880" y="450" width="220" height="90"/></g>
<g fill="#7b8a8d" opacity=".8"><rect x="165" y="445" width="20" height="16"/><rect x="205" y="445" width="20" height="16"/><rect x="245" y="445" width="20" height="16"/><rect x="335" y="420" width="16" height="20"/><rect x="370" y="420" width="16" height="20"/></g>
<path d="M700 440C690 330 760 300 770 210S900 90 1010 60L1080 130C980 190 900 240 880 320S800 420 790 450z" fill="#c6ccd0" opacity=".75" filter="url(#b)"/>
<circle cx="742" cy="470" r="${r}" fill="url(#f)"/><rect y="600" width="${W}" height="120" fill="#20292d"/>`,
    ),
    boxes: [
      { label: "smoke", score: 0.91, box: [640, 40, 460, 400] },
      { label: "fire", score: 0.8 + grow * 0.01, box: [742 - r, 470 - r, 2 * r, 2 * r] },
    ],
  };
}

export function stall(): Picture {
  const goods = Array.from(
    { length: 9 },
    (_, i) =>
      `<circle cx="${470 + i * 34}" cy="${488 - (i % 2) * 10}" r="17" fill="${i % 3 === 0 ? "#c9653a" : "#c9a23a"}"/>`,
  ).join("");
  return {
    w: W,
    h: H,
    svg: scene(
      ["#aab6bb", "#cfd3d0"],
      `<rect y="120" width="${W}" height="300" fill="#8d9491"/><g fill="#5e6a70"><rect x="60" y="180" width="240" height="220"/><rect x="340" y="180" width="240" height="220"/><rect x="900" y="180" width="300" height="220"/></g>
<rect y="420" width="${W}" height="300" fill="#70767a"/><path d="M0 600H1280" stroke="#d5d2c0" stroke-width="8" stroke-dasharray="70 50"/>
<path d="M400 330Q600 210 800 330z" fill="#3c6f9c"/><path d="M600 260V500" stroke="#3b4246" stroke-width="8"/>
<rect x="440" y="490" width="330" height="26" fill="#6f543b"/>${goods}
<path d="M820 540c-6-90 4-150 34-150s40 60 34 150z" fill="#39495a"/><circle cx="854" cy="366" r="26" fill="#b98d70"/>`,
    ),
    boxes: [
      { label: "umbrella", score: 0.88, box: [392, 236, 416, 104] },
      { label: "table", score: 0.74, box: [430, 460, 350, 70] },
      { label: "person", score: 0.93, box: [812, 336, 86, 214] },
    ],
  };
}
