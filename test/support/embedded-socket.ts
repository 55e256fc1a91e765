import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";

/** Connects to the embedded database of a hub process that keeps its data under `dataDir`. */
export async function connectEmbedded(dataDir: string): Promise<pg.Client> {
  const folder = join(dataDir, "postgres");
  const host = existsSync(join(folder, ".s.PGSQL.5432")) ? folder : socketOf(folder);
  const client = new pg.Client({ host, port: 5432, user: "gridhub", database: "gridhub" });
  await client.connect();
  return client;
}

/** The postmaster's own note of its socket directory: line 5 of postmaster.pid. */
function socketOf(folder: string): string {
  const cluster = readdirSync(folder).find((name) => existsSync(join(folder, name, "postmaster.pid")));
  if (cluster === undefined) throw new Error(`no running database in ${folder}`);
  return readFileSync(join(folder, cluster, "postmaster.pid"), "utf8").split("\n")[4];
}
