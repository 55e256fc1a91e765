import Type, { type Static } from "typebox";

const NAME = "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$";
/** One of some words, typed as these. */
const OneOf = <const W extends string>(words: readonly W[], options: { description: string; default?: W }) =>
  Type.Unsafe<W>(
    Type.Union(
      words.map((word) => Type.Literal(word)),
      options,
    ),
  );
const strict = { additionalProperties: false };
const Path = (description: string) => Type.String({ minLength: 1, maxLength: 200, description });

/** What begins as a hash and is none would be taken for the secret itself. */
const SECRET = "^(?!sha256:)|^sha256:[0-9a-f]{64}$";

const Publisher = Type.Object(
  {
    username: Type.String({
      pattern: SECRET,
      minLength: 8,
      maxLength: 200,
      description: "User name; a ThingsBoard access token. Or sha256:<hex> of it.",
    }),
    password: Type.Optional(
      Type.String({
        pattern: SECRET,
        minLength: 8,
        maxLength: 200,
        description: "Password, or sha256:<hex> of it; without one the user name is the secret.",
      }),
    ),
    device: Type.Optional(Type.String({ pattern: NAME, description: "The one device that it may publish for." })),
  },
  strict,
);

const Template = Type.Object(
  {
    payload: OneOf(["json", "hex", "base64", "text", "bytes"], {
      description: "What the publish is: a JSON object, or a frame as hex, base64, text or bytes.",
    }),
    device: Type.Optional(Path("JSON path of the device's name; without it the topic's part {device}.")),
    time: Type.Optional(
      Type.Object(
        {
          path: Path("JSON path of the sample time."),
          unit: OneOf(["ms", "s", "iso"], { default: "ms", description: "Unit of a number, or a text of ISO 8601." }),
        },
        strict,
      ),
    ),
    frame: Type.Optional(
      Type.Object(
        {
          path: Path("JSON path of the undecoded frame."),
          encoding: OneOf(["hex", "base64"], { default: "base64", description: "How the frame is written." }),
        },
        strict,
      ),
    ),
    port: Type.Optional(Path("JSON path of the frame's port.")),
    values: Type.Optional(Path("JSON path of the object of values; without it the whole object.")),
  },
  strict,
);

/** One foreign format at one edge. */
export const AdapterSchema = Type.Object(
  {
    kind: OneOf(
      ["the_things_stack", "chirpstack", "zigbee2mqtt", "home_assistant", "thingsboard", "sparkplug", "template"],
      { description: "The format." },
    ),
    site: Type.String({ pattern: NAME, description: "Site of the edge that the adapter stands for." }),
    edge: Type.String({ pattern: NAME, description: "Name of that edge; it is made at start where it is missing." }),
    topics: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 300 }), {
        maxItems: 16,
        description: "Topic templates instead of the format's own, e.g. v3/{application}@{tenant}/devices/{device}/up.",
      }),
    ),
    base: Type.Optional(
      Type.String({
        pattern: "^[^+#{}]{1,100}$",
        description: "First levels of the topics: zigbee2mqtt, homeassistant, spBv1.0.",
      }),
    ),
    group: Type.Optional(Type.String({ pattern: "^[^/+#]{1,100}$", description: "Sparkplug: the group." })),
    node: Type.Optional(Type.String({ pattern: "^[^/+#]{1,100}$", description: "Sparkplug: the edge node." })),
    template: Type.Optional(Template),
    rename: Type.Optional(
      Type.Record(Type.String(), Type.String({ pattern: "^[a-z][a-z0-9_]{0,63}$" }), {
        description: "Names of published values -> metrics (Sparkplug, ThingsBoard).",
      }),
    ),
    publishers: Type.Optional(
      Type.Array(Publisher, {
        maxItems: 10_000,
        description: "Further credentials at the embedded broker, beside the edge's own user name and token.",
      }),
    ),
    limits: Type.Object(
      {
        devices: Type.Integer({ minimum: 1, maximum: 100_000, default: 2000, description: "Devices that may appear." }),
        payload_bytes: Type.Integer({
          minimum: 256,
          maximum: 8_388_608,
          default: 131_072,
          description: "Largest publish; Zigbee2MQTT's bridge/devices is long.",
        }),
        depth: Type.Integer({ minimum: 1, maximum: 64, default: 16, description: "Nesting of the JSON." }),
      },
      { ...strict, default: {} },
    ),
  },
  strict,
);

export type AdapterConfig = Static<typeof AdapterSchema>;
