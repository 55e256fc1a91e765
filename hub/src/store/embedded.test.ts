import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterEach, describe, expect, it, vi } from "vitest";
import { requireOrSkip } from "../../../test/support/require.ts";
import { silentLog } from "../log.ts";
import { findBinaries, libraryEnvironment, missingLinks } from "./embedded/binaries.ts";
import { lockFolder } from "./embedded/lock.ts";
import { alive, readPidFile } from "./embedded/postmaster.ts";
import { EmbeddedServer, startEmbedded } from "./embedded.ts";

const folders: string[] = [];
const servers: EmbeddedServer[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "gridhub-embedded-"));
  // mkdtemp makes 0700 of our own user; the data folder of a hub can be walked through
  rmSync(made, { recursive: true });
  mkdirSync(made, { mode: 0o755 });
  folders.push(made);
  return made;
}
async function start(dataDir: string): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir, log: silentLog });
  servers.push(server);
  return server;
}
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});

async function ask<T extends object>(server: { connection: pg.ClientConfig }, sql: string): Promise<T[]> {
  const client = new pg.Client(server.connection);
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("embedded PostgreSQL", () => {
  it("starts durable and private, keeps its data over stop, start and restart", async () => {
    const dir = folder();
    const server = await start(dir);
    expect(statSync(join(dir, "postgres")).mode & 0o777).toBe(0o700);
    const [settings] = await ask<Record<string, string>>(
      server,
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS sync,
         current_setting('listen_addresses') AS tcp, current_setting('data_checksums') AS checksums,
         current_setting('server_version_num')::int / 10000 AS version`,
    );
    expect(settings).toEqual({ fsync: "on", sync: "on", tcp: "", checksums: "on", version: 18 });
    await ask(server, "CREATE TABLE kept AS SELECT 1 AS x");
    const first = server.pid as number;
    await server.restart();
    expect(server.pid).not.toBe(first);
    await server.stop();
    expect(alive(first)).toBe(false);
    await server.stop();
    const again = await start(dir);
    expect(await ask(again, "SELECT x FROM kept")).toEqual([{ x: 1 }]);
  });

  it("lets one hub at a time use a folder", async () => {
    const dir = folder();
    const server = await start(dir);
    await expect(startEmbedded({ dataDir: dir, log: silentLog })).rejects.toMatchObject({ code: "DATA_DIR_LOCKED" });
    expect(await ask(server, "SELECT 1 AS x")).toEqual([{ x: 1 }]);
    await server.stop();
    await start(dir);
  });

  it("comes back when the postmaster is killed", async () => {
    const server = await start(folder());
    const first = server.pid as number;
    process.kill(first, "SIGKILL");
    await vi.waitFor(async () => {
      expect(server.restarts).toBe(1);
      expect(await ask(server, "SELECT 1 AS x")).toEqual([{ x: 1 }]);
    });
    expect(server.pid).not.toBe(first);
  });

  it("stops what a killed hub left behind, and starts anew on its data", async () => {
    const dir = folder();
    const program = `
      import { startEmbedded } from ${JSON.stringify(join(import.meta.dirname, "embedded.ts"))};
      import { silentLog } from ${JSON.stringify(join(import.meta.dirname, "../log.ts"))};
      await startEmbedded({ dataDir: ${JSON.stringify(dir)}, log: silentLog });
      process.stdout.write("up");
      setInterval(() => {}, 1000);`;
    const hub = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(hub.stdout, "data");
    const orphan = readPidFile(join(dir, "postgres/cluster"))?.pid as number;
    hub.kill("SIGKILL");
    await once(hub, "exit");
    expect(alive(orphan)).toBe(true);
    const server = await start(dir);
    expect(alive(orphan)).toBe(false);
    expect(await ask(server, "SELECT 1 AS x")).toEqual([{ x: 1 }]);
  });

  it("is not fooled by a stale postmaster.pid whose number another process has now", async () => {
    const dir = folder();
    const server = await start(dir);
    const file = join(dir, "postgres/cluster/postmaster.pid");
    const text = readFileSync(file, "utf8");
    await server.stop();
    writeFileSync(file, text.replace(/^\d+/, String(process.pid)));
    await start(dir);
    expect(alive(process.pid)).toBe(true);
  });

  it("puts the socket elsewhere where its path would be too long, and cleans up", async () => {
    const dir = join(folder(), "x".repeat(90));
    const server = await start(dir);
    const { host } = server.connection;
    expect(host.startsWith(join(dir, "postgres"))).toBe(false);
    expect(await ask(server, "SELECT 1 AS x")).toEqual([{ x: 1 }]);
    await server.stop();
    expect(existsSync(host)).toBe(false);
  });

  const noRoot =
    process.getuid?.() === 0 ? requireOrSkip("unshare", { program: "unshare" }) : "[skipped: only for root]";
  it.skipIf(noRoot !== "")(
    `runs in a user namespace where root's folder is closed to user postgres ${noRoot}`,
    async () => {
      const closed = folder();
      chmodSync(closed, 0o700);
      const server = await start(join(closed, "data"));
      expect(await ask(server, "SELECT 1 AS x")).toEqual([{ x: 1 }]);
      expect(statSync(join(closed, "data/postgres/cluster")).uid).toBe(0);
      await server.stop();
      await start(join(closed, "data"));
    },
  );

  it("says what is wrong when the server cannot start, and gives the folder back", async () => {
    const dir = folder();
    const settings = { shared_buffers: "nonsense" };
    await expect(startEmbedded({ dataDir: dir, log: silentLog, settings })).rejects.toMatchObject({
      code: "PG_START_FAILED",
      message: expect.stringContaining("shared_buffers") as string,
    });
    lockFolder(join(dir, "postgres"))();
    writeFileSync(join(dir, "postgres/cluster/PG_VERSION"), "16\n");
    await expect(startEmbedded({ dataDir: dir, log: silentLog })).rejects.toMatchObject({ code: "PG_START_FAILED" });
  });
});

describe("shared libraries", () => {
  it("are found by links of our own when the package has none, without writing into the package", async () => {
    const dir = folder();
    const packageRoot = join(dir, "package");
    cpSync(dirname(dirname(dirname(findBinaries().postgres))), packageRoot, {
      recursive: true,
      verbatimSymlinks: true,
    });
    const links = JSON.parse(readFileSync(join(packageRoot, "native/pg-symlinks.json"), "utf8")) as {
      target: string;
    }[];
    for (const { target } of links) rmSync(join(packageRoot, target), { force: true });
    const missing = missingLinks(packageRoot);
    expect(missing.size).toBe(links.length);
    const postgres = join(packageRoot, "native/bin/postgres");
    const binaries = { ...findBinaries(), postgres, missingLinks: missing };
    const run = async (env: NodeJS.ProcessEnv) => {
      const child = spawn(postgres, ["--version"], { env, stdio: "ignore" });
      return ((await once(child, "exit")) as [number])[0];
    };
    expect(await run({})).not.toBe(0);
    const before = readdirSync(join(packageRoot, "native/lib")).length;
    const env = libraryEnvironment(binaries, join(dir, "lib"));
    expect(await run(env)).toBe(0);
    expect(libraryEnvironment(binaries, join(dir, "lib"))).toEqual(env);
    expect(readdirSync(join(packageRoot, "native/lib"))).toHaveLength(before);
  });

  it("need nothing where the package is complete", () => {
    expect(libraryEnvironment({ ...findBinaries(), missingLinks: new Map() }, "/nowhere")).toEqual({});
  });
});
