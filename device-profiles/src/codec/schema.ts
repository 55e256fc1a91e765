import Type, { type Static } from "typebox";
import { Check, Frame } from "./frame-schema.ts";
import { Past } from "./past-schema.ts";
import type { FieldProtocolName } from "../protocol/protocols.ts";
import { RESULT_DEFS, type ResultCodecs } from "./result-schema.ts";

// What a codec may say in YAML. Every description below is shown by editors through the exported JSON Schema.

const closed = { additionalProperties: false } as const;

/** Raw types of a field; multi-byte ones follow the layout's `endian`. Times set the record's sample time. */
export const FIELD_TYPES = [
  ...["u8", "i8", "u16", "i16", "u24", "i24", "u32", "i32", "u64", "i64", "f32", "f64"],
  // two big-endian words, the low one first, as some Modbus and LoRaWAN devices send
  ...["u32_lowword", "i32_lowword"],
  ...["bcd", "ascii", "gbk", "hex", "dotted"],
  ...["bcd_yymmddhhmmss", "bcd_yymmddhhmm", "bcd_yyyymmddhhmmss", "unix_s", "unix_ms"],
] as const;
export const INTEGER_TYPES = ["u8", "i8", "u16", "i16", "u24", "i24", "u32", "i32"] as const;

const DefaultType = Type.Enum([...FIELD_TYPES], { description: "raw type of fields that say none; u8 unless said" });
const Endian = Type.Enum(["be", "le"], { description: "byte order; be unless said" });
const Scalar = Type.Union([Type.Number(), Type.Boolean(), Type.String({ maxLength: 64 })]);
const IntegerKey = Type.String({ pattern: "^(0[xX][0-9a-fA-F]+|-?[0-9]+)$" });

/** How a raw value becomes the metric's value; shared by frames and JSON. */
const valueRules = {
  scale: Type.Optional(Type.Number({ description: "value = (raw - bias) * scale + offset" })),
  bias: Type.Optional(Type.Number({ description: "subtracted from the raw value first" })),
  offset: Type.Optional(Type.Number({ description: "added after scaling, in `unit`" })),
  poly: Type.Optional(
    Type.Array(Type.Number(), {
      minItems: 2,
      maxItems: 8,
      description: "calibration polynomial over the scaled value: c0 + c1 x + c2 x^2 ...",
    }),
  ),
  curve: Type.Optional(
    Type.Array(Type.Array(Type.Number(), { minItems: 2, maxItems: 2 }), {
      minItems: 2,
      maxItems: 64,
      description: "points [scaled value, value], straight lines between them; beyond them the ends hold",
    }),
  ),
  calc: Type.Optional(
    Type.String({
      maxLength: 300,
      description:
        "formula over x (the scaled value) and values read before: + - * / ** < == ? : ln exp sqrt min max bits(x, 0, 3). Without x the field reads no bytes",
    }),
  ),
  unit: Type.Optional(
    Type.String({ description: "UCUM unit that the device sends; converted to the metric's canonical unit" }),
  ),
  range: Type.Optional(
    Type.Array(Type.Number(), {
      minItems: 2,
      maxItems: 2,
      description: "physical range [low, high] in `unit`; outside it the reading is kept and flagged",
    }),
  ),
  invalid: Type.Optional(
    Type.Union([Scalar, Type.Array(Scalar, { minItems: 1 })], {
      description: "raw values that mean 'not available': stored as null, flagged invalid",
    }),
  ),
  map: Type.Optional(
    Type.Record(Type.String(), Scalar, {
      description: "raw value -> value; a raw value that is not listed is flagged invalid",
    }),
  ),
} as const;

