import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Log } from "../../log.ts";

export interface PidFile {
  readonly pid: number;
  /** folder of the socket; "" when not written yet */
  readonly socketDir: string;
}

/** Reads `postmaster.pid`: line 1 is the process, line 5 the folder of its socket. */
export function readPidFile(cluster: string): PidFile | null {
  try {
    const lines = readFileSync(`${cluster}/postmaster.pid`, "utf8").split("\n");
    const pid = Number(lines[0]);
    return Number.isInteger(pid) && pid > 1 ? { pid, socketDir: lines[4]?.trim() ?? "" } : null;
  } catch {
    return null;
  }
}

/** Whether the process runs. One that ended and was not fetched by its parent does not: a container's first process may take seconds, or never do it. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !isZombie(pid);
}

/** Linux, proc(5): the state stands behind the program's name, which may itself hold brackets and blanks. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat[stat.lastIndexOf(")") + 2] === "Z";
  } catch {
    return false; // no /proc, or gone in between: the next look tells
  }
}

/**
 * A postmaster survives `kill -9` of the hub. It is stopped, not adopted: one way to start means one configuration, one log and
 * a child that we can watch; it costs 0.1 s. Call with the folder's lock held.
 */
export async function stopOrphan(cluster: string, log: Log): Promise<void> {
  const found = readPidFile(cluster);
  if (found === null || !alive(found.pid)) return; // a stale file is PostgreSQL's to judge: it also looks for live backends
  if (!isPostmasterOf(found.pid, cluster)) {
    log.warn({ pid: found.pid }, "postmaster.pid names a process that is not our database: removed");
    rmSync(`${cluster}/postmaster.pid`, { force: true });
    return;
  }
  log.warn({ pid: found.pid }, "database left behind by a hub that was killed: stopping it");
  await stopProcess(found.pid, log);
  if (/[/\\]gridhub-pg-\w{6}$/.test(found.socketDir)) rmSync(found.socketDir, { recursive: true, force: true });
}

/** Process numbers are reused, after a restart of a container almost certainly: the postmaster stands in its data folder. */
function isPostmasterOf(pid: number, cluster: string): boolean {
  if (!existsSync("/proc/self/cwd")) return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster);
  } catch {
    return false;
  }
}

/** Fast shutdown (SIGINT: sessions are ended, a checkpoint is written); after 30 s immediate, after 10 more kill. */
export async function stopProcess(pid: number, log: Log): Promise<void> {
  for (const [signal, waitMs] of [
    ["SIGINT", 30_000],
    ["SIGQUIT", 10_000],
    ["SIGKILL", 5000],
  ] as const) {
    if (signal !== "SIGINT") log.warn({ pid, signal }, "database does not stop");
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (const end = performance.now() + waitMs; performance.now() < end; await pause(10)) if (!alive(pid)) return;
  }
}
