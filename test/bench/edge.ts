import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { Spool } from "../../edge-agent/src/spool.ts";
import { throughBench } from "./edge/through.ts";

const GROUPED = 50_000;
const SINGLE = 1000;
/** Appends that wait at once: a full group, so that the disk and not the gathering time is measured. */
const TOGETHER = 500;
const DAY_MS = 1_763_776_800_000;

/**
 * Durable appends a second through the spool, many at once (they share a disk write) and one after the other, and envelopes a second
 * read back and trimmed. The baseline is the disk itself: the same bytes written to a plain file with one fdatasync each.
 * `TMPDIR` chooses the disk. Then the whole way of a reading, see edge/through.ts.
 */
export async function edgeBench(): Promise<object> {
  const dir = mkdtempSync(join(tmpdir(), "gridhub-bench-edge-"));
  try {
    const disk = syncedWrites(join(dir, "plain"));
    const single = await appends(join(dir, "single.db"), SINGLE, 1, 0);
    const grouped = await appends(join(dir, "grouped.db"), GROUPED, TOGETHER, 5);
    return {
      grouped_appends_per_s: grouped.appends,
      single_appends_per_s: single.appends,
      disk_syncs_per_s: disk,
      grouped_per_disk_sync: Number((grouped.appends / disk).toFixed(2)),
      single_per_disk_sync: Number((single.appends / disk).toFixed(2)),
      read_and_trimmed_per_s: grouped.drained,
      http_to_ack: await throughBench(),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function appends(
  file: string,
  count: number,
  together: number,
  gatherMs: number,
): Promise<{ readonly appends: number; readonly drained: number }> {
  const options = {
    file,
    maxBytes: 1 << 30,
    reserveBytes: 0,
    gatherMs,
    now: Date.now,
    log: pino({ level: "silent" }),
  };
  const spool = new Spool(options);
  spool.start();
  try {
    const begin = performance.now();
    for (let i = 0; i < count; i += together) {
      const group = Array.from({ length: together }, (_, k) => spool.append("t", `gauge-${k % 100}`, record(i + k)));
      await Promise.all(group);
    }
    const appended = performance.now();
    let after = { boot: 0, seq: 0 };
    for (let page = spool.page(after, 200); page.length > 0; page = spool.page(after, 200)) {
      after = page[page.length - 1];
      spool.trim(after.boot, after.seq);
    }
    const drained = performance.now();
    if (spool.stats().queue !== 0) throw new Error("the spool is not empty after the trim");
    return { appends: perSecond(count, appended - begin), drained: perSecond(count, drained - appended) };
  } finally {
    spool.close();
  }
}

function record(i: number) {
  return [{ ts: DAY_MS + i, m: { level: 1.25 + (i % 100) / 100, battery: 3.61, rssi: -97 } }];
}

function syncedWrites(file: string): number {
  const handle = openSync(file, "w");
  const begin = performance.now();
  for (let i = 0; i < SINGLE; i++) {
    writeSync(handle, JSON.stringify(record(i)));
    fdatasyncSync(handle);
  }
  const ms = performance.now() - begin;
  closeSync(handle);
  return perSecond(SINGLE, ms);
}

function perSecond(count: number, ms: number): number {
  return Math.round((count / ms) * 1000);
}