export const Field = Type.Object(
  {
    n: Type.Optional(
      Type.String({
        description:
          "canonical metric name (see `metrics:`), sampled_at for the sample time, or _name for a number that only formulas see",
      }),
    ),
    skip: Type.Optional(Type.Integer({ minimum: 1, description: "bytes without meaning (instead of n and t)" })),
    at: Type.Optional(
      Type.Integer({
        description:
          "first byte, from the start of the frame, item or group; negative = from its end. Default: next byte",
      }),
    ),
    t: Type.Optional(Type.Enum([...FIELD_TYPES], { description: "raw type; u8 unless said" })),
    endian: Type.Optional(Endian),
    len: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 255 }), Type.Enum(["rest"])], {
        description: "bytes of bcd, ascii, gbk, hex and dotted (1.0.3); rest = to the end of the frame or item",
      }),
    ),
    bit: Type.Optional(Type.Integer({ minimum: 0, maximum: 31, description: "one bit of the integer, 0 = lowest" })),
    bits: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: 31 }), {
        minItems: 2,
        maxItems: 2,
        description: "bit field [lowest, highest] of the integer, both inclusive",
      }),
    ),
    signed: Type.Optional(
      Type.Union([Type.Boolean(), Type.Enum(["magnitude"])], {
        description:
          "the bit field is two's complement; magnitude = the highest bit is the sign, the others the amount",
      }),
    ),
    tz: Type.Optional(
      Type.String({ description: "time zone of a calendar time: IANA name or +08:00; UTC unless said" }),
    ),
    ...valueRules,
  },
  { ...closed, description: "one value of a frame" },
);
export type Field = Static<typeof Field>;

const Selector = Type.Object(
  {
    by: Type.Optional(Type.Enum(["port", "length"], { description: "LoRaWAN port or frame length" })),
    at: Type.Optional(Type.Integer({ description: "byte that decides" })),
    t: Type.Optional(Type.Enum([...INTEGER_TYPES])),
    type: Type.Optional(Type.Enum([...INTEGER_TYPES], { description: "same as t" })),
    endian: Type.Optional(Endian),
    bits: Type.Optional(Type.Array(Type.Integer({ minimum: 0, maximum: 31 }), { minItems: 2, maxItems: 2 })),
  },
  { ...closed, description: "what decides the layout: the port, the length, or an integer in the frame" },
);
export type Selector = Static<typeof Selector>;

/** Fields, fields with a list of earlier samples behind them, or a choice of layouts; choices nest. */
export type Layout = Field[] | Run | Choice | { tlv: Tlv } | { bitmap: Bitmap };
export interface Run {
  fields: Field[];
  past: Past;
}
interface Choice {
  select: Selector;
  cases: Record<string, Layout>;
  default?: Layout;
  common?: Field[];
}

const Cases = Type.Record(IntegerKey, Type.Ref("Layout"), closed);
const Choice = Type.Object(
  {
    select: Type.Ref("Selector"),
    cases: Cases,
    default: Type.Optional(Type.Ref("Layout")),
    common: Type.Optional(Type.Array(Type.Ref("Field"), { description: "fields of every case" })),
  },
  closed,
);

const Fixed = Type.Object(
  {
    endian: Type.Optional(Endian),
    t: Type.Optional(DefaultType),
    frame: Type.Optional(Type.Ref("Frame")),
    fields: Type.Optional(Type.Array(Type.Ref("Field"), { minItems: 1 })),
    past: Type.Optional(Type.Ref("Past")),
    select: Type.Optional(Type.Ref("Selector")),
    cases: Type.Optional(Cases),
    default: Type.Optional(Type.Ref("Layout")),
    common: Type.Optional(Type.Array(Type.Ref("Field"), { description: "fields of every case" })),
  },
  { ...closed, description: "fixed layout, chosen by port, length or a byte" },
);

const Item = Type.Union([
  Type.Array(Type.Ref("Field")),
  Type.Object(
    {
      size: Type.Optional(Type.Integer({ minimum: 0 })),
      fields: Type.Array(Type.Ref("Field")),
      past: Type.Optional(
        Type.Boolean({
          description: "an earlier sample with a time of its own (sampled_at): a record beside the present one",
        }),
      ),
    },
    closed,
  ),
]);
const Tlv = Type.Object(
  {
    endian: Type.Optional(Endian),
    t: Type.Optional(DefaultType),
    frame: Type.Optional(Type.Ref("Frame")),
    start: Type.Optional(Type.Integer({ minimum: 0, description: "first byte of the first item" })),
    header: Type.Optional(Type.Array(Type.Ref("Field"))),
    id: Type.Optional(
      Type.Object(
        { t: Type.Enum(["u8", "u16", "u24"]), endian: Type.Optional(Endian) },
        { ...closed, description: "the item's id; channel + type of one byte each are one u16" },
      ),
    ),
    length: Type.Optional(
      Type.Enum(["u8", "u16"], { description: "a length follows the id; absent: the id implies it" }),
    ),
    items: Type.Record(IntegerKey, Type.Ref("Item"), closed),
    unknown: Type.Optional(
      Type.Enum(["reject", "skip", "stop"], {
        description: "an id that is not listed: refuse the frame (default), skip it (needs `length`), or end there",
      }),
    ),
  },
  { ...closed, description: "items of id and value, in any order" },
);
/** A value of known size. */
export type Item = Field[] | { size?: number; fields: Field[]; past?: boolean };
export type Tlv = Omit<Static<typeof Tlv>, "frame" | "header" | "items"> & {
  frame?: Frame;
  header?: Field[];
  items: Record<string, Item>;
};

