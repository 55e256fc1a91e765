import { encodeAis, type AisInput } from "@gridhub/device-profiles/protocol/ais/encode.ts";
import { raw } from "@gridhub/device-profiles/protocol/ais/raw.ts";
import type { Random } from "../random.ts";
import type { Vessel } from "../world/vessels.ts";
import { reportInterval, type Cadence } from "./cadence.ts";
import { fixAt, type Boat, type Fix } from "./motion.ts";

/** One AIS message as a receiver hears it. */
export interface AisMessage {
  /** when it was sent, ms UTC */
  readonly ts: number;
  readonly mmsi: number;
  /** 1, 5, 18 or 24 */
  readonly type: number;
  /** all sentences of the message, without line ends */
  readonly lines: readonly string[];
}

interface Due {
  readonly boat: Boat;
  at: number;
  readonly kind: "position" | "static";
}

/** Every boat reports in its own time slot; the feed gives all messages of a stretch of time in the order they were sent. */
export class AisFeed {
  private readonly cadence: Cadence;
  private readonly queue: Due[] = [];
  private parts = 0;

  /** @param startMs no message is older than this; first reports are spread over one interval of each boat */
  constructor(boats: readonly Boat[], startMs: number, cadence: Cadence, random: Random) {
    this.cadence = cadence;
    for (const boat of boats) {
      const fix = fixAt(boat, startMs);
      const interval = this.interval(boat, fix);
      this.push({ boat, at: startMs + random.next() * interval, kind: "position" });
      const first = startMs + random.next() * cadence.staticMs;
      if (boat.positionsOnly !== true) this.push({ boat, at: first, kind: "static" });
    }
  }

  /** Messages due up to `untilMs`; the next call goes on from there. */
  *upTo(untilMs: number): Generator<AisMessage> {
    for (const { message } of this.sent(untilMs)) yield message;
  }

  /** The same with who sent them: a number may be used by two. */
  *sent(untilMs: number): Generator<{ readonly message: AisMessage; readonly boat: Boat }> {
    for (let due = this.queue[0]; due !== undefined && due.at <= untilMs; due = this.queue[0]) {
      const { boat, kind, at } = due;
      if (kind === "position") {
        const fix = fixAt(boat, at);
        due.at = at + this.interval(boat, fix);
        this.sink();
        yield { message: positionMessage(boat.vessel, fix, at), boat };
      } else {
        due.at = at + this.cadence.staticMs;
        this.sink();
        for (const message of staticMessages(boat.vessel, at, this.parts++ % 10)) yield { message, boat };
      }
    }
  }

  private interval(boat: Boat, fix: Fix): number {
    return reportInterval(boat.vessel.cls, fix.sog, fix.status === 1 || fix.status === 5, this.cadence);
  }

  private push(due: Due): void {
    let i = this.queue.push(due) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (this.queue[up].at <= due.at) break;
      this.queue[i] = this.queue[up];
      i = up;
    }
    this.queue[i] = due;
  }

  /** The head was given a later time: move it down the heap. */
  private sink(): void {
    const { queue } = this;
    const due = queue[0];
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && queue[child + 1].at < queue[child].at) child++;
      if (queue[child].at >= due.at) break;
      queue[i] = queue[child];
      i = child;
    }
    queue[i] = due;
  }
}

export function positionMessage(vessel: Vessel, fix: Fix, ts: number): AisMessage {
  const type = vessel.cls === "A" ? 1 : 18;
  const input: AisInput = {
    type,
    mmsi: vessel.mmsi,
    lon: raw.lon(fix.lon),
    lat: raw.lat(fix.lat),
    speed: raw.speed(fix.sog),
    course: raw.course(fix.cog),
    heading: raw.heading(fix.heading),
    second: new Date(ts).getUTCSeconds(),
    ...(type === 1 ? { status: fix.status } : {}),
  };
  return { ts, mmsi: vessel.mmsi, type, lines: encodeAis(input, { channel: channelOf(ts) }) };
}

/** Type 5 from class A; both parts of type 24 from class B. */
function staticMessages(vessel: Vessel, ts: number, sequence: number): AisMessage[] {
  const { mmsi } = vessel;
  const hull = {
    to_bow: Math.round(vessel.length * 0.4),
    to_stern: vessel.length - Math.round(vessel.length * 0.4),
    to_port: Math.floor(vessel.beam / 2),
    to_starboard: vessel.beam - Math.floor(vessel.beam / 2),
  };
  const channel = channelOf(ts);
  const message = (input: AisInput): AisMessage => ({
    ts,
    mmsi,
    type: input.type,
    lines: encodeAis(input, { channel, sequence }),
  });
  const { callsign, shipType: shiptype, aisName: shipname } = vessel;
  if (vessel.cls === "A") return [message({ type: 5, mmsi, callsign, shipname, shiptype, ...hull })];
  return [
    message({ type: 24, mmsi, part: "A", shipname }),
    message({ type: 24, mmsi, part: "B", shiptype, callsign, ...hull }),
  ];
}

function channelOf(ts: number): string {
  return Math.floor(ts / 26.67) % 2 === 0 ? "A" : "B"; // a slot of 26.67 ms; stations alternate the two channels
}
