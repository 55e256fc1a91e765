import type { AlarmMachine } from "./alarm-machine.ts";
import type { Lane } from "./lane.ts";

/**
 * A device whose clock was set back sends live records that are all too old. They are told from a burst of old records by
 * their spacing, which is that of their arrival; then the device's time line is moved.
 */
export function isSetBack(lane: Lane, t: number, now: number, lateness: number, machine: AlarmMachine): boolean {
  const drift = Math.abs(t - lane.oldTs - (now - lane.oldHub));
  if (!lane.setBack || !(drift <= lateness / 2)) {
    lane.setBack = true;
    lane.oldTs = t;
    lane.oldHub = now;
    return false;
  }
  if (now - lane.oldHub < lateness) return false;
  const by = t - lane.watermark;
  for (const a of lane.alarms) if (a !== null && a.alarm.silence < 0) machine.rebase(a, by);
  lane.seen.fill(-Infinity);
  for (const rate of lane.rates ?? []) rate?.reset();
  lane.watermark = t;
  lane.setBack = false;
  return true;
}