const Bitmap = Type.Object(
  {
    endian: Type.Optional(Endian),
    t: Type.Optional(DefaultType),
    frame: Type.Optional(Type.Ref("Frame")),
    header: Type.Optional(Type.Array(Type.Ref("Field"))),
    mask: Type.Object(
      { at: Type.Integer({ minimum: 0 }), t: Type.Optional(Type.Enum(["u8", "u16", "u24", "u32"])) },
      { ...closed, description: "the presence mask" },
    ),
    start: Type.Optional(
      Type.Integer({ minimum: 0, description: "first byte of the groups; after the mask unless said" }),
    ),
    groups: Type.Record(Type.String({ pattern: "^[0-9]{1,2}$" }), Type.Ref("Item"), {
      ...closed,
      description: "mask bit -> fields; present groups follow each other by ascending bit",
    }),
  },
  { ...closed, description: "a mask says which groups of fields follow" },
);

const JsonPath = Type.String({ pattern: "^[^.\\[\\]]+(\\.[^.\\[\\]]+|\\[[0-9]+\\])*$" });
const JsonField = Type.Object(
  {
    n: Type.String({ description: "canonical metric name" }),
    path: Type.Optional(
      Type.Union([JsonPath, Type.Array(JsonPath, { minItems: 1, maxItems: 8 })], {
        description: "a.b[0].c; a list: the first that is present. Default: the metric's name",
      }),
    ),
    ...valueRules,
  },
  closed,
);
export type JsonField = Static<typeof JsonField>;
const Json = Type.Object(
  {
    fields: Type.Array(Type.Ref("JsonField"), { minItems: 1 }),
    time: Type.Optional(
      Type.Object(
        { path: JsonPath, unit: Type.Optional(Type.Enum(["ms", "s", "iso"])) },
        { ...closed, description: "sample time inside the record; replaces the envelope's" },
      ),
    ),
  },
  { ...closed, description: "values of a JSON record by path" },
);
export type Json = Omit<Static<typeof Json>, "fields"> & { fields: JsonField[] };

/** Definitions that {@link file://./../profile.ts} refers to by name. */
export const CODEC_DEFS = {
  Field,
  Selector,
  Layout: Type.Union([
    Type.Array(Type.Ref("Field")),
    Type.Object({ fields: Type.Array(Type.Ref("Field")), past: Type.Ref("Past") }, closed),
    Choice,
    Type.Object({ tlv: Type.Ref("Tlv") }, closed),
    Type.Object({ bitmap: Type.Ref("Bitmap") }, closed),
  ]),
  Check,
  Frame,
  Past,
  Item,
  JsonField,
  Fixed,
  Tlv,
  Bitmap,
  Json,
  ...RESULT_DEFS,
} as const;

interface Framed {
  t?: (typeof FIELD_TYPES)[number];
  endian?: "be" | "le";
  frame?: Frame;
}
export interface Fixed extends Framed {
  fields?: Field[];
  past?: Past;
  select?: Selector;
  cases?: Record<string, Layout>;
  default?: Layout;
  common?: Field[];
}
export interface Bitmap extends Framed {
  header?: Field[];
  mask: { at: number; t?: "u8" | "u16" | "u24" | "u32" };
  start?: number;
  groups: Record<string, Item>;
}
export interface Codec extends ResultCodecs {
  fixed?: Fixed;
  tlv?: Tlv;
  bitmap?: Bitmap;
  json?: Json;
  protocol?: "ais" | FieldProtocolName;
}
