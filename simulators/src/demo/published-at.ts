/**
 * When the report behind an event left its device: a hydrant's frame carries whole seconds, so the event's time is the second in
 * which the report was made.
 * @param openedAt event time, ms UTC
 * @param sentAt when reports of the device left, ms UTC
 * @returns null when none left in that second
 */
export function publishedAt(openedAt: number, sentAt: readonly number[]): number | null {
  return sentAt.findLast((at) => Math.floor(at / 1000) === Math.floor(openedAt / 1000)) ?? null;
}
