import Type, { type Static } from "typebox";
import type { JsonField } from "./schema.ts";

// Codecs that turn a frame into a record first and read its values by path, as `json` does.

const closed = { additionalProperties: false } as const;
const Fields = Type.Array(Type.Ref("JsonField"), { minItems: 1 });
const Time = Type.Optional(Type.Ref("RecordTime"));
const Ports = Type.Optional(
  Type.Array(Type.Integer({ minimum: 1, maximum: 255 }), {
    minItems: 1,
    description: "LoRaWAN ports of this layout; frames without a port pass",
  }),
);

/** Time inside a record. */
export const RecordTime = Type.Object(
  {
    path: Type.String({ minLength: 1, maxLength: 200 }),
    unit: Type.Optional(Type.Enum(["ms", "s", "iso"])),
  },
  { ...closed, description: "sample time inside the record; replaces the envelope's" },
);
export type RecordTime = Static<typeof RecordTime>;

export const Script = Type.Object(
  {
    file: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: "JavaScript file in the profile's own folder" }),
    ),
    source: Type.Optional(Type.String({ maxLength: 262_144, description: "the JavaScript itself (instead of file)" })),
    entry: Type.Optional(
      Type.Enum(["decodeUplink", "Decode", "Decoder"], {
        description: "the function that decodes; the first of these that the script defines unless said",
      }),
    ),
    use: Type.Optional(
      Type.Enum(["decoded", "normalized"], { description: "what map reads: decoded data, or normalizeUplink's" }),
    ),
    short: Type.Optional(
      Type.Enum(["reject", "allow"], {
        description: "a frame whose missing bytes the script reads: refuse it (default), or let it read undefined",
      }),
    ),
    variables: Type.Optional(
      Type.Record(Type.String(), Type.String({ maxLength: 256 }), { description: "the script's device variables" }),
    ),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 255, description: "port of a frame that names none" })),
    ports: Ports,
    map: Type.Array(Type.Ref("JsonField"), { minItems: 1, description: "values of the script's result, by path" }),
    time: Time,
  },
  { ...closed, description: "a JavaScript decoder (TTN, ChirpStack) in a sandbox" },
);
export type Script = Omit<Static<typeof Script>, "map" | "time"> & { map: JsonField[]; time?: RecordTime };

const Separator = Type.String({ minLength: 1, maxLength: 8 });
export const Text = Type.Object(
  {
    charset: Type.Optional(Type.Enum(["utf-8", "latin1", "gbk"], { description: "utf-8 unless said" })),
    start: Type.Optional(Type.String({ maxLength: 64, description: "text that every frame begins with; not a value" })),
    end: Type.Optional(Type.String({ maxLength: 64, description: "text that every frame ends with; not a value" })),
    check: Type.Optional(
      Type.Enum(["nmea"], { description: "nmea: the line ends with * and the xor of what lies between $ and *" }),
    ),
    split: Type.Union([Separator, Type.Array(Separator, { minItems: 1, maxItems: 4 })], {
      description: "what stands between values: one text, or several that all separate",
    }),
    pair: Type.Optional(
      Type.String({ minLength: 1, maxLength: 4, description: "what stands between key and value: paths are keys" }),
    ),
    columns: Type.Optional(
      Type.Union(
        [Type.Integer({ minimum: 1 }), Type.Array(Type.Integer({ minimum: 1 }), { minItems: 2, maxItems: 2 })],
        {
          description: "how many values there must be, or [least, most]",
        },
      ),
    ),
    fields: Type.Array(Type.Ref("JsonField"), {
      minItems: 1,
      description: 'values by path: the key, or the column as text, "0" the first',
    }),
    time: Time,
  },
  { ...closed, description: "delimited text, or key=value pairs" },
);
export type Text = Omit<Static<typeof Text>, "fields" | "time"> & { fields: JsonField[]; time?: RecordTime };

export const Cbor = Type.Object(
  { fields: Fields, time: Time, ports: Ports },
  { ...closed, description: "one CBOR map (RFC 8949) a frame; paths are its keys, integer keys as text" },
);
export type Cbor = Omit<Static<typeof Cbor>, "fields" | "time"> & { fields: JsonField[]; time?: RecordTime };

export const Preset = Type.Union([
  Type.Enum(["cayenne_lpp"]),
  Type.Object(
    {
      name: Type.Enum(["cayenne_lpp"]),
      ports: Ports,
      map: Type.Optional(
        Type.Array(Type.Ref("JsonField"), {
          minItems: 1,
          description: "values by type and channel: temperature_3, gps_1.latitude; temperature = the first of its type",
        }),
      ),
    },
    closed,
  ),
]);
export type Preset = "cayenne_lpp" | { name: "cayenne_lpp"; ports?: number[]; map?: JsonField[] };

export const RESULT_DEFS = { RecordTime, Script, Text, Cbor, Preset } as const;

/** Members of a profile's `codec` that this file describes. */
export interface ResultCodecs {
  script?: Script;
  text?: Text;
  cbor?: Cbor;
  preset?: Preset;
}
