const NAMES = [
  "sea",
  "land",
  "coast",
  "gridline",
  "place",
  "panel",
  "text",
  "mut",
  "acc",
  "s1",
  "s2",
  "s3",
  "s4",
  "ok-dot",
  "late",
  "late-fill",
  "off",
  "flap",
  "unk",
  "vessel",
  "area",
] as const;
export type Palette = Readonly<Record<(typeof NAMES)[number], string>>;

/** The colour tokens as the canvas needs them; read again when the theme changes. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((n) => [n, style.getPropertyValue(`--${n}`).trim()])) as Palette;
}
