import { DatabaseSync } from "node:sqlite";

interface Row {
  readonly boot: number;
  readonly seq: number;
  readonly lane: string;
  readonly device: string;
  readonly ts: number;
  readonly n: number;
  readonly bytes: number;
  readonly records: string;
}

export interface Salvaged {
  readonly envelopes: number;
  readonly bytes: number;
}

/**
 * Copies what can be read of a damaged spool into a new one, with its identities: from the oldest record up to the damage and from
 * the newest down to it. What lies between, in one boot, is declared as a gap: the hub would wait for it for ever.
 * Reads only; whatever cannot be read stays in the file that was moved aside.
 */
export function salvage(from: string, to: DatabaseSync): Salvaged {
  let envelopes = 0;
  let bytes = 0;
  let old: DatabaseSync | null = null;
  const insert = to.prepare(
    "insert or ignore into record (boot, seq, lane, device, ts, n, bytes, records) values (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const take = (order: "asc" | "desc"): { last: Row | null; whole: boolean } => {
    let last: Row | null = null;
    try {
      const rows = old!.prepare(`select * from record order by boot ${order}, seq ${order}`).iterate();
      for (const row of rows as unknown as Iterable<Row>) {
        const { changes } = insert.run(row.boot, row.seq, row.lane, row.device, row.ts, row.n, row.bytes, row.records);
        if (changes === 0) return { last, whole: true };
        envelopes++;
        bytes += row.bytes;
        last = row;
      }
      return { last, whole: true };
    } catch {
      return { last, whole: false };
    }
  };
  to.exec("begin immediate");
  try {
    old = new DatabaseSync(from, { readOnly: true });
    copyGaps(old, to);
    const up = take("asc");
    const down = up.whole ? null : take("desc");
    if (up.last !== null && down?.last != null && !down.whole && up.last.boot === down.last.boot)
      to.prepare("insert into gap (boot, first, last, why) values (?, ?, ?, 'spool_damaged')").run(
        up.last.boot,
        up.last.seq + 1,
        down.last.seq - 1,
      );
  } catch {
    // not even a database: nothing to take over
  } finally {
    to.prepare("update total set envelopes = envelopes + ?, bytes = bytes + ?").run(envelopes, bytes);
    to.exec("commit");
    old?.close();
  }
  return { envelopes, bytes };
}

function copyGaps(old: DatabaseSync, to: DatabaseSync): void {
  try {
    const insert = to.prepare("insert into gap (boot, first, last, why) values (?, ?, ?, ?)");
    const rows = old.prepare("select boot, first, last, why from gap").all() as unknown as {
      boot: number;
      first: number;
      last: number;
      why: string;
    }[];
    for (const { boot, first, last, why } of rows) insert.run(boot, first, last, why);
  } catch {
    // its page is among the damaged
  }
}
