import { spawnSync } from "node:child_process";
import { chownSync, existsSync, readFileSync, statSync } from "node:fs";
import { HubError } from "../../errors.ts";

/** How to start a program as the user that owns the cluster. */
export interface RunAs {
  /** for the log */
  readonly how: string;
  readonly uid?: number;
  readonly gid?: number;
  /** put before the program and its arguments */
  readonly prefix: readonly string[];
}

const UNSHARE = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] as const;

/**
 * PostgreSQL refuses to run as root. Everybody else runs it as himself; root runs it as the owner of an existing cluster, else
 * as user `postgres` where that user can reach binaries and folder, else inside a user namespace in which root is user 1000.
 * The folder belongs to the chosen user afterwards.
 * @param folder exists; the cluster lies in it
 * @param probe a program with arguments that must run (`postgres --version`)
 * @throws HubError PG_ROOT_USER
 */
export function chooseUser(folder: string, probe: readonly string[], env: NodeJS.ProcessEnv): RunAs {
  if (process.getuid?.() !== 0) return { how: "own user", prefix: [] };
  const owner = statSync(folder);
  const candidates: { uid: number; gid: number; how: string }[] = [];
  if (owner.uid !== 0) candidates.push({ uid: owner.uid, gid: owner.gid, how: `owner ${owner.uid}` });
  else if (!existsSync(`${folder}/cluster`)) {
    const user = passwdEntry("postgres");
    if (user !== null) candidates.push({ ...user, how: "user postgres" });
  }
  for (const { uid, gid, how } of candidates) {
    chownSync(folder, uid, gid);
    if (runs(reach(folder, probe), { uid, gid, env })) return { how, uid, gid, prefix: [] };
    chownSync(folder, owner.uid, owner.gid);
  }
  if (owner.uid === 0 && runs([...UNSHARE, ...probe], { env })) {
    return { how: "user namespace", prefix: UNSHARE };
  }
  throw new HubError("PG_ROOT_USER", `started as root, and no other user can run ${probe[0]} in ${folder}`);
}

/** The user must be able to walk to the folder, too. (Node changes the directory before the user: `cwd` would prove nothing.) */
function reach(folder: string, probe: readonly string[]): string[] {
  return ["/bin/sh", "-c", 'cd "$0" && exec "$@"', folder, ...probe];
}

function runs(command: readonly string[], options: { uid?: number; gid?: number; env: NodeJS.ProcessEnv }): boolean {
  const [program, ...args] = command;
  try {
    return spawnSync(program, args, { ...options, cwd: "/", stdio: "ignore", timeout: 10_000 }).status === 0;
  } catch {
    return false;
  }
}

function passwdEntry(name: string): { uid: number; gid: number } | null {
  let text: string;
  try {
    text = readFileSync("/etc/passwd", "utf8");
  } catch {
    return null;
  }
  const fields = text
    .split("\n")
    .find((line) => line.startsWith(`${name}:`))
    ?.split(":");
  return fields === undefined ? null : { uid: Number(fields[2]), gid: Number(fields[3]) };
}
