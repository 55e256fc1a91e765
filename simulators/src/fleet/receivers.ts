import { FaultyLink } from "../faults.ts";
import type { Random } from "../random.ts";
import { planeAt, type Point } from "../world/polygon.ts";
import type { AisMessage } from "./feed.ts";
import { NAUTICAL_MILE } from "./track.ts";

/** A shore station: what it hears, and how well. */
export interface Receiver {
  readonly name: string;
  /** degrees */
  readonly at: Point;
  readonly rangeNm: number;
  /** probabilities a message */
  readonly drop?: number;
  readonly duplicate?: number;
  readonly reorder?: number;
  /** from the air to the hub, ms */
  readonly delayMs?: number;
  /** the station's clock is ahead by this, ms */
  readonly clockAheadMs?: number;
  /** hears nothing in these spans, ms UTC */
  readonly out?: readonly (readonly [from: number, to: number])[];
}

/** One message at the hub. */
export interface Heard {
  readonly receiver: Receiver;
  readonly message: AisMessage;
  /** when the station says that it heard it, ms UTC */
  readonly ts: number;
  /** when the hub has it, ms UTC; does not go back from one to the next */
  readonly rx: number;
}

/** The air: who hears what, with losses, doubles and disorder of each station's link. */
export class Air {
  private readonly stations: { readonly receiver: Receiver; readonly link: FaultyLink<AisMessage> }[];
  private pending: Heard[] = [];

  constructor(receivers: readonly Receiver[], random: Random) {
    this.stations = receivers.map((receiver) => ({
      receiver,
      link: new FaultyLink<AisMessage>(receiver, random.fork(receiver.name)),
    }));
  }

  /** @param from where the sender is, degrees */
  send(message: AisMessage, from: Point): void {
    for (const { receiver, link } of this.stations) {
      const { at, rangeNm, delayMs = 0, clockAheadMs = 0, out = [] } = receiver;
      const [east, north] = planeAt(at[0], at[1]).toMetres(from);
      if (Math.hypot(east, north) > rangeNm * NAUTICAL_MILE) continue;
      if (out.some(([a, b]) => message.ts >= a && message.ts < b)) continue;
      for (const m of link.push(message))
        this.pending.push({ receiver, message: m, ts: m.ts + clockAheadMs, rx: message.ts + delayMs });
    }
  }

  /** What the hub has by `ms`, in order of arrival. */
  arrived(ms: number): Heard[] {
    this.pending.sort((a, b) => a.rx - b.rx);
    let n = 0;
    while (n < this.pending.length && this.pending[n].rx <= ms) n++;
    return this.pending.splice(0, n);
  }
}
