import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parseCodes } from "../events/code-csv.ts";
import { HubSession } from "./hub-session.ts";

const HELP = `usage: gridhub codes check FILE.csv
       gridhub codes import FILE.csv [--dry-run] [--url URL] [--user NAME]
       gridhub codes export [FILE.csv] [--url URL] [--user NAME]

The table that gives kinds of events their titles and codes (GB/T 30428.2), and the towns whose platform admits them.

check   says what is wrong with a file, by line; needs no hub
import  writes the rows of a file into a running hub: all of them, or none while something is wrong
export  writes the table of a running hub to FILE, or to the terminal

  --url URL    the hub (default http://127.0.0.1:8080)
  --user NAME  account (default admin); its password is GRIDHUB_PASSWORD, or give a session as GRIDHUB_TOKEN
  --dry-run    import: the hub checks and writes nothing

exit code: 0 fine, 1 refused or wrong, 2 wrong usage`;

type Problem = { readonly line: number; readonly column: string; readonly message: string };

/** `gridhub codes ...`; @returns the exit code */
export async function codesCommand(argv: readonly string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        url: { type: "string", default: "http://127.0.0.1:8080" },
        user: { type: "string", default: "admin" },
        "dry-run": { type: "boolean", default: false },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    return usage((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const [verb, file, ...more] = positionals;
  if (more.length > 0) return usage("expected one FILE");
  try {
    if (verb === "export") {
      await using hub = await HubSession.open(values);
      const csv = await hub.text("/api/event-codes/export");
      if (file === undefined) process.stdout.write(csv);
      else writeFileSync(file, csv);
      return 0;
    }
    if (verb !== "check" && verb !== "import") return usage(`expected check, import or export, found "${verb ?? ""}"`);
    if (file === undefined) return usage("expected FILE");
    const csv = readFileSync(file, "utf8");
    if (verb === "check") {
      const { rows, problems } = parseCodes(csv);
      return tell(file, problems, `${rows.length} codes`);
    }
    const body = { csv, dry_run: values["dry-run"] };
    await using hub = await HubSession.open(values);
    const { etag } = await hub.ask<{ etag: string }>("GET", "/api/event-codes");
    const answer = await hub.ask<{ rows: number; written: boolean; problems: Problem[] }>(
      "POST",
      "/api/event-codes/import",
      body,
      { "if-match": `"${etag}"` },
    );
    return tell(file, answer.problems, `${answer.rows} codes${answer.written ? " written" : "; nothing was written"}`);
  } catch (error) {
    console.error(`gridhub codes: ${(error as Error).message}`);
    return 1;
  }
}

function tell(file: string, problems: readonly Problem[], fine: string): number {
  for (const { line, column, message } of problems)
    console.log(`${file}:${line}: ${column === "" ? "" : `${column}: `}${message}`);
  console.log(problems.length === 0 ? fine : `${problems.length} problems; nothing was written`);
  return problems.length === 0 ? 0 : 1;
}

function usage(message: string): number {
  console.error(`gridhub codes: ${message}\n\n${HELP}`);
  return 2;
}
