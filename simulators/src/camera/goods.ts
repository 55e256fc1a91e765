/** Things that stand in a street, as SVG. (x, y) is the middle of the ground line, `h` the height in pixels. */

const SHADOW = `fill="#000" opacity="0.32" filter="url(#soft)"`;

/** A market umbrella: eight lit and shaded panels, pole and foot. */
export function umbrella(x: number, y: number, h: number, colours: readonly [string, string]): string {
  const panels = [-50, -37, -20, 0, 20, 37, 50];
  let canopy = "";
  for (let i = 0; i < 6; i++) {
    const [a, b] = [panels[i], panels[i + 1]];
    const sag = `Q ${(a + b) / 2} 27 ${b} 30`;
    const path = `M 0 2 Q ${a * 0.75} 8 ${a} 30 ${sag} Q ${b * 0.75} 8 0 2 Z`;
    canopy += `<path d="${path}" fill="${colours[i % 2]}"/><path d="${path}" fill="#000" opacity="${0.05 * i}"/>`;
  }
  return `<g transform="translate(${x} ${y - h}) scale(${h / 100})">
    <ellipse cx="14" cy="99" rx="42" ry="4" ${SHADOW}/>
    <rect x="-1.1" y="3" width="2.2" height="95" fill="#8d8f92"/><rect x="0.2" y="3" width="0.9" height="95" fill="#4c4e52"/>
    <ellipse cx="0" cy="98" rx="8" ry="2.4" fill="#55565a"/>
    <path d="M -48 30 Q 0 40 48 30 L 0 24 Z" fill="#000" opacity="0.45"/>
    ${canopy}<path d="M -1 3 L 0 -2 L 1 3 Z" fill="#777"/></g>`;
}

/** A bicycle on its stand, seen from the side. */
export function bicycle(x: number, y: number, h: number, colour: string): string {
  const wheel = (cx: number) => {
    let spokes = "";
    for (let a = 0; a < 180; a += 22.5) {
      const [c, s] = [Math.cos((a * Math.PI) / 180) * 28, Math.sin((a * Math.PI) / 180) * 28];
      spokes += `<path d="M ${cx - c} ${70 - s} L ${cx + c} ${70 + s}" stroke="#b9bcc0" stroke-width="0.5"/>`;
    }
    return `<circle cx="${cx}" cy="70" r="29" fill="none" stroke="#1a1a1b" stroke-width="4.2"/>
      <circle cx="${cx}" cy="70" r="26.4" fill="none" stroke="#9a9da1" stroke-width="1.4"/>${spokes}
      <circle cx="${cx}" cy="70" r="3" fill="#555"/>
      <path d="M ${cx - 31} 66 A 32 32 0 0 1 ${cx + 27} 52" fill="none" stroke="#2a2a2c" stroke-width="2.2"/>`;
  };
  return `<g transform="translate(${x} ${y - h}) scale(${h / 100})">
    <ellipse cx="4" cy="99" rx="78" ry="4" ${SHADOW}/>
    ${wheel(-46)}${wheel(46)}
    <g fill="none" stroke="${colour}" stroke-width="4" stroke-linecap="round">
      <path d="M -46 70 L -20 28 L 28 26 L -4 70 Z M -46 70 L -4 70 L -24 18 M 28 26 L 46 70"/><path d="M 28 26 L 25 10"/></g>
    <path d="M 25 10 q 10 -4 14 4" fill="none" stroke="#333" stroke-width="3.4" stroke-linecap="round"/>
    <path d="M -36 15 q 12 -6 24 0 q -6 6 -16 4 Z" fill="#161616"/>
    <circle cx="-4" cy="70" r="8" fill="none" stroke="#777" stroke-width="2.4"/><path d="M -4 70 L 6 82 M 2 83 h 9" stroke="#333" stroke-width="3"/>
    <path d="M 30 22 h 26 l -3 18 h -20 Z" fill="#7a7c80"/><path d="M 30 22 h 26 M 32 28 h 23 M 33 34 h 21" stroke="#333" stroke-width="1"/>
    <path d="M -46 70 L -8 66 M -46 73 L -6 78" stroke="#3a3a3a" stroke-width="1.6"/></g>`;
}

