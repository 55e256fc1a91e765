import { AisBits } from "./bits.ts";
import type { AisFault } from "./fault.ts";
import { parseSentence, Sentence } from "./sentence.ts";

/** One complete message: what the edge agent sends as one record (`lines.join("\n")`). */
export interface AisAssembled {
  /** the message's sentences in order, each from its tag block to its checksum */
  readonly lines: string[];
  /** the message's bits; the next sentence overwrites them */
  readonly bits: AisBits;
  /** VDO: the receiver's own ship */
  readonly own: boolean;
  /** "A", "B", "1", "2" or whatever the receiver wrote; "" without one */
  readonly channel: string;
  /** tag block `c:` of the first sentence, ms UTC; null without one */
  readonly time: number | null;
  /** tag block `s:`; "" without one */
  readonly station: string;
}

export interface AssemblerOptions {
  /** unfinished messages held at most */
  readonly capacity?: number;
  /** ms a message may take from its first to its last sentence */
  readonly timeoutMs?: number;
}

/** `sentences` = VDM/VDO seen, `other` = lines without one, `badTags` = tag blocks ignored because their checksum is wrong. */
export interface AssemblerStats {
  readonly lines: number;
  readonly other: number;
  readonly sentences: number;
  readonly messages: number;
  readonly badTags: number;
  /** refused sentences by reason */
  readonly refused: Readonly<Partial<Record<AisFault, number>>>;
}

interface Pending {
  readonly source: string;
  readonly station: string;
  readonly talker: number;
  readonly sequence: number;
  readonly channel: number;
  readonly group: number;
  readonly total: number;
  readonly own: boolean;
  readonly time: number;
  readonly since: number;
  readonly lines: string[];
  readonly payloads: string[];
  have: number;
  fill: number;
}

/**
 * Joins the sentences of multi-part messages. Parts belong together when source, talker, sequence number, channel and total are
 * the same, so that two type 5 messages sent at once on channels A and B never blend; the tag block's group id is used where
 * there is one. Without a group the parts must come in order: a part 2 that comes first may as well belong to a message whose
 * part 1 was lost, and a blended ship is worse than a missing one.
 */
export class AisAssembler {
  private readonly capacity: number;
  private readonly timeoutMs: number;
  private readonly bits = new AisBits();
  private readonly sentence = new Sentence(this.bits);
  /** oldest first */
  private readonly pending: Pending[] = [];
  private readonly counts = { lines: 0, other: 0, sentences: 0, messages: 0, badTags: 0 };
  private readonly refusals: Partial<Record<AisFault, number>> = {};
  /** why the last line gave no message: a fault, "none" (no AIS sentence), "part" (waiting for more), or null (a message) */
  last: AisFault | "none" | "part" | null = null;

  constructor(options: AssemblerOptions = {}) {
    this.capacity = options.capacity ?? 64;
    this.timeoutMs = options.timeoutMs ?? 4000;
  }

  /**
   * @param line one line, without or with its line end
   * @param source whatever tells receivers apart (device name, address)
   * @param now ms, any monotonic origin
   * @returns the message that this line completes, or null
   */
  push(line: string, source: string, now: number): AisAssembled | null {
    const s = this.sentence;
    this.counts.lines++;
    if (this.pending.length > 0) this.expire(now);
    const fault = parseSentence(line, s);
    if (fault === "none") {
      this.counts.other++;
      this.last = "none";
      return null;
    }
    this.counts.sentences++;
    if (fault !== null) return this.refuse(fault);
    if (s.badTag) this.counts.badTags++;
    if (s.total > 1) return this.part(line, source, now);
    this.last = null;
    this.counts.messages++;
    return {
      lines: [line.slice(s.from, s.to)],
      bits: this.bits,
      own: s.own,
      channel: channelName(s.channel),
      time: s.time || null,
      station: s.station,
    };
  }

  /** Gives up every unfinished message; for the end of a file. */
  flush(): void {
    for (const p of this.pending) this.countRefused("part_expired", p.have);
    this.pending.length = 0;
  }

  stats(): AssemblerStats {
    return { ...this.counts, refused: { ...this.refusals } };
  }

