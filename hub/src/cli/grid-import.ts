import { parseArgs } from "node:util";
import type pg from "pg";
import { HubError } from "../errors.ts";
import { loadSet } from "../grid-keeper.ts";
import { compareSets } from "../grids/compare.ts";
import { DATUMS } from "../grids/datum.ts";
import type { Grid } from "../grids/grid.ts";
import { gridHash } from "../grids/grid-hash.ts";
import { GridSet } from "../grids/grid-set.ts";
import { type ImportOptions, readImport, withDatum } from "../grids/import.ts";
import { describeProblem, type GridProblem } from "../grids/problem.ts";
import { readGridFiles } from "../grids/read-files.ts";
import { silentLog } from "../log.ts";
import { startEmbedded } from "../store/embedded.ts";
import { openStore } from "../store/postgres.ts";
import { saveGridSet } from "../store/queries/grids.ts";
import { readDatum } from "./grid.ts";
import { HubRefused, HubSession } from "./hub-session.ts";

const HELP = `usage: gridhub grid import FILE... (--hub URL | --database URL | --data DIR) [options]

Makes a new version of the grids out of GeoJSON files (and memberships in .csv) and brings it into force. Stops at the first fault
of a field, the tree or a shape; nothing is changed then.

  --hub URL        a hub that runs, e.g. http://127.0.0.1:8080: all its rooms take the new version at once, nothing restarts.
                   As an administrator: GRIDHUB_TOKEN holds a session token, or --user NAME with GRIDHUB_PASSWORD
  --database URL   a postgres:// database whose hub is stopped; it starts with the new version. Refused while a hub writes to it
  --data DIR       the same for the embedded database in a data directory
  --merge          the cells replace those of the same id or are added; without it the tree is what the files hold
  --crs DATUM      of files that do not say: wgs84 (default), gcj02, bd09, cgcs2000
  --accept-shapes  take shapes that overlap or cross themselves all the same
  --dry-run        say what would change
  --wait           store the version without bringing it into force
  --note TEXT      why; kept with the version and in the audit
  --json           one JSON object instead of text

Exit code: 0 imported, nothing to change, or dry run without errors; 1 errors in the files, or refused; 2 wrong use.
`;

/** What an import came to, from either way in. */
interface Outcome {
  /** null = nothing was stored */
  readonly version: number | null;
  readonly active: number;
  readonly problems: readonly GridProblem[];
  readonly counts: { readonly added: number; readonly removed: number; readonly changed: number };
  readonly devices: number;
  readonly errors: number;
}

interface Wish extends ImportOptions {
  readonly dryRun: boolean;
  readonly activate: boolean;
  readonly note: string;
}

type Files = Awaited<ReturnType<typeof readGridFiles>>;