/** A plastic garden chair, a little from above. */
export function chair(x: number, y: number, h: number, colour: string): string {
  return `<g transform="translate(${x} ${y - h}) scale(${h / 100})">
    <ellipse cx="6" cy="97" rx="36" ry="5" ${SHADOW}/>
    <g fill="${colour}"><path d="M -25 4 Q 0 -5 25 4 L 27 52 L -27 52 Z"/></g>
    <path d="M -17 10 v 36 M -8 7 v 40 M 0 6 v 41 M 8 7 v 40 M 17 10 v 36" stroke="#000" opacity="0.42" stroke-width="3.4"/>
    <path d="M -27 52 L 27 52 L 33 63 L -33 63 Z" fill="${colour}"/><path d="M -33 63 h 66 v 5 h -66 Z" fill="#000" opacity="0.4"/>
    <path d="M -33 63 h 66 v 5 h -66 Z" fill="${colour}" opacity="0.55"/>
    <path d="M -32 67 l 5 0 l -3 31 l -4 0 Z M 32 67 l -5 0 l 3 31 l 4 0 Z" fill="${colour}"/>
    <path d="M -22 67 l 4 0 l -1 22 l -3 0 Z M 22 67 l -4 0 l 1 22 l 3 0 Z" fill="${colour}"/><path d="M -22 67 l 4 0 l -1 22 l -3 0 Z M 22 67 l -4 0 l 1 22 l 3 0 Z" fill="#000" opacity="0.4"/>
    <path d="M -27 36 h -8 v 4 h 4 v 24 h 3 M 27 36 h 8 v 4 h -4 v 24 h -3" fill="${colour}" stroke="#000" stroke-opacity="0.3"/></g>`;
}

/** A folding table with a cloth and crates of fruit. */
export function stallTable(x: number, y: number, h: number): string {
  const fruit = ["#c8462e", "#d98b2b", "#7d9a3c", "#b53a4a"];
  let crates = "";
  for (let c = 0; c < 4; c++) {
    const left = -74 + c * 38;
    for (let i = 0; i < 12; i++) {
      const [fx, fy] = [left + 4 + (i % 6) * 5, 15 - Math.floor(i / 6) * 5];
      crates += `<circle cx="${fx}" cy="${fy}" r="3.4" fill="${fruit[c]}"/><circle cx="${fx - 1}" cy="${fy - 1}" r="1" fill="#fff" opacity="0.4"/>`;
    }
    crates += `<path d="M ${left} 16 h 33 l -2 14 h -29 Z" fill="#a5763f"/><path d="M ${left} 20 h 33 M ${left + 1} 25 h 31" stroke="#5d3d1c" stroke-width="1"/>`;
  }
  return `<g transform="translate(${x} ${y - h}) scale(${h / 100})">
    <ellipse cx="6" cy="98" rx="92" ry="6" ${SHADOW}/>
    <path d="M -76 34 l 5 0 l -4 64 l -4 0 Z M 76 34 l -5 0 l 4 64 l 4 0 Z M -60 34 l 4 0 l -2 54 l -3 0 Z M 60 34 l -4 0 l 2 54 l 3 0 Z" fill="#4a4541"/>
    ${crates}
    <path d="M -86 29 h 172 l 4 8 h -180 Z" fill="#d9d2c0"/><path d="M -90 37 h 180 v 24 q -8 4 -15 0 q -8 4 -15 0 q -8 4 -15 0 q -8 4 -15 0 q -8 4 -15 0 q -8 4 -15 0 q -8 4 -15 0 q -8 4 -15 0 q -8 4 -15 0 q -8 4 -15 0 q -8 4 -15 0 q -8 4 -15 0 Z" fill="#b9483a"/>
    <path d="M -90 37 h 180 v 5 h -180 Z" fill="#000" opacity="0.25"/></g>`;
}
