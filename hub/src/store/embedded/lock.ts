import { DatabaseSync } from "node:sqlite";
import { HubError } from "../../errors.ts";

/**
 * Takes the folder for this process. The lock is SQLite's lock of an empty file: the kernel drops it when the process ends,
 * however it ends, so there is nothing stale to guess about.
 * @returns releases the lock
 * @throws HubError DATA_DIR_LOCKED
 */
export function lockFolder(folder: string): () => void {
  const file = `${folder}/hub.lock`;
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY) throw cause;
    throw new HubError("DATA_DIR_LOCKED", `${file} is held by another process`, { cause });
  }
  return () => lock.close();
}

const SQLITE_BUSY = 5;
