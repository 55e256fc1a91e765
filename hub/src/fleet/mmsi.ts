/** What is wrong with an identifier; null = nothing that the number alone would show. */
export type MmsiFault = "not_nine_digits" | "no_country" | "placeholder";

/** Numbers that installers leave in, seen on the air: 123456789, 111111111 and the like. */
const PLACEHOLDERS: ReadonlySet<number> = new Set([
  123_456_789, 987_654_321, 111_111_111, 222_222_222, 333_333_333, 444_444_444, 555_555_555, 666_666_666, 777_777_777,
  888_888_888, 999_999_999, 412_000_000, 413_000_000, 412_123_456, 413_123_456, 412_345_678, 413_999_999,
]);

/**
 * Looks at the number alone (ITU-R M.585): nine digits, and a country (MID 201 to 775) where its kind has one. A flagged
 * vessel stays: about half of the class B transmitters in the region would be lost otherwise.
 */
export function mmsiFault(mmsi: number): MmsiFault | null {
  if (!Number.isInteger(mmsi) || mmsi < 1_000_000 || mmsi > 999_999_999) return "not_nine_digits";
  if (PLACEHOLDERS.has(mmsi)) return "placeholder";
  const text = String(mmsi).padStart(9, "0");
  return hasCountry(Number(midOf(text))) ? null : "no_country";
}

/** Digits of the country: of a ship the first three, of everything else those after its prefix; NaN where there are none. */
function midOf(text: string): string {
  if (text.startsWith("970") || text.startsWith("972") || text.startsWith("974")) return "201"; // beacons carry a maker, no country
  if (text.startsWith("111")) return text.slice(3, 6);
  if (text.startsWith("00") || text.startsWith("98") || text.startsWith("99")) return text.slice(2, 5);
  return text.startsWith("0") || text.startsWith("8") ? text.slice(1, 4) : text.slice(0, 3);
}

function hasCountry(mid: number): boolean {
  return mid >= 201 && mid <= 775;
}
