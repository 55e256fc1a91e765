import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { formatProblem } from "@gridhub/device-profiles/problem.ts";
import { loadAreaRules } from "../rules/area/area-rule.ts";
import { HubSession } from "./hub-session.ts";

const HELP = `usage: gridhub rules check FILE...
       gridhub rules dry-run (--profile FILE | --rules FILE) --from TIME --to TIME [options]

check    reads files of area rules and says what is wrong with them
dry-run  asks a running hub which events the rules would have raised in its stored readings; nothing is written

options of dry-run:
  --from, --to TIME   ISO 8601, e.g. 2025-11-22T08:00:00+08:00; at most 31 days
  --url URL           the hub (default http://127.0.0.1:8080)
  --user NAME         account (default admin); its password is GRIDHUB_PASSWORD, or give a session as GRIDHUB_TOKEN
  --grid ID           devices of this grid only
  --limit N           events shown (default 1000)
  --json              the answer as it is

exit code: 0 fine, 1 refused or wrong, 2 wrong usage`;

const OPTIONS = {
  profile: { type: "string" },
  rules: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  url: { type: "string", default: "http://127.0.0.1:8080" },
  user: { type: "string", default: "admin" },
  grid: { type: "string" },
  limit: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** `gridhub rules ...`; @returns the exit code */
export async function rulesCommand(argv: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const [command, ...files] = positionals;
  if (command === "check") return files.length === 0 ? usage("expected FILE") : check(files, values.json === true);
  if (command !== "dry-run") return usage(`expected check or dry-run, found "${command ?? ""}"`);
  const [from, to] = [Date.parse(values.from ?? ""), Date.parse(values.to ?? "")];
  if (!(to > from)) return usage("--from and --to: expected two times, the second later");
  const { profile, rules, limit } = values;
  if ((profile === undefined) === (rules === undefined)) return usage("expected either --profile or --rules");
  if (limit !== undefined && !/^[1-9]\d*$/.test(limit)) return usage("--limit: expected a number");
  try {
    const text = readFileSync(profile ?? rules ?? "", "utf8");
    const body = {
      ...(profile === undefined ? { rules: text } : { profile: text }),
      from,
      to,
      ...(values.grid !== undefined && { grid: values.grid }),
      ...(limit !== undefined && { limit: Number(limit) }),
    };
    await using hub = await HubSession.open(values);
    show(await hub.ask<Answer>("POST", "/api/rules/dry-run", body), values.json === true);
    return 0;
  } catch (error) {
    console.error(`gridhub rules: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

function check(files: readonly string[], json: boolean): number {
  const problems = files.flatMap((file) => {
    try {
      return loadAreaRules(readFileSync(file, "utf8"), file).problems;
    } catch (error) {
      return [
        { file, line: 1, column: 1, path: "", message: `cannot be read: ${String(error)}`, level: "error" as const },
      ];
    }
  });
  if (json) console.log(JSON.stringify({ problems }));
  else for (const problem of problems) console.log(formatProblem(problem));
  return problems.length > 0 ? 1 : 0;
}

interface Answer {
  readonly events: readonly { kind: string; rule: string; device: string | null; grid: string | null; from: number; to: number | null; severity: number }[]; // prettier-ignore
  readonly total: number;
  readonly devices: number;
  readonly readings: number;
  readonly until: number;
  readonly stoppedBy: string | null;
}

function show(answer: Answer, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(answer));
    return;
  }
  const time = (ms: number | null) =>
    ms === null ? "still active        " : new Date(ms).toISOString().slice(0, 19) + "Z";
  for (const { kind, device, grid, from, to, severity } of answer.events)
    console.log(`${time(from)}  ${time(to)}  ${severity}  ${kind}  ${device ?? `grid ${grid ?? "-"}`}`);
  const { total, devices, readings, stoppedBy, until } = answer;
  console.log(`${total} events of ${devices} devices, ${readings} readings`);
  if (answer.events.length < total) console.log(`the first ${answer.events.length} are shown`);
  if (stoppedBy !== null)
    console.log(`stopped at ${time(until)}: too many ${stoppedBy === "time" ? "seconds" : "readings"}`);
}

function usage(message: string): number {
  console.error(`gridhub rules: ${message}\n\n${HELP}`);
  return 2;
}
