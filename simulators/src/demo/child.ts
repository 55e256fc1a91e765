import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";

/**
 * A program of ours as a child process. It gets an IPC channel that it never uses: when this process ends, however it ends, the
 * channel closes and the child stops (`process.on("disconnect")`), so no orphan stays. Its output goes to a file.
 */
export class Child {
  readonly name: string;
  private readonly args: readonly string[];
  private readonly env: NodeJS.ProcessEnv;
  private readonly logFile: string;
  private process: ChildProcess | null = null;
  private ended: Promise<number | null> = Promise.resolve(0);
  private expected = true;
  private tail = "";
  private spoken = "";
  private readonly listeners = new Set<() => void>();
  /** called when the child ends without having been asked to */
  onUnexpectedExit: (message: string) => void = () => {};

  /** @param args script and arguments for `process.execPath` */
  constructor(name: string, args: readonly string[], logFile: string, env: NodeJS.ProcessEnv = {}) {
    this.name = name;
    this.args = args;
    this.logFile = logFile;
    this.env = env;
  }

  start(): void {
    const log = createWriteStream(this.logFile, { flags: "a" });
    const child = spawn(process.execPath, [...this.args], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true, // Ctrl-C reaches this process alone, which stops its children in order
      env: { ...process.env, ...this.env },
    });
    const take = (data: Buffer): void => {
      log.write(data);
      this.tail = (this.tail + data.toString("utf8")).slice(-4000);
    };
    this.spoken = "";
    child.stdout?.on("data", (data: Buffer) => {
      take(data);
      this.spoken = (this.spoken + data.toString("utf8")).slice(-4000);
      this.tell();
    });
    child.stderr?.on("data", take);
    this.process = child;
    this.expected = false;
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => take(Buffer.from(`${error.message}\n`)));
      child.once("close", (code, signal) => {
        log.end();
        if (this.process === child) this.process = null;
        if (!this.expected)
          this.onUnexpectedExit(
            `${this.name} ended (${signal ?? `code ${code}`}); its last words:\n${this.lastLines(12)}`,
          );
        resolve(code);
        this.tell();
      });
    });
  }

  /**
   * Waits for words on stdout (of this start, within its last 4,000 characters).
   * @returns null when the child ended, or was ended, before it said them
   */
  said(words: RegExp): Promise<RegExpExecArray | null> {
    return new Promise((resolve) => {
      const look = (): void => {
        const match = words.exec(this.spoken);
        if (match === null && this.process !== null) return;
        this.listeners.delete(look);
        resolve(match);
      };
      this.listeners.add(look);
      look();
    });
  }

  get running(): boolean {
    return this.process !== null;
  }

  get pid(): number | undefined {
    return this.process?.pid;
  }

  lastLines(n: number): string {
    return this.tail.trimEnd().split("\n").slice(-n).join("\n");
  }

  private tell(): void {
    for (const look of [...this.listeners]) look();
  }

  /** Ends it without a goodbye, as a power cut does. */
  async kill(): Promise<void> {
    this.expected = true;
    this.process?.kill("SIGKILL");
    await this.ended;
  }

  /** Asks it to stop; after `graceMs` it is killed. */
  async stop(graceMs = 10_000): Promise<void> {
    this.expected = true;
    const child = this.process;
    if (child === null) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
    await this.ended;
    clearTimeout(timer);
  }
}
