import Type, { type Static } from "typebox";
import { AREA_KINDS } from "../grids/area.ts";
import { DATUMS } from "../grids/datum.ts";
import { InputProblem } from "./error-schema.ts";
import { Nullable, Severity } from "./schema.ts";

// Versions of the tree of grids, areas at sea, memberships. Times are ms UTC, positions degrees WGS84.

const strict = { additionalProperties: false };
const words = <T extends string>(all: readonly T[]) =>
  Type.Unsafe<T>(Type.Union(all.map((word) => Type.Literal(word))));
const Id = Type.String({ minLength: 1, maxLength: 128 });
export const Note = Type.String({ maxLength: 500 });
const Moment = Type.Number({ minimum: 0, maximum: 8e15 });

export const GridVersionInfo = Type.Object({
  version: Type.Number(),
  active: Type.Boolean(),
  /** the version that it was made from; null = none, or older than this was kept */
  base: Nullable(Type.Number()),
  /** file (configuration), import, area, members */
  what: Type.String(),
  who: Type.String(),
  note: Type.String(),
  /** grids in it; null = made before they were counted */
  grids: Nullable(Type.Number()),
  madeAt: Type.Number(),
  /** when it last came into force, by whom and why; null = it waits */
  activatedAt: Nullable(Type.Number()),
  activatedBy: Nullable(Type.String()),
  activationNote: Nullable(Type.String()),
});

/** What a version changes against the one in force; of it what the account may see. */
export const GridDiff = Type.Object({
  counts: Type.Object({ added: Type.Number(), removed: Type.Number(), changed: Type.Number() }),
  /** at most 500 */
  changes: Type.Array(
    Type.Object({
      change: words(["added", "removed", "changed"]),
      id: Type.String(),
      name: Type.String(),
      level: Type.String(),
      /** name, level, category, parent, codes, geometry, members, sea */
      fields: Type.Array(Type.String()),
      /** m²; null = no shape, or not there */
      areaBefore: Nullable(Type.Number()),
      areaAfter: Nullable(Type.Number()),
    }),
  ),
  /** devices that belong to another grid then; at most 200 are named */
  devices: Type.Object({
    total: Type.Number(),
    items: Type.Array(Type.Object({ uid: Type.String(), from: Nullable(Type.String()), to: Nullable(Type.String()) })),
  }),
});

export const GridReport = Type.Object({
  grids: Type.Number(),
  levels: Type.Record(Type.String(), Type.Number()),
  errors: Type.Number(),
  warnings: Type.Number(),
  /** at most 1000, errors first */
  problems: Type.Array(InputProblem),
});

const source = {
  /** FeatureCollection; properties as in hub/src/grids/README.md */
  geojson: Type.Object({ type: Type.Literal("FeatureCollection"), features: Type.Array(Type.Unknown()) }),
  /** of coordinates whose feature says nothing else; default wgs84 */
  crs: Type.Optional(words(DATUMS)),
};
export const CheckRequest = Type.Object(
  { ...source, /** metres that neighbours may overlap */ tolerance_m: Type.Optional(Type.Number({ minimum: 0, maximum: 1000 })) }, // prettier-ignore
  strict,
);
export const ImportRequest = Type.Object(
  {
    ...source,
    /** replace: the tree is what is sent; merge: what is sent replaces grids of the same id or is added */
    mode: Type.Optional(words(["replace", "merge"])),
    dry_run: Type.Optional(Type.Boolean()),
    /** false = stored, to be activated later; default true */
    activate: Type.Optional(Type.Boolean()),
    /** take shapes that overlap or cross themselves all the same */
    accept_shapes: Type.Optional(Type.Boolean()),
    note: Type.Optional(Note),
  },
  strict,
);
export const ImportInfo = Type.Object({
  /** null = nothing was stored: dry run, or nothing changes */
  version: Nullable(Type.Number()),
  /** the version in force now */
  active: Type.Number(),
  report: GridReport,
  diff: GridDiff,
});
export const ActivateRequest = Type.Object({ note: Type.Optional(Note), dry_run: Type.Optional(Type.Boolean()) }, strict); // prettier-ignore

const Clock = Type.String({ pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$" });
const MonthDay = Type.String({ pattern: "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$" });
const spans = <T extends typeof Clock>(of: T) => Type.Array(Type.Object({ from: of, to: of }, strict), { maxItems: 20 }); // prettier-ignore

/** An area as people edit it; the same object is read and written. What is absent limits nothing. */
export const AreaBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    /** the grid that it lies below and whose people look after it */
    parent: Id,
    /** ground = only a place, its border means nothing */
    kind: words(AREA_KINDS),
    /** GeoJSON Polygon or MultiPolygon */
    geometry: Type.Object({ type: words(["Polygon", "MultiPolygon"]), coordinates: Type.Array(Type.Unknown()) }),
    /** of its events; absent = that of its kind */
    severity: Type.Optional(Severity),
    /** only vessels with such gear are meant */
    gear: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: 50 })),
    /** grids (formations, towns ...) whose vessels may enter */
    allow: Type.Optional(Type.Array(Id, { maxItems: 1000 })),
    /** working_area: the grids whose vessels belong in it */
    formations: Type.Optional(Type.Array(Id, { maxItems: 1000 })),
    /** days of every year, `MM-DD`, both included; from after to = across the turn of the year */
    dates: Type.Optional(spans(MonthDay)),
    /** hours of the day, `HH:MM`; may pass midnight */
    hours: Type.Optional(spans(Clock)),
    /** 1 = Monday */
    weekdays: Type.Optional(Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), { maxItems: 7, uniqueItems: true })),
    /** faster than this a vessel only passes through, knots */
    transitKn: Type.Optional(Type.Number({ minimum: 0.1, maximum: 60 })),
    /** speed_limit: knots */
    limitKn: Type.Optional(Type.Number({ minimum: 0.1, maximum: 60 })),
    /** metres beyond the border at which a vessel counts as in or out by one fix */
    toleranceM: Type.Optional(Type.Number({ minimum: 0, maximum: 20_000 })),
    /** in force from (included) to (excluded); outside it the area is on the map and means nothing */
    validFrom: Type.Optional(Moment),
    validTo: Type.Optional(Moment),
    /** harbours: stays of vessels become events */
    reportVisits: Type.Optional(Type.Boolean()),
    /** invented for demonstration */
    synthetic: Type.Optional(Type.Boolean()),
  },
  strict,
);

