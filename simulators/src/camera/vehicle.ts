/** Vehicles from the side, as SVG. (x, y) is the middle of the ground line, `h` the height in pixels. */

const SHADOW = `fill="#000" opacity="0.45" filter="url(#soft)"`;

function wheel(cx: number, cy: number, r: number): string {
  return `<circle cx="${cx}" cy="${cy}" r="${r}" fill="#151516"/><circle cx="${cx}" cy="${cy}" r="${r * 0.62}" fill="#a7abb0"/>
    <circle cx="${cx}" cy="${cy}" r="${r * 0.5}" fill="#6d7176"/><circle cx="${cx}" cy="${cy}" r="${r * 0.16}" fill="#d5d8db"/>`;
}

export function car(x: number, y: number, h: number, colour: string): string {
  return `<g transform="translate(${x} ${y - h}) scale(${h / 100})">
    <ellipse cx="2" cy="97" rx="152" ry="7" ${SHADOW}/>
    <path d="M -146 78 C -150 58 -146 46 -128 42 L -92 38 C -72 16 -58 6 -34 4 L 34 4 C 58 6 76 20 92 40 L 128 46 C 146 50 148 62 147 80 L 140 84 L -140 84 Z" fill="${colour}"/>
    <path d="M -146 66 L 147 68 L 147 80 L 140 84 L -140 84 L -146 78 Z" fill="#000" opacity="0.38"/>
    <path d="M -128 42 L 128 46" stroke="#fff" stroke-opacity="0.35" stroke-width="2"/>
    <path d="M -80 38 C -64 20 -54 12 -34 11 L -6 11 L -6 40 Z" fill="#1f2a33"/><path d="M 2 11 L 32 11 C 52 13 64 24 78 41 L 2 40 Z" fill="#1f2a33"/>
    <path d="M -70 36 C -60 22 -48 14 -36 13 L -50 38 Z M 8 12 L 24 12 L 10 40 L 4 40 Z" fill="#9fb4c2" opacity="0.55"/>
    <path d="M -2 42 V 82 M -74 42 L -66 82 M 74 44 L 68 82" stroke="#000" stroke-opacity="0.4" stroke-width="1.4"/>
    <path d="M -20 50 h 12 v 3 h -12 Z M 52 51 h 12 v 3 h -12 Z" fill="#000" opacity="0.5"/>
    <path d="M 138 52 q 9 3 8 11 l -14 -2 Z" fill="#e8e4d2"/><path d="M -145 50 l 13 -2 l -2 11 l -12 2 Z" fill="#a8231c"/>
    <path d="M -124 84 a 27 27 0 0 1 54 0 Z M 66 84 a 27 27 0 0 1 54 0 Z" fill="#0d0d0e"/>${wheel(-97, 79, 21)}${wheel(93, 79, 21)}</g>`;
}

/** A light goods vehicle with a box body. */
export function truck(x: number, y: number, h: number, colour: string): string {
  return `<g transform="translate(${x} ${y - h}) scale(${h / 100})">
    <ellipse cx="2" cy="98" rx="122" ry="5" ${SHADOW}/>
    <path d="M -118 2 h 154 v 76 h -154 Z" fill="#d9dadb"/><path d="M -118 2 h 154 v 8 h -154 Z" fill="#fff" opacity="0.6"/>
    <path d="M -118 60 h 154 v 18 h -154 Z" fill="#000" opacity="0.18"/><path d="M -80 2 v 76 M -42 2 v 76 M -4 2 v 76" stroke="#000" stroke-opacity="0.16" stroke-width="1.2"/>
    <path d="M 40 22 h 38 q 8 0 12 8 l 12 24 q 8 2 9 10 v 20 h -71 Z" fill="${colour}"/>
    <path d="M 52 28 h 24 q 6 0 9 6 l 9 20 h -42 Z" fill="#1f2a33"/><path d="M 58 28 h 10 l -8 26 h -6 Z" fill="#9fb4c2" opacity="0.55"/>
    <path d="M 40 66 h 71 v 18 h -71 Z" fill="#000" opacity="0.3"/><path d="M -118 78 h 229 v 7 h -229 Z" fill="#2b2c2f"/>
    <path d="M 104 62 h 7 v 8 h -7 Z" fill="#efe9d0"/><path d="M -118 70 h 4 v 8 h -4 Z" fill="#a8231c"/>
    ${wheel(-78, 84, 15)}${wheel(74, 84, 15)}</g>`;
}

/** An inshore fishing boat at its berth; the ground line is the water line. */
export function boat(x: number, y: number, h: number, colour: string): string {
  return `<g transform="translate(${x} ${y - h}) scale(${h / 100})">
    <path d="M -118 101 q 120 12 236 0 l -14 10 q -100 8 -206 0 Z" fill="#0c1a20" opacity="0.5" filter="url(#soft)"/>
    <path d="M -122 58 Q -60 68 20 66 Q 90 64 132 44 Q 122 84 100 102 L -104 102 Q -118 84 -122 58 Z" fill="${colour}"/>
    <path d="M -118 82 Q 0 92 116 82 L 100 102 L -104 102 Z" fill="#6d2020"/><path d="M -122 58 Q -60 68 20 66 Q 90 64 132 44 l -1 5 Q 90 70 20 72 Q -60 74 -121 64 Z" fill="#eee8da"/>
    <path d="M -84 22 h 62 v 44 h -62 Z" fill="#e6e3da"/><path d="M -84 22 h 62 v 44 h -62 Z" fill="#000" opacity="0.08"/><path d="M -92 18 h 78 v 5 h -78 Z" fill="#9a9c9d"/>
    <path d="M -78 29 h 14 v 13 h -14 Z M -60 29 h 14 v 13 h -14 Z M -42 29 h 14 v 13 h -14 Z" fill="#22303a"/>
    <path d="M -52 18 V -6 M -62 2 h 20 M 36 66 V -4 M 36 0 L 92 52 M 36 0 L -20 26" stroke="#3a3d40" stroke-width="2" fill="none"/>
    <path d="M -8 60 h 32 v 7 h -32 Z M 44 54 h 22 v 11 h -22 Z" fill="#2d6a72"/>
    <circle cx="-98" cy="74" r="6" fill="#15181a"/><circle cx="-40" cy="80" r="6" fill="#15181a"/><circle cx="30" cy="80" r="6" fill="#15181a"/></g>`;
}