  private part(line: string, source: string, now: number): AisAssembled | null {
    const s = this.sentence;
    let at = this.find(source);
    if (at >= 0 && s.group < 0 && s.part === 1) {
      this.drop(at, "part_orphan");
      at = -1;
    }
    if (at < 0) {
      if (s.part !== 1 && s.group < 0) return this.refuse("part_orphan");
      if (this.pending.length >= this.capacity) this.drop(0, "part_evicted");
      at = this.pending.push(this.begin(source, now)) - 1;
    }
    const p = this.pending[at];
    if (s.group < 0 && s.part !== p.have + 1) {
      // a repeated part is heard twice, not a fault of the message; a gap means that the message is lost
      if (s.part > p.have) this.drop(at, "part_orphan");
      return this.refuse("part_orphan");
    }
    if (p.lines[s.part - 1] === undefined) p.have++;
    p.lines[s.part - 1] = line.slice(s.from, s.to);
    p.payloads[s.part - 1] = line.slice(s.payloadFrom, s.payloadTo);
    if (s.part === s.total) p.fill = s.fill;
    if (p.have < p.total) {
      this.last = "part";
      return null;
    }
    this.pending.splice(at, 1);
    this.last = null;
    this.counts.messages++;
    return {
      lines: p.lines,
      bits: this.joined(p),
      own: p.own,
      channel: channelName(p.channel),
      time: p.time || null,
      station: p.station,
    };
  }

  private joined(p: Pending): AisBits {
    const { bits } = this;
    bits.reset();
    for (let i = 0; i < p.total; i++) {
      const text = p.payloads[i];
      bits.append(text, 0, text.length, i + 1 < p.total ? 0 : p.fill);
    }
    return bits;
  }

  /** Newest first: the table is short and the message that is being heard stands at its end. */
  private find(source: string): number {
    const s = this.sentence;
    let loose = -1;
    let candidates = 0;
    for (let i = this.pending.length - 1; i >= 0; i--) {
      const p = this.pending[i];
      if (
        p.total !== s.total ||
        p.talker !== s.talker ||
        p.source !== source ||
        (s.station !== "" && p.station !== "" && p.station !== s.station)
      )
        continue;
      if (p.sequence === s.sequence && p.channel === s.channel && p.group === s.group) return i;
      if (continues(p, s)) {
        loose = i;
        candidates++;
      }
    }
    return candidates === 1 ? loose : -1;
  }

  private begin(source: string, now: number): Pending {
    const s = this.sentence;
    return {
      source,
      station: s.station,
      talker: s.talker,
      sequence: s.sequence,
      channel: s.channel,
      group: s.group,
      total: s.total,
      own: s.own,
      time: s.time,
      since: now,
      lines: [],
      payloads: [],
      have: 0,
      fill: 0,
    };
  }

  private expire(now: number): void {
    // either way: a clock set back must not keep parts for ever
    while (this.pending.length > 0 && Math.abs(now - this.pending[0].since) > this.timeoutMs)
      this.drop(0, "part_expired");
  }

  private drop(index: number, why: AisFault): void {
    const [p] = this.pending.splice(index, 1);
    this.countRefused(why, p.have);
  }

  private refuse(fault: AisFault): null {
    this.countRefused(fault, 1);
    this.last = fault;
    return null;
  }

  private countRefused(fault: AisFault, sentences: number): void {
    this.refusals[fault] = (this.refusals[fault] ?? 0) + sentences;
  }
}

/**
 * Some receivers write sequence, channel or tag block on the first part only. Such a part goes to the message that waits for
 * exactly it, and only when no other message could be meant: what is there must agree.
 */
function continues(p: Pending, s: Sentence): boolean {
  return (
    s.part > 1 &&
    s.part === p.have + 1 &&
    (s.sequence === p.sequence || s.sequence < 0) &&
    (s.channel === p.channel || s.channel === 0) &&
    (s.group === p.group || s.group < 0 || p.group < 0)
  );
}

function channelName(channel: number): string {
  return channel === 0 ? "" : String.fromCharCode(channel);
}
