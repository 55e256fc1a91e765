/** What a battery's newest value and its trend say. */
export interface BatteryOutlook {
  /** the value at which it is empty */
  readonly empty: number;
  /** null = not falling, or too little history */
  readonly daysLeft: number | null;
  readonly state: "replace" | "soon" | "fine" | "unknown";
}

/** Days that are left when somebody has to go, and when the room should plan to. */
const REPLACE_DAYS = 14;
const SOON_DAYS = 60;
/** Percent at which most devices stop to send. */
const EMPTY_PERCENT = 10;
/** V; of one cell of lithium thionyl chloride or of two alkaline ones, as most makers name it */
const EMPTY_CELL = 2.7;
/** A slope this small (share of what is left a day) is noise of the temperature, not use. */
const NOISE = 0.0002;

/**
 * @param metric `battery` (V) or `battery_percent`
 * @param perDay change a day in the metric's unit; null = too little history
 * @param min the device's own limit (attribute `min_battery`, V), where it has one
 */
export function batteryOutlook(
  metric: "battery" | "battery_percent",
  value: number,
  perDay: number | null,
  min?: unknown,
): BatteryOutlook {
  const empty = metric === "battery_percent" ? EMPTY_PERCENT : typeof min === "number" ? min : emptyVolts(value);
  const left = value - empty;
  if (left <= 0) return { empty, daysLeft: 0, state: "replace" };
  if (perDay === null) return { empty, daysLeft: null, state: "unknown" };
  if (-perDay < left * NOISE) return { empty, daysLeft: null, state: "fine" };
  const daysLeft = left / -perDay;
  return { empty, daysLeft, state: daysLeft <= REPLACE_DAYS ? "replace" : daysLeft <= SOON_DAYS ? "soon" : "fine" };
}

/** Packs of several cells and 12 V supplies are empty at the same share of what a full one has. */
function emptyVolts(value: number): number {
  if (value <= 4.5) return EMPTY_CELL;
  if (value <= 9) return 2 * EMPTY_CELL;
  return 0.9 * (value > 18 ? 24 : 12);
}
