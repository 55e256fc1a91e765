import Type, { type Static } from "typebox";
import { Text, Time } from "./query.ts";
import { Severity } from "./schema.ts";

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);
const Count = Type.Integer({ minimum: 0 });

export const RuleInfo = Type.Object({
  /** as the `source` of its events: `rule:<profile>#<alarm>`, `area:<rule>` */
  rule: Type.String(),
  event: Type.String(),
  severity: Severity,
  /** devices that it judges; 0 for rules of areas */
  devices: Count,
  /** where it is active now: devices, or grids of a rule of areas */
  active: Count,
  /** since the hub started */
  evaluated: Count,
  raised: Count,
  cleared: Count,
  suppressed: Count,
  late: Count,
  /** what people made of its events in the days asked for */
  events: Count,
  confirmed: Count,
  falseAlarms: Count,
  /** confirmed of all that were judged; null = nobody has judged one */
  precision: Nullable(Type.Number()),
});
export type RuleInfo = Static<typeof RuleInfo>;

export const FlagInfo = Type.Object({
  name: Type.String(),
  /** "" = everywhere */
  grid: Type.String(),
  value: Type.String(),
  until: Nullable(Type.Number()),
});
export const RuleList = Type.Object({ items: Type.Array(RuleInfo), flags: Type.Array(FlagInfo) });

/** An empty value takes the flag back. */
export const FlagRequest = Type.Object(
  { value: Text(100), grid: Type.Optional(Text()), until: Type.Optional(Nullable(Time)) },
  { additionalProperties: false },
);

export const DryRunBody = Type.Object(
  {
    /** text of a profile: its alarms are tried on the devices of that maker and model, whatever version they are bound to */
    profile: Type.Optional(Type.String({ maxLength: 500_000 })),
    /** text of a file of area rules */
    rules: Type.Optional(Type.String({ maxLength: 500_000 })),
    from: Time,
    to: Time,
    grid: Type.Optional(Text()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, description: "default 1000" })),
  },
  { additionalProperties: false },
);
export const DryRunInfo = Type.Object({
  events: Type.Array(
    Type.Object({
      kind: Type.String(),
      rule: Type.String(),
      device: Nullable(Type.String()),
      grid: Nullable(Type.String()),
      from: Type.Number(),
      to: Nullable(Type.Number()),
      severity: Severity,
    }),
  ),
  total: Count,
  devices: Count,
  readings: Count,
  until: Type.Number(),
  stoppedBy: Nullable(Type.Union([Type.Literal("readings"), Type.Literal("time")])),
  /** what the texts were warned of */
  problems: Type.Array(
    Type.Object({ line: Type.Number(), path: Type.String(), message: Type.String(), level: Type.String() }),
  ),
});

const RuleProblem = Type.Object({
  line: Type.Number(),
  path: Type.String(),
  message: Type.String(),
  level: Type.String(),
});

/** A text of area rules; `revision` is null for files of the configuration, which are changed where they lie. */
export const AreaRuleSourceInfo = Type.Object({
  name: Type.String(),
  origin: Type.Union([Type.Literal("file"), Type.Literal("api")]),
  text: Type.String(),
  /** ids of its rules that are in force */
  rules: Type.Array(Type.String()),
  revision: Nullable(Type.Integer()),
  at: Nullable(Type.Number()),
  who: Type.String(),
  note: Type.String(),
  problems: Type.Array(RuleProblem),
});
export type AreaRuleSourceInfo = Static<typeof AreaRuleSourceInfo>;
export const AreaRuleText = Type.Object(
  {
    text: Type.String({ maxLength: 500_000 }),
    note: Type.Optional(Text(500)),
    revision: Type.Optional(
      Type.Integer({ minimum: 0, description: "the one that it takes the place of; absent = a new name" }),
    ),
  },
  { additionalProperties: false },
);
/** taken = it is stored and in force; else the problems say why not */
export const AreaRuleTaken = Type.Object({
  taken: Type.Boolean(),
  source: Nullable(AreaRuleSourceInfo),
  problems: Type.Array(RuleProblem),
});
