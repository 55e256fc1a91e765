#!/usr/bin/env node
// Plain JavaScript, so that an old Node can still say what is wrong.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const REQUIRED = 24;
const major = Number(process.versions.node.split(".")[0]);

if (major >= REQUIRED) {
  const { main } = await import("../src/cli/main.ts");
  const code = await main(process.argv.slice(2));
  if (code !== undefined) process.exitCode = code;
} else {
  // The project brings Node 24 along as a dependency; hand over to it.
  const bundled = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));
  if (existsSync(bundled) && process.env.GRIDHUB_NODE_HANDOVER !== "1") {
    const result = spawnSync(bundled, process.argv.slice(1), {
      stdio: "inherit",
      env: { ...process.env, GRIDHUB_NODE_HANDOVER: "1" },
    });
    process.exitCode = result.status ?? 1;
  } else {
    console.error(
      `gridhub needs Node ${REQUIRED} or newer, this is ${process.version}.\n` +
        "Run `npm ci` with optional dependencies (they bring Node 24 along), or install Node 24.",
    );
    process.exitCode = 1;
  }
}
