/** Clothing of a figure, CSS colours. */
export interface Outfit {
  readonly skin: string;
  readonly hair: string;
  readonly top: string;
  readonly bottom: string;
}

/**
 * A standing or walking person as SVG, feet at (x, y), `h` pixels tall. The proportions are those of an adult (7.5 heads); arms,
 * folds and a soft ground shadow matter more to the detector than outlines.
 * @param stride -1..1, phase of a step; 0 stands
 */
export function person(x: number, y: number, h: number, wear: Outfit, stride = 0, facing = 1): string {
  const u = h / 100;
  const swing = stride * 9;
  const leg = (dx: number, shift: number, shade: number) => `
    <path d="M ${-1 + dx} 50 C ${dx - 1 + shift * 0.4} 65 ${dx - 1 + shift} 80 ${dx - 1 + shift} 95 L ${dx + 5 + shift} 95
      C ${dx + 6 + shift * 0.9} 80 ${dx + 8 + shift * 0.3} 65 ${dx + 8} 50 Z" fill="${wear.bottom}"/>
    <path d="M ${-1 + dx} 50 C ${dx - 1 + shift * 0.4} 65 ${dx - 1 + shift} 80 ${dx - 1 + shift} 95 L ${dx + 5 + shift} 95
      C ${dx + 6 + shift * 0.9} 80 ${dx + 8 + shift * 0.3} 65 ${dx + 8} 50 Z" fill="#000" opacity="${shade}"/>
    <path d="M ${dx - 2 + shift} 95 h 7 q 4 1 4 4 h -11 Z" fill="#1b1714"/>`;
  const arm = (side: number, shift: number) => `
    <path d="M ${side * 9} 19 C ${side * 13} 28 ${side * 13 + shift * 0.5} 36 ${side * 12 + shift} 47 l ${-side * 4.5} 1
      C ${side * 8 + shift * 0.4} 38 ${side * 8} 30 ${side * 5} 22 Z" fill="${wear.top}"/>
    <path d="M ${side * 9} 19 C ${side * 13} 28 ${side * 13 + shift * 0.5} 36 ${side * 12 + shift} 47 l ${-side * 4.5} 1
      C ${side * 8 + shift * 0.4} 38 ${side * 8} 30 ${side * 5} 22 Z" fill="#000" opacity="${side > 0 ? 0.28 : 0.12}"/>
    <ellipse cx="${side * 10 + shift}" cy="49.5" rx="2.2" ry="3" fill="${wear.skin}"/>`;
  return `<g transform="translate(${x} ${y - h}) scale(${u * facing} ${u})">
    <ellipse cx="8" cy="99" rx="17" ry="2.6" fill="#000" opacity="0.35" filter="url(#soft)"/>
    ${leg(-7, -swing, 0.3)}${leg(0, swing, 0.1)}
    ${arm(1, -swing * 0.8)}
    <path d="M -9 18 C -4 15 4 15 9 18 C 11 28 10 40 9.5 54 C 4 56 -4 56 -9.5 54 C -10 40 -11 28 -9 18 Z" fill="${wear.top}"/>
    <path d="M 2 16 C 6 16 9 17 9 18 C 11 28 10 40 9.5 54 C 7 55 5 55 3 55 C 5 42 5 28 2 16 Z" fill="#000" opacity="0.3"/>
    <path d="M -8 20 C -9 30 -9 40 -8 52 L -5 52 C -6 40 -6 30 -5 19 Z" fill="#fff" opacity="0.13"/>
    <path d="M -2 30 q 4 4 1 12 M 3 33 q -3 8 2 14" stroke="#000" stroke-width="0.7" opacity="0.35" fill="none"/>
    ${arm(-1, swing * 0.8)}
    <path d="M -2.6 11 h 5.2 v 6 q -2.6 2.4 -5.2 0 Z" fill="${wear.skin}"/>
    <path d="M -2.6 13 h 5.2 v 3 h -5.2 Z" fill="#000" opacity="0.25"/>
    <ellipse cx="0" cy="7" rx="4.9" ry="6.6" fill="${wear.skin}"/>
    <path d="M 0 0.4 C 5 0.4 5.2 9 3.4 12 C 4 8 3 6 1 5 C 0 9 1 13 0 13.6 C 6 13 5.4 0.4 0 0.4 Z" fill="#000" opacity="0.22"/>
    <path d="M -5.2 7.5 C -6 -2 6 -2 5.2 7.5 C 4.6 3.6 2.6 3.4 0 3.4 C -2.6 3.4 -4.6 3.6 -5.2 7.5 Z" fill="${wear.hair}"/>
  </g>`;
}