/** `gridhub grid import ...`. @returns the exit code */
export async function gridImportCommand(argv: readonly string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        hub: { type: "string" },
        database: { type: "string" },
        data: { type: "string" },
        user: { type: "string" },
        crs: { type: "string" },
        note: { type: "string", default: "" },
        merge: { type: "boolean", default: false },
        "accept-shapes": { type: "boolean", default: false },
        "dry-run": { type: "boolean", default: false },
        wait: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    return misuse((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { hub, database, data, user } = values;
  if ([hub, database, data].filter((way) => way !== undefined).length !== 1)
    return misuse("expected one of --hub, --database and --data");
  if (positionals.length === 0) return misuse("expected at least one FILE");
  if (hub !== undefined && !/^https?:\/\//.test(hub)) return misuse("expected --hub as an http:// or https:// address");
  const crs = readDatum(values.crs);
  if (crs === null) return misuse(`expected --crs as one of ${DATUMS.join(", ")}`);
  if (values.note.length > 500) return misuse("expected a note of at most 500 characters");

  const files = await readGridFiles(positionals);
  const unusable = [...files.problems, ...wrongFiles(files)];
  if (unusable.length > 0) return report({ ...NOTHING, problems: unusable, errors: unusable.length }, values.json);
  const wish = { crs, acceptShapes: values["accept-shapes"], dryRun: values["dry-run"], activate: !values.wait, note: values.note }; // prettier-ignore
  try {
    const outcome =
      hub === undefined
        ? await intoDatabase({ url: database, dataDir: data }, files, wish, values.merge)
        : await throughHub({ url: hub, user }, files, wish, values.merge);
    return report(outcome, values.json);
  } catch (error) {
    const advice = error instanceof HubError ? `\n${error.advice}` : "";
    process.stderr.write(`gridhub grid import: ${(error as Error).message}${advice}\n`);
    return 1;
  }
}

/** The hub is stopped: its next start finds the version in force. */
async function intoDatabase(
  { url, dataDir = "" }: { readonly url?: string; readonly dataDir?: string },
  files: Files,
  wish: Wish,
  merge: boolean,
): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const embedded = url === undefined ? await startEmbedded({ dataDir, log: silentLog }) : null;
  if (embedded !== null) stack.defer(() => embedded.stop());
  // the store takes the lock of the one writer, and gives up soon where a hub holds it
  const store = await openStore({ ...(embedded === null ? { url } : { connection: embedded.connection }), log: silentLog, startMs: 5000 }); // prettier-ignore
  stack.defer(() => store.close());
  const before = (await loadSet(store.pool)) ?? new GridSet([], 0);
  const under = merge ? before : undefined;
  const { set, problems, stops } = readImport(files.sources, { ...wish, under, memberships: files.memberships });
  const { devices } = await store.loadSnapshot();
  const rows = devices.map((row) => ({ ...row, uid: `${row.site}/${row.name}` }));
  const { changes, moves } = compareSets(before, set, rows, ({ gridId, lon, lat }, of) => {
    if (gridId !== null && of.get(gridId) !== undefined) return gridId;
    return lon === null || lat === null ? null : of.locate(lon, lat).gridId;
  });
  const count = (what: string) => changes.filter(({ change }) => change === what).length;
  const counts = { added: count("added"), removed: count("removed"), changed: count("changed") };
  const outcome = { version: null, active: before.version, problems, counts, devices: moves.length, errors: stops.length }; // prettier-ignore
  if (stops.length > 0 || wish.dryRun || changes.length === 0) return outcome;
  const version = await save(store.pool, set, before.version, wish);
  return { ...outcome, version, active: wish.activate ? version : before.version };
}

function save(pool: pg.Pool, set: GridSet, base: number, { note, activate }: Wish): Promise<number> {
  const audit = { action: "grid_import", target: "grids", detail: { note, by: "command line" } };
  const hashOf = (grid: object) => gridHash(grid as Grid);
  return saveGridSet(pool, { grids: set.grids(), hashOf, hash: `import:${base}`, base, what: "import", who: "command line", note, activate, audit }); // prettier-ignore
}

/** The hub checks, stores and takes it; memberships of tables are put into the features, so that both are one version. */
async function throughHub(
  { url, user }: { readonly url: string; readonly user?: string },
  files: Files,
  wish: Wish,
  merge: boolean,
): Promise<Outcome> {
  if (files.memberships.length > 0 && merge)
    throw new Error("tables are imported with the grids that they name, without --merge, or by the console");
  await using hub = await HubSession.open({ url, user });
  const versions = await hub.ask<{ active: number }>("GET", "/api/grids/versions?limit=1");
  const body = {
    geojson: oneCollection(files, wish),
    mode: merge ? "merge" : "replace",
    dry_run: wish.dryRun,
    activate: wish.activate,
    accept_shapes: wish.acceptShapes === true,
    note: wish.note,
  };
  try {
    const {
      version,
      active,
      report: { problems, errors },
      diff: { counts, devices },
    } = await hub.ask<Imported>("POST", "/api/grids/imports", body, { "if-match": `"${versions.active}"` });
    // what is in force has passed; a dry run tells
    const stops = version === null && wish.dryRun ? errors : 0;
    return { version, active, problems, counts, devices: devices.total, errors: stops };
  } catch (error) {
    if (!(error instanceof HubRefused) || error.status !== 422) throw error;
    const { problems = [] } = error.answer as { problems?: readonly GridProblem[] };
    const errors = problems.filter(({ severity }) => severity === "error").length;
    if (errors === 0) throw error;
    return { ...NOTHING, active: versions.active, problems, errors };
  }
}

interface Imported {
  readonly version: number | null;
  readonly active: number;
  readonly report: { readonly problems: readonly GridProblem[]; readonly errors: number };
  readonly diff: { readonly counts: Outcome["counts"]; readonly devices: { readonly total: number } };
}

interface AnyFeature {
  readonly properties?: { readonly id?: unknown };
}

/** All files as one collection; each feature keeps the datum of its file. */
function oneCollection({ sources, memberships }: Files, { crs = "wgs84" }: Wish): object {
  const tables = memberships.length === 0 ? null : readImport(sources, { crs, memberships }).set;
  const features = sources.flatMap((source): object[] => {
    const { datum, features: own } = withDatum(source, crs).data as { datum?: string; features: (AnyFeature | null)[] };
    return own.map((feature) => {
      const properties = { datum, ...feature?.properties };
      const id = String(properties.id);
      const members = tables?.get(id)?.level === "formation" ? { members: tables.roster(id) } : {};
      return { ...feature, properties: { ...properties, ...members } };
    });
  });
  return { type: "FeatureCollection", features };
}

/** What is wrong with a file as a whole; its features are looked at where they are imported. */
function wrongFiles({ sources }: Files): GridProblem[] {
  return sources.flatMap(({ file, data }) => {
    const { features } = (data ?? {}) as { features?: unknown };
    return [...GridSet.build([{ file, data: Array.isArray(features) ? { ...(data as object), features: [] } : data }], 0).problems]; // prettier-ignore
  });
}

const NOTHING: Outcome = {
  version: null,
  active: 0,
  problems: [],
  counts: { added: 0, removed: 0, changed: 0 },
  devices: 0,
  errors: 0,
};

function report(outcome: Outcome, json: boolean): number {
  const { version, active, problems, counts, devices, errors } = outcome;
  if (json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
  else {
    for (const problem of problems) process.stdout.write(`${describeProblem(problem)}\n`);
    const what = `${counts.added} added, ${counts.removed} removed, ${counts.changed} changed; ${devices} devices move`;
    const end = version === null ? `nothing was imported, version ${active} is in force` : version === active ? `version ${version} is in force` : `version ${version} waits, ${active} is in force`; // prettier-ignore
    process.stdout.write(`${what}; ${errors} errors; ${end}\n`);
  }
  return errors === 0 ? 0 : 1;
}

function misuse(message: string): number {
  process.stderr.write(`gridhub grid import: ${message}\n\n${HELP}`);
  return 2;
}
