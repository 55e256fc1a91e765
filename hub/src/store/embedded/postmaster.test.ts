import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { alive } from "./postmaster.ts";

describe("a process", () => {
  it("runs until it ends", async () => {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    await once(child, "spawn");
    const pid = child.pid as number;
    expect(alive(pid)).toBe(true);
    child.kill();
    await once(child, "exit");
    expect(alive(pid)).toBe(false);
  });

  it.skipIf(!existsSync("/proc/self/stat"))("that ended and that nobody fetched does not run", async () => {
    // the shell becomes a program that knows nothing of the shell's child and never fetches it
    const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      const [line] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(line.toString());
      expect(alive(pid)).toBe(true);
      process.kill(pid, "SIGKILL");
      await vi.waitFor(() => expect(alive(pid)).toBe(false), 10_000);
      expect(() => process.kill(pid, 0), "its number is still taken").not.toThrow();
    } finally {
      parent.kill("SIGKILL");
    }
  });
});
