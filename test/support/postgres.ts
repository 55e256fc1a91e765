import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

/** Where the shared server of this checkout and user lives while anybody uses it. */
export const KEEPER_FOLDER = join(
  tmpdir(),
  `gridhub-test-${createHash("sha256")
    .update(`${import.meta.dirname} ${process.getuid?.()}`)
    .digest("hex")
    .slice(0, 10)}`,
);
const START_MS = 60_000;

let keeper: Promise<{ socket: Socket; connection: pg.PoolConfig }> | null = null;
let users = 0;

/**
 * An empty database of its own on a PostgreSQL that all test files share. The server is the embedded one, started by the first
 * who asks, in a process of its own ({@link file://./postgres-keeper.ts}); it ends a few seconds after the last user's process
 * closed or died. With GRIDHUB_TEST_PG_URL the databases are made on that server instead.
 *
 * @example
 * const database = await testDatabase();
 * const store = await openStore({ connection: database.connection, log: silentLog });
 * // ...
 * await store.close();
 * await database.close();
 */
export async function testDatabase(): Promise<{ connection: pg.PoolConfig; close(): Promise<void> }> {
  users++;
  const server = await serverConnection().catch((error: unknown) => {
    users--;
    throw error;
  });
  const name = `t_${process.pid}_${randomBytes(5).toString("hex")}`;
  await asAdmin(server, `CREATE DATABASE ${name}`);
  let open = true;
  return {
    connection: { ...server, database: name },
    close: async () => {
      if (!open) return;
      open = false;
      // The plain form waits up to 5 s for sessions that are just ending; FORCE would throw errors at their pools.
      const drop = `DROP DATABASE IF EXISTS ${name}`;
      await asAdmin(server, drop).catch(() => asAdmin(server, `${drop} WITH (FORCE)`).catch(() => {}));
      if (--users === 0) await leave();
    },
  };
}

async function asAdmin(server: pg.PoolConfig, sql: string): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function serverConnection(): Promise<pg.PoolConfig> {
  const url = process.env.GRIDHUB_TEST_PG_URL;
  if (url !== undefined && url !== "") {
    const u = new URL(url);
    return {
      host: u.searchParams.get("host") ?? u.hostname,
      port: Number(u.port || 5432),
      user: decodeURIComponent(u.username) || "postgres",
      password: decodeURIComponent(u.password),
      database: u.pathname.slice(1) || "postgres",
    };
  }
  keeper ??= enter();
  try {
    return (await keeper).connection;
  } catch (error) {
    keeper = null;
    throw error;
  }
}

async function leave(): Promise<void> {
  const entered = keeper;
  keeper = null;
  if (entered !== null) (await entered).socket.destroy();
}

/** The open socket is our claim on the server: the kernel gives it back however this process ends. */
async function enter(): Promise<{ socket: Socket; connection: pg.PoolConfig }> {
  let running = false;
  let trouble = "";
  for (const end = performance.now() + START_MS; performance.now() < end; await pause(50)) {
    const entered = await knock();
    if (entered !== null) return entered;
    if (running) continue;
    running = true;
    const child = spawn(process.execPath, [join(import.meta.dirname, "postgres-keeper.ts"), KEEPER_FOLDER], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (trouble = (trouble + text).slice(-2000)));
    child.once("exit", () => (running = false));
    child.unref();
    (child.stderr as unknown as Socket).unref();
  }
  throw new Error(`the shared test database did not start: ${trouble}`);
}

function knock(): Promise<{ socket: Socket; connection: pg.PoolConfig } | null> {
  return new Promise((done) => {
    const socket = createConnection(join(KEEPER_FOLDER, "keeper.sock"));
    let text = "";
    socket.setEncoding("utf8");
    socket.on("error", () => done(null));
    socket.on("close", () => done(null));
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (!text.endsWith("\n")) return;
      socket.unref();
      done({ socket, connection: JSON.parse(text) as pg.PoolConfig });
    });
  });
}
