import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Child } from "./child.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gridhub-child-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
/** What the hub and the edge agent do at the end of their parent. */
const POLITE = `
  process.on("disconnect", () => process.exit(0));
  process.on("SIGTERM", () => { console.log("bye"); process.exit(0); });
  console.log("up " + process.pid);
  setInterval(() => {}, 1000);`;
const script = (text: string): string => {
  const file = join(dir, `${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(file, text);
  return file;
};
const log = (): string => readFileSync(join(dir, "log"), "utf8");

describe("a child process", () => {
  it("is asked to stop and its words are kept", async () => {
    const child = new Child("x", [script(POLITE)], join(dir, "log"));
    const unexpected = vi.fn();
    child.onUnexpectedExit = unexpected;
    child.start();
    await vi.waitFor(() => expect(child.lastLines(1)).toMatch(/^up/), { timeout: 10_000 });
    await child.stop();
    expect(child.running).toBe(false);
    await vi.waitFor(() => expect(log()).toContain("bye"));
    expect(unexpected).not.toHaveBeenCalled();
  });

  it("is killed when it does not listen, and can be started again", async () => {
    const deaf = `process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000);`;
    const child = new Child("x", [script(deaf)], join(dir, "log"));
    for (let round = 1; round <= 2; round++) {
      child.start();
      await vi.waitFor(() => expect(child.lastLines(9).match(/up/g)?.length).toBe(round), { timeout: 10_000 });
      const { pid = 0 } = child;
      await child.stop(50);
      expect(alive(pid)).toBe(false);
    }
  });

  it("tells its last words when it ends by itself", async () => {
    const child = new Child("x", [script(`console.error("no port"); process.exit(3);`)], join(dir, "log"));
    const message = new Promise<string>((resolve) => (child.onUnexpectedExit = resolve));
    child.start();
    expect(await message).toMatch(/x ended \(code 3\)[\s\S]*no port/);
  });

  it("is waited for by what it says, and not for ever", async () => {
    const talker = new Child(
      "x",
      [script(`console.log("starts"); console.log("listens on 7"); ${POLITE}`)],
      join(dir, "log"),
    );
    talker.start();
    expect((await talker.said(/listens on (\d+)/))?.[1]).toBe("7");
    await talker.stop();
    const failing = new Child("x", [script(`console.log("starts"); process.exit(1);`)], join(dir, "log"));
    failing.start();
    expect(await failing.said(/listens on (\d+)/)).toBeNull();
  });

  it("does not outlive a parent that was killed", async () => {
    const parent = script(`
      import { Child } from ${JSON.stringify(join(import.meta.dirname, "child.ts"))};
      const child = new Child("x", [${JSON.stringify(script(POLITE))}], ${JSON.stringify(join(dir, "log"))});
      child.start();
      setInterval(() => {}, 1000);`);
    const process_ = spawn(process.execPath, [parent], { stdio: "ignore" });
    let pid = 0;
    await vi.waitFor(() => (pid = Number(/up (\d+)/.exec(log())?.[1] ?? fail())), { timeout: 15_000 });
    expect(alive(pid)).toBe(true);
    process_.kill("SIGKILL");
    await vi.waitFor(() => expect(alive(pid)).toBe(false), { timeout: 10_000 });
  });
});

function fail(): never {
  throw new Error("not up yet");
}
