import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import { parse } from "yaml";
import { HubError } from "../errors.ts";
import { countOf, MOST_COUNTED, type RoleCount } from "./count.ts";

const Duration = Type.String({ pattern: "^\\d+(ms|s|m|h)$" });

const Role = Type.Object(
  {
    role: Type.String(),
    labels: Type.Array(Type.String(), { minItems: 1 }),
    /** model that knows the labels, where it is not the recipe's */
    model: Type.Optional(Type.String()),
    /** the labels are one kind of thing: a van that is once a car and once a truck stays one object */
    alike: Type.Optional(Type.Boolean()),
    /** smallest score of a sighting; absent = the threshold of the class on the model's card */
    score: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    /** has been at one place for so long */
    stay: Duration,
    /**
     * Lives, over at least three sightings: `stir` = mean change of its picture (0 the same .. 1 unlike), or where that cannot be told
     * `flicker` = mean |log of the area's ratio| between sightings; or `growth` = area against the first sighting. A lamp does neither.
     */
    alive: Type.Optional(
      Type.Object(
        {
          flicker: Type.Number({ exclusiveMinimum: 0 }),
          stir: Type.Number({ exclusiveMinimum: 0 }),
          growth: Type.Number({ exclusiveMinimum: 1 }),
        },
        { additionalProperties: false },
      ),
    ),
    /** stands within `reach` heights of an object of another, earlier role */
    near: Type.Optional(
      Type.Object(
        { role: Type.String(), reach: Type.Number({ exclusiveMinimum: 0 }) },
        { additionalProperties: false },
      ),
    ),
    /** so many of them at the same time; default 1 */
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_COUNTED })),
    /** attribute of the device that holds the count of its own; absent or mistyped = `count` */
    countFrom: Type.Optional(Type.String({ minLength: 1 })),
    /** what was raised goes on while there is this share of the count, rounded down; default 0.8 */
    keep: Type.Optional(Type.Number({ minimum: 0.1, maximum: 1 })),
    /**
     * Stands within so many metres of a registered device of this kind, by the camera's calibration, or in the zone where that is
     * drawn. Only where a calibrated view shows such a device, or the zone is drawn.
     */
    beside: Type.Optional(
      Type.Object(
        {
          kind: Type.String({ pattern: "^[a-z0-9_]{1,32}$" }),
          within: Type.Number({ minimum: 0.5, maximum: 100 }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

/** A composed event as data, `recipes/<name>.yaml`: which objects have to be where, for how long, at what hours. */
export const RecipeSchema = Type.Object(
  {
    name: Type.String({ pattern: "^[a-z0-9-]{1,32}$" }),
    /** event kind of the findings */
    event: Type.String({ pattern: "^vision\\.[a-z0-9_]+$" }),
    title: Type.String(),
    titleZh: Type.String(),
    severity: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3), Type.Literal(4)]),
    /** model whose labels the roles name */
    model: Type.String(),
    /** true: every camera; false: only cameras whose attribute `watch` names the recipe */
    everywhere: Type.Boolean(),
    /** attributes of the device that hold the zone polygon and the hours, "07:00-21:30" local time */
    zone: Type.String(),
    hours: Type.String(),
    /** true: only where the zone is drawn */
    zoneNeeded: Type.Optional(Type.Boolean()),
    /** attribute of the device with a line; what counts has crossed it from its left to its right. Only where it is drawn */
    line: Type.Optional(Type.String()),
    roles: Type.Array(Role, { minItems: 1 }),
    /** all roles together for so long raise the finding */
    dwell: Duration,
    /** holds when k of the last n frames looked at show it; a frame that was not looked at is no vote */
    votes: Type.Object(
      {
        k: Type.Integer({ minimum: 1, maximum: 30 }),
        n: Type.Integer({ minimum: 1, maximum: 30 }),
        /** older votes do not count; default 5m */
        within: Type.Optional(Duration),
      },
      { additionalProperties: false },
    ),
    /** so many frames in a row without it, over at least this time, end the wait or clear the finding */
    absent: Type.Integer({ minimum: 1, maximum: 1000 }),
    absentFor: Duration,
    /** while it lasts an update with fresh evidence is sent so often */
    update: Duration,
    /** what several cameras report within so many metres (and the errors of their places) is one event; 0 = each its own; default 80 */
    radius: Type.Optional(Type.Number({ minimum: 0, maximum: 5000 })),
    /** after somebody said "false alarm" the same thing at the same place is not raised again for so long; default 12h */
    cooldown: Type.Optional(Duration),
    /** how often a calm camera should send a sample; default 30s */
    patrol: Type.Optional(Duration),
  },
  { additionalProperties: false },
);

export interface RecipeRole {
  readonly role: string;
  readonly labels: ReadonlySet<string>;
  readonly model: string;
  readonly alike: boolean;
  /** null = the card's */
  readonly score: number | null;
  readonly stayMs: number;
  readonly alive: { readonly flicker: number; readonly stir: number; readonly growth: number } | null;
  readonly near: { readonly role: number; readonly reach: number } | null;
  readonly count: number;
  /** attribute with the camera's own count */
  readonly countFrom: string | null;
  readonly keep: number;
  readonly beside: BesideRule | null;
}

/** Within so many metres of a registered device of the kind. */
export interface BesideRule {
  readonly kind: string;
  readonly within: number;
}

/** A recipe compiled: durations in ms, already scaled. */
export interface Recipe {
  readonly name: string;
  readonly event: string;
  readonly severity: 1 | 2 | 3 | 4;
  /** model of most roles */
  readonly model: string;
  /** every model that it needs */
  readonly models: readonly string[];
  readonly everywhere: boolean;
  readonly zone: string;
  readonly zoneNeeded: boolean;
  readonly hours: string;
  readonly line: string | null;
  readonly roles: readonly RecipeRole[];
  /** of each role, where the camera has no number of its own */
  readonly counts: readonly RoleCount[];
  readonly dwellMs: number;
  readonly votes: { readonly k: number; readonly n: number; readonly withinMs: number };
  readonly absent: number;
  readonly absentMs: number;
  readonly updateMs: number;
  /** metres */
  readonly radius: number;
  readonly cooldownMs: number;
  /** not scaled: it is a wish to the edge */
  readonly patrolMs: number;
}

const check = Compile(RecipeSchema);
const UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * The recipes of several folders; one of the same name replaces that of an earlier folder.
 * @throws HubError MODEL_INVALID when a folder cannot be read or a file is no recipe
 */
export function loadRecipes(dirs: readonly string[], durationScale: number): Recipe[] {
  const recipes = new Map<string, Recipe>();
  for (const dir of dirs) {
    let files: string[];
    try {
      files = readdirSync(dir);
    } catch (cause) {
      throw new HubError("MODEL_INVALID", `${dir}: cannot be read`, { cause });
    }
    for (const f of files.filter((name) => name.endsWith(".yaml")).sort()) {
      let raw: unknown;
      try {
        raw = parse(readFileSync(join(dir, f), "utf8"));
      } catch (cause) {
        throw new HubError("MODEL_INVALID", `${f}: ${cause instanceof Error ? cause.message : "unreadable"}`, {
          cause,
        });
      }
      const recipe = compileRecipe(raw, f, durationScale);
      recipes.set(recipe.name, recipe);
    }
  }
  return [...recipes.values()];
}

export function compileRecipe(raw: unknown, file: string, durationScale: number): Recipe {
  if (!check.Check(raw)) {
    const first = [...check.Errors(raw)][0];
    throw new HubError(
      "MODEL_INVALID",
      `${file}: ${first?.instancePath || "/"} ${first?.message ?? "is not a recipe"}`,
    );
  }
  const source: Static<typeof RecipeSchema> = raw;
  const ms = (d: string): number => {
    const unit = d.replace(/^\d+/, "");
    return Number.parseInt(d, 10) * UNIT[unit] * durationScale;
  };
  const roles = source.roles.map((r, i): RecipeRole => {
    const near =
      r.near === undefined
        ? null
        : { role: source.roles.findIndex((o) => o.role === r.near?.role), reach: r.near.reach };
    if (near !== null && (near.role < 0 || near.role >= i))
      throw new HubError("MODEL_INVALID", `${file}: near of ${r.role} must name an earlier role`);
    const { count = 1, countFrom = null, beside = null } = r;
    if (r.keep !== undefined && count === 1 && countFrom === null)
      throw new HubError("MODEL_INVALID", `${file}: keep of ${r.role} needs a count`);
    if (beside !== null && source.zoneNeeded === true)
      throw new HubError("MODEL_INVALID", `${file}: beside of ${r.role} stands for the zone, which is not needed then`);
    return {
      role: r.role,
      labels: new Set(r.labels),
      model: r.model ?? source.model,
      alike: r.alike ?? false,
      score: r.score ?? null,
      stayMs: ms(r.stay),
      alive: r.alive ?? null,
      near,
      count,
      countFrom,
      keep: r.keep ?? 0.8,
      beside,
    };
  });
  const { name, event, severity, model, everywhere, zone, hours, absent } = source;
  return {
    name,
    event,
    severity,
    model,
    models: [...new Set(roles.map((r) => r.model))],
    everywhere,
    zone,
    zoneNeeded: source.zoneNeeded ?? false,
    hours,
    line: source.line ?? null,
    roles,
    counts: roles.map((role) => countOf(role, null)),
    votes: { k: source.votes.k, n: source.votes.n, withinMs: ms(source.votes.within ?? "5m") },
    absent,
    dwellMs: ms(source.dwell),
    absentMs: ms(source.absentFor),
    updateMs: ms(source.update),
    radius: source.radius ?? 80,
    cooldownMs: ms(source.cooldown ?? "12h"),
    patrolMs: ms(source.patrol ?? "30s") / durationScale,
  };
}

/** Whether local minutes of the day lie in "07:00-21:30" (over midnight too). No or mistyped hours = always. */
export function inHours(hours: unknown, minuteOfDay: number): boolean {
  const m = typeof hours === "string" ? /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(hours) : null;
  if (m === null) return true;
  const from = Number(m[1]) * 60 + Number(m[2]);
  const to = Number(m[3]) * 60 + Number(m[4]);
  return from <= to ? minuteOfDay >= from && minuteOfDay < to : minuteOfDay >= from || minuteOfDay < to;
}
