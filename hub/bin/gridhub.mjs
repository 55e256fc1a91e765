#!/usr/bin/env node
// Plain JavaScript, so that an old Node can still say what is wrong.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const REQUIRED = 24;
const major = Number(process.versions.node.split(".")[0]);

if (major >= REQUIRED) {
  // Beside the code, so that only who may change the code may change what is made of it; a folder that is read-only costs a slower start.
  module.enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/gridhub", import.meta.url)));
  const { main } = await import("../src/cli/main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  // The project brings Node 24 along as a dependency; hand over to it.
  const bundled = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));
  if (existsSync(bundled) && process.env.GRIDHUB_NODE_HANDOVER !== "1") handOver(bundled);
  else {
    console.error(
      `gridhub needs Node ${REQUIRED} or newer, this is ${process.version}.\n` +
        "Run `npm ci` with optional dependencies (they bring Node 24 along), or install Node 24.",
    );
    process.exitCode = 1;
  }
}

/** Runs the same command with another Node; signals and the exit code pass through, and neither outlives the other. */
function handOver(node) {
  const child = spawn(node, process.argv.slice(1), {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, GRIDHUB_NODE_HANDOVER: "1" },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}
