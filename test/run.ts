import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// `npm test [-- filter...]`: runs everything and ends with one plain line. With GRIDHUB_REQUIRE_ALL=1 a skip is a failure.

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const dir = mkdtempSync(join(tmpdir(), "gridhub-test-"));
const output = join(dir, "report.json");
const vitest = join(import.meta.dirname, "../node_modules/vitest/vitest.mjs");
const child = spawn(
  process.execPath,
  [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${output}`, ...process.argv.slice(2)],
  { stdio: "inherit", cwd: join(import.meta.dirname, "..") },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));

child.on("exit", (code) => {
  let exit = code ?? 1;
  try {
    const report = JSON.parse(readFileSync(output, "utf8")) as Report;
    const skipped = report.numPendingTests + report.numTodoTests;
    // A file that failed to load has no test of its own to count.
    const broken = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
    const failed = report.numFailedTests + broken.length;
    if (skipped > 0) {
      const names = report.testResults.flatMap((file) =>
        file.assertionResults.filter((a) => a.status === "skipped" || a.status === "pending"),
      );
      console.log("\nSkipped:");
      for (const { fullName } of names) console.log(`  - ${fullName.trim()}`);
      if (process.env.GRIDHUB_REQUIRE_ALL === "1") {
        console.log("A skip is a failure here (GRIDHUB_REQUIRE_ALL=1).");
        exit = 1;
      }
    }
    if (failed > 0) exit = exit === 0 ? 1 : exit;
    console.log(`${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
    if (report.numPassedTests === 0) exit = 1;
  } catch (error) {
    console.error(`no test report: ${(error as Error).message}`);
    exit = 1;
  }
  rmSync(dir, { recursive: true, force: true });
  process.exit(exit);
});