export const AreaInfo = Type.Object({
  id: Type.String(),
  /** active; draft = not in force yet; changed = in force, and a next state waits as a draft */
  state: words(["active", "draft", "changed"]),
  /** for If-Match of the next change */
  etag: Type.String(),
  parentName: Type.String(),
  /** in force; null = it is a draft only */
  area: Nullable(AreaBody),
  draft: Nullable(Type.Object({ area: AreaBody, who: Type.String(), at: Type.Number(), note: Type.String() })),
  /** whether its rule holds at this moment, by validity and schedule */
  holds: Type.Boolean(),
  /** vessels inside now, of those in force */
  vessels: Type.Number(),
  /** whether this account may change it */
  mayEdit: Type.Boolean(),
});
export const AreaList = Type.Object({ version: Type.Number(), items: Type.Array(AreaInfo) });
const AreaState = words(["draft", "active"]);
export const AreaRequest = Type.Object({ area: AreaBody, state: AreaState, note: Type.Optional(Note) }, strict);
export const NewAreaRequest = Type.Object(
  {
    /** absent = the hub names it */
    id: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9_.-]{1,64}$" })),
    area: AreaBody,
    state: AreaState,
    note: Type.Optional(Note),
  },
  strict,
);
export const AreaChanged = Type.Object({
  /** null = it was a draft only and is gone */
  area: Nullable(AreaInfo),
  /** the version in force now */
  version: Type.Number(),
});
export const AreaPreviewRequest = Type.Object({ id: Type.Optional(Id), area: AreaBody }, strict);
/** What an area would mean if it were in force now. */
export const AreaPreview = Type.Object({
  /** errors keep it from being saved */
  problems: Type.Array(InputProblem),
  /** m²; null = the shape is not usable */
  squareMetres: Nullable(Type.Number()),
  holds: Type.Boolean(),
  total: Type.Number(),
  /** vessels inside now; at most 500 */
  vessels: Type.Array(
    Type.Object({
      mmsi: Type.Number(),
      name: Type.String(),
      formationId: Nullable(Type.String()),
      lon: Type.Number(),
      lat: Type.Number(),
      ts: Type.Number(),
      /** inside of what is in force already */
      wasInside: Type.Boolean(),
    }),
  ),
  /** vessels that leave it, because the border moves */
  leaves: Type.Number(),
});

const Mmsi = Type.Integer({ minimum: 1, maximum: 999_999_999 });
export const MemberInfo = Type.Object({
  mmsi: Mmsi,
  name: Type.String(),
  role: Type.String(),
  gear: Nullable(Type.String()),
  /** from (included), to (excluded); null = always */
  from: Nullable(Type.Number()),
  to: Nullable(Type.Number()),
  /** member at the moment asked for */
  valid: Type.Boolean(),
});
export const MemberList = Type.Object({
  formation: Type.String(),
  name: Type.String(),
  /** for If-Match */
  etag: Type.String(),
  version: Type.Number(),
  at: Type.Number(),
  mayEdit: Type.Boolean(),
  items: Type.Array(MemberInfo),
});
export const MemberRequest = Type.Object(
  {
    mmsi: Mmsi,
    name: Type.Optional(Type.String({ maxLength: 200 })),
    role: Type.Optional(Type.String({ maxLength: 64 })),
    gear: Type.Optional(Type.String({ maxLength: 64 })),
    from: Type.Optional(Moment),
    to: Type.Optional(Moment),
    /** end its term elsewhere at `from` (or now) rather than be refused for it */
    move: Type.Optional(Type.Boolean()),
    note: Type.Optional(Note),
  },
  strict,
);
export const MembershipImport = Type.Object(
  {
    /** mmsi,formation,from,to,name,role,gear; a header first */
    csv: Type.String({ minLength: 1 }),
    /** merge: what is said of a vessel replaces all terms of that vessel; replace: of every formation the account sees */
    mode: Type.Optional(words(["merge", "replace"])),
    dry_run: Type.Optional(Type.Boolean()),
    note: Type.Optional(Note),
  },
  strict,
);
export const MembershipImported = Type.Object({
  /** lines without a fault */
  lines: Type.Number(),
  /** null = nothing was stored: dry run, problems, or nothing changes */
  version: Nullable(Type.Number()),
  active: Type.Number(),
  /** vessels whose terms are others: in a formation for the first time, in none any more, changed */
  changes: Type.Object({ added: Type.Number(), removed: Type.Number(), changed: Type.Number() }),
  problems: Type.Array(
    Type.Object({
      /** 1 = the header; 0 = the table as a whole */
      line: Type.Number(),
      field: Type.String(),
      code: Type.String(),
      expected: Type.String(),
    }),
  ),
});

export type GridVersionInfo = Static<typeof GridVersionInfo>;
export type GridDiff = Static<typeof GridDiff>;
export type GridReport = Static<typeof GridReport>;
export type AreaInfo = Static<typeof AreaInfo>;
export type AreaPreview = Static<typeof AreaPreview>;
export type MemberList = Static<typeof MemberList>;
export type MembershipImported = Static<typeof MembershipImported>;
