import { appendFileSync } from "node:fs";

/** What the platform understands of a cloud event of the hub. */
export interface ReceivedEvent {
  /** CloudEvents id */
  readonly id: string;
  readonly type: string;
  readonly event: string;
  readonly revision: number;
  readonly sensing: string;
  readonly handling: string;
}

export interface Case {
  readonly event: string;
  /** newest revision that came, and what it said */
  revision: number;
  sensing: string;
  /** as the hub said last */
  handling: string;
  /** as this platform has decided; "" = nothing yet */
  decided: string;
}

export interface JournalLine {
  readonly at: number;
  readonly what: string;
  readonly id: string;
}

/** Everything that came: each CloudEvents id is processed once, whatever order and however often. */
export class Journal {
  /** CloudEvents id -> times it was kept; the first one counts */
  readonly received = new Map<string, number>();
  readonly cases = new Map<string, Case>();
  readonly counts: Record<string, number> = {};
  private readonly file: string;

  /** @param file JSON lines are appended to it; "" = none */
  constructor(file = "") {
    this.file = file;
  }

  note(what: string, id: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    if (this.file === "") return;
    const line: JournalLine = { at: Date.now(), what, id };
    appendFileSync(this.file, `${JSON.stringify(line)}\n`);
  }

  /** @returns the case when the event is new to the platform, else null */
  take(got: ReceivedEvent): Case | null {
    const times = this.received.get(got.id) ?? 0;
    this.received.set(got.id, times + 1);
    if (times > 0) {
      this.note("repeated", got.id);
      return null;
    }
    this.note("kept", got.id);
    const known = this.cases.get(got.event);
    if (known === undefined) {
      const { event, revision, sensing, handling } = got;
      const opened: Case = { event, revision, sensing, handling, decided: "" };
      this.cases.set(event, opened);
      return opened;
    }
    // A whole state each time: what is older than what is known says nothing new.
    if (got.revision > known.revision) {
      const { revision, sensing, handling } = got;
      Object.assign(known, { revision, sensing, handling });
    }
    return null;
  }
}

/** @returns null where the body is no cloud event of the hub */
export function parseEvent(body: Buffer): ReceivedEvent | null {
  try {
    const { id, type, data } = JSON.parse(body.toString("utf8")) as {
      id?: unknown;
      type?: unknown;
      data?: { event?: unknown; revision?: unknown; sensing?: unknown; handling?: unknown };
    };
    const event = data?.event;
    if (typeof id !== "string" || typeof type !== "string" || typeof event !== "string") return null;
    const { revision, sensing, handling } = data!;
    return { id, type, event, revision: Number(revision), sensing: String(sensing), handling: String(handling) };
  } catch {
    return null;
  }
}
