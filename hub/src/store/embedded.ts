import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { HubError } from "../errors.ts";
import type { Log } from "../log.ts";
import { findBinaries, libraryEnvironment, type Binaries } from "./embedded/binaries.ts";
import { lockFolder } from "./embedded/lock.ts";
import { stopOrphan, stopProcess } from "./embedded/postmaster.ts";
import { chooseUser, type RunAs } from "./embedded/run-as.ts";
import { configText, HBA } from "./embedded/settings.ts";

export interface EmbeddedOptions {
  /** the database lives in `<dataDir>/postgres` */
  readonly dataDir: string;
  readonly log: Log;
  /** postgresql.conf lines that win over ours */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

const USER = "gridhub";
const DATABASE = "gridhub";
const PORT = 5432;
/** longest path of a Unix socket, with its terminator, on the systems we know (108 on Linux, 104 on macOS) */
const MAX_SOCKET_PATH = 103;
const MAX_LOG_BYTES = 10_000_000;

/**
 * Starts the PostgreSQL that comes with the project, and keeps it running until `stop`.
 * @throws HubError PG_BINARIES_MISSING, PG_ROOT_USER, PG_START_FAILED, DATA_DIR_LOCKED
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const server = new EmbeddedServer(options);
  await server.start();
  return server;
}

export class EmbeddedServer {
  readonly #log: Log;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #cluster: string;
  #binaries!: Binaries;
  #runAs!: RunAs;
  #env: NodeJS.ProcessEnv = {};
  #socketDir = "";
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #unlock: (() => void) | null = null;
  #stopping = false;
  #restarts = 0;

  constructor(options: EmbeddedOptions) {
    this.#log = options.log.child({ room: "store" });
    this.#settings = options.settings ?? {};
    this.#folder = resolve(options.dataDir, "postgres");
    this.#cluster = join(this.#folder, "cluster");
  }

  /** For `pg`: over the Unix socket, no password; the folder's mode 0700 is the lock. */
  get connection(): Connection {
    return { host: this.#socketDir, port: PORT, user: USER, database: DATABASE };
  }

  /** Process number of the postmaster; null while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** How often it died and was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  async start(): Promise<void> {
    const began = performance.now();
    this.#binaries = findBinaries();
    mkdirSync(this.#folder, { recursive: true });
    chmodSync(this.#folder, 0o700);
    this.#unlock = lockFolder(this.#folder);
    try {
      this.#env = { ...cleanEnvironment(), ...libraryEnvironment(this.#binaries, join(this.#folder, "lib")) };
      this.#runAs = chooseUser(this.#folder, [this.#binaries.postgres, "--version"], this.#env);
      await stopOrphan(this.#cluster, this.#log);
      this.#initialise();
      this.#socketDir = this.#chooseSocketDir();
      await this.#launch();
      await this.#createDatabase();
    } catch (error) {
      await this.stop();
      throw error;
    }
    const ms = Math.round(performance.now() - began);
    this.#log.info({ pid: this.pid, runsAs: this.#runAs.how, ms }, "database started");
  }

  /** Stops the server and gives the folder back. Safe to call twice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#halt();
    if (this.#socketDir !== "" && this.#socketDir !== this.#folder) {
      rmSync(this.#socketDir, { recursive: true, force: true });
    }
    this.#unlock?.();
    this.#unlock = null;
  }

  /** Stops and starts the server; connections break. The data and the connection's address stay. */
  async restart(): Promise<void> {
    this.#stopping = true;
    await this.#halt();
    this.#stopping = false;
    await this.#launch();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #halt(): Promise<void> {
    const pid = this.pid;
    if (pid !== null) await Promise.race([stopProcess(pid, this.#log), this.#exited]);
    await this.#exited;
  }

  /** A cluster appears whole or not at all: it is made beside its place and renamed. */
  #initialise(): void {
    const version = join(this.#cluster, "PG_VERSION");
    if (existsSync(version)) {
      const found = Number(readFileSync(version, "utf8"));
      if (found === this.#binaries.major) return;
      throw new HubError(
        "PG_START_FAILED",
        `${this.#cluster} was made by PostgreSQL ${found}, this is ${this.#binaries.major}: export and import the data`,
      );
    }
    const fresh = `${this.#cluster}.new`;
    rmSync(fresh, { recursive: true, force: true });
    const done = this.#run(this.#binaries.initdb, [
      `--pgdata=${fresh}`,
      `--username=${USER}`,
      "--auth=trust",
      "--encoding=UTF8",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
      "--data-checksums",
      "--no-instructions",
    ]);
    if (done.status !== 0) {
      const cause = done.error?.message ?? String(done.stderr).trim().split("\n").at(-1);
      throw new HubError("PG_START_FAILED", `initdb failed: ${cause}`);
    }
    renameSync(fresh, this.#cluster);
  }

  #run(program: string, args: readonly string[]) {
    const [command, ...rest] = [...this.#runAs.prefix, program, ...args];
    const { uid, gid } = this.#runAs;
    return spawnSync(command, rest, { uid, gid, env: this.#env, cwd: this.#folder, timeout: 120_000 });
  }

  #chooseSocketDir(): string {
    if (this.#socketDir !== "") return this.#socketDir;
    if (`${this.#folder}/.s.PGSQL.${PORT}`.length <= MAX_SOCKET_PATH) return this.#folder;
    const dir = mkdtempSync(join(tmpdir(), "gridhub-pg-"));
    if (this.#runAs.uid !== undefined) chownSync(dir, this.#runAs.uid, this.#runAs.gid ?? this.#runAs.uid);
    return dir;
  }

  async #launch(): Promise<void> {
    const local = join(this.#folder, "postgresql.local.conf");
    const config = configText(this.#socketDir, this.#settings, existsSync(local) ? local : null);
    writeFileSync(join(this.#cluster, "postgresql.conf"), config);
    writeFileSync(join(this.#cluster, "pg_hba.conf"), HBA);
    const logFile = join(this.#folder, "postgres.log");
    if (existsSync(logFile) && statSync(logFile).size > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
    const out = openSync(logFile, "a", 0o600);
    const [command, ...args] = [...this.#runAs.prefix, this.#binaries.postgres, "-D", this.#cluster];
    // detached: Ctrl-C in a terminal reaches the hub alone, which still wants to commit before it stops the database
    const child = spawn(command, args, {
      uid: this.#runAs.uid,
      gid: this.#runAs.gid,
      env: this.#env,
      cwd: this.#folder,
      detached: true,
      stdio: ["ignore", out, out],
    });
    closeSync(out);
    this.#child = child;
    let failure = "";
    this.#exited = new Promise((done) => {
      child.once("error", (error) => {
        failure = error.message;
        this.#child = null;
        done();
      });
      child.once("exit", (code, signal) => {
        failure = `exited with ${signal ?? code}`;
        this.#child = null;
        done();
      });
    });
    await this.#untilReady(child, () => failure);
    void this.#exited.then(() => (this.#stopping ? undefined : this.#revive(failure)));
  }

  /** Recovery after a crash may take a while: as long as the process lives, it is waited for. */
  async #untilReady(child: ChildProcess, failure: () => string): Promise<void> {
    const end = performance.now() + 300_000;
    while (failure() === "" && performance.now() < end) {
      const client = new pg.Client({ ...this.connection, database: "postgres", connectionTimeoutMillis: 5000 });
      client.on("error", () => {});
      try {
        await client.connect();
        return;
      } catch {
        await Promise.race([pause(20), this.#exited]);
      } finally {
        await client.end().catch(() => {});
      }
    }
    child.kill("SIGQUIT");
    throw new HubError("PG_START_FAILED", `postgres ${failure() || "does not answer"}; ${this.#lastLogLine()}`);
  }

  #lastLogLine(): string {
    try {
      return readFileSync(join(this.#folder, "postgres.log"), "utf8").trim().split("\n").slice(-3).join(" | ");
    } catch {
      return "no log";
    }
  }

  async #revive(why: string): Promise<void> {
    this.#log.error({ why }, "database died: starting it again");
    for (let wait = 50; !this.#stopping; wait = Math.min(wait * 2, 5000)) {
      await pause(wait);
      if (this.#stopping) return;
      try {
        await this.#launch();
        this.#restarts++;
        this.#log.info({ pid: this.pid }, "database runs again");
        return;
      } catch (error) {
        this.#log.error({ err: (error as Error).message }, "database does not start");
      }
    }
  }

  async #createDatabase(): Promise<void> {
    const client = new pg.Client({ ...this.connection, database: "postgres" });
    await client.connect();
    try {
      const found = await client.query("SELECT FROM pg_database WHERE datname = $1", [DATABASE]);
      if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    } finally {
      await client.end();
    }
  }
}

/** PG* variables of the operator's shell must not change our server. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("PG")));
}
