import type { AlarmMachine } from "./alarm-machine.ts";
import type { Lane } from "./lane.ts";

/**
 * Follows the clock of a device by its live records, before their values are taken over. A record that looks old may have been under
 * way for long, or its device's clock is behind: until its pace tells, what it says is held from now on. Once the clock is known to
 * be behind, or is right again, the device's time line moves: what is held and due stays where it is in hub time.
 * @param t sample time  @param now hub time, NaN before the first tick
 * @returns `old` = the record is none of the present; `moved` = the alarms of the lane are to be written
 */
export function followClock(
  lane: Lane,
  t: number,
  now: number,
  lateness: number,
  machine: AlarmMachine,
): "goes_on" | "moved" | "old" {
  const lag = now - t;
  const { watermark } = lane;
  if (t < watermark) {
    // the hub's own clock was set back, and the device's with it: the record speaks of now, not of the line as it was
    const withHub = lane.overtaken && Math.abs(lag) <= lateness && 2 * (t - now) <= watermark - now;
    const sortsIn = t >= watermark - lateness;
    if (!withHub && sortsIn && (lane.believed || !(lag > lateness))) return "goes_on";
    if (!withHub && !keepsPace(lane, t, now, lateness)) return sortsIn ? "goes_on" : "old";
  } else if (lag > lateness) {
    lane.behind = lag;
    if (lane.believed) lane.setBack = false;
    if (lane.believed || !keepsPace(lane, t, now, lateness)) return "goes_on";
  } else {
    lane.setBack = false;
    if (lane.behind === 0) return "goes_on";
    if (!lane.believed) return inTime(lane, machine);
  }
  moveLine(lane, t, lag > lateness ? lag : 0, machine);
  return "moved";
}

/** The spacing of old records is that of their arrival, for longer than the lateness: no burst of old records does that. */
function keepsPace(lane: Lane, t: number, now: number, lateness: number): boolean {
  const drift = Math.abs(t - lane.oldTs - (now - lane.oldHub));
  if (lane.setBack && drift <= lateness / 2) return now - lane.oldHub >= lateness;
  lane.setBack = true;
  lane.oldTs = t;
  lane.oldHub = now;
  return false;
}

/** The records were under way, and are no more: their times were right. */
function inTime(lane: Lane, machine: AlarmMachine): "moved" {
  lane.behind = 0;
  for (const a of lane.alarms) {
    if (a === null || a.alarm.silence >= 0) continue;
    a.skew = 0;
    machine.arm(a);
  }
  return "moved";
}

function moveLine(lane: Lane, t: number, behind: number, machine: AlarmMachine): void {
  for (const a of lane.alarms) if (a !== null && a.alarm.silence < 0) machine.rebase(a, a.skew - behind);
  lane.seen.fill(-Infinity);
  for (const rate of lane.rates ?? []) rate?.reset();
  lane.watermark = t;
  lane.behind = behind;
  lane.believed = behind > 0;
  lane.setBack = false;
  lane.overtaken = false;
}

/**
 * The hub's own clock was set back (`by` < 0, ms), or it starts (0): deadlines move along, and the lines of devices may lie in its
 * future now. Timers are moved by the caller.
 */
export function hubSetBack(lanes: Iterable<Lane>, by: number, now: number, touch: (lane: Lane) => void): void {
  for (const lane of lanes) {
    lane.overtaken = lane.watermark > now;
    if (by === 0) continue;
    lane.oldHub += by;
    for (const a of lane.alarms) {
      if (a === null) continue;
      a.skew += by;
      touch(lane);
    }
  }
}
