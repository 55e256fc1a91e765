import Type, { type Static } from "typebox";

const strict = { additionalProperties: false };
const OneOf = <const W extends string>(words: readonly W[], options: { description: string; default?: W }) =>
  Type.Unsafe<W>(
    Type.Union(
      words.map((word) => Type.Literal(word)),
      options,
    ),
  );
const Names = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, maxItems: 1000, description });
const Text = (description: string, maxLength = 500) => Type.String({ minLength: 1, maxLength, description });
const optional = Type.Optional;

/** One target in the settings. What each kind needs beyond that is checked by `load-targets.ts`. */
export const TargetSchema = Type.Object(
  {
    name: Type.String({
      pattern: "^[a-z0-9_-]{1,32}$",
      description: "Name of the target in the timeline and in metrics; the address of its callbacks.",
    }),
    kind: OneOf(["webhook", "mqtt", "dingtalk", "email"], {
      default: "webhook",
      description: "What takes events there.",
    }),
    deliver: optional(
      OneOf(["all", "handed_off", "whistled"], {
        description:
          "all: every live event; handed_off: what a person or the policy handed off; whistled: whistles only.",
      }),
    ),
    grids: optional(Names("Roots of the grid subtrees whose events it gets.")),
    towns: optional(Names("Ids of the towns whose events it gets.")),
    kinds: optional(Names("Kinds of events, hydrant.* style.")),
    min_severity: optional(
      Type.Integer({ minimum: 1, maximum: 4, description: "Least severe level that is sent; 4 is the lowest." }),
    ),
    timeout_ms: optional(Type.Integer({ minimum: 100, maximum: 120_000, description: "Time for an answer." })),
    concurrency: optional(Type.Integer({ minimum: 1, maximum: 64, description: "Requests under way at once." })),
    callback_secrets: optional(
      Type.Array(Type.String({ minLength: 16, maxLength: 500 }), {
        minItems: 1,
        maxItems: 2,
        description: "Secrets of its callbacks, the new one first; of a webhook its own secret where absent.",
      }),
    ),

    ca: optional(
      Text("File with the PEM of the private certificate authority that is trusted instead of the system's.", 1000),
    ),
    url: optional(
      Type.String({
        pattern: "^(https?|mqtts?)://",
        maxLength: 2000,
        description: "Webhook or robot (http, https), or broker (mqtt, mqtts; absent = the hub's own broker).",
      }),
    ),
    secret: optional(
      Text("Webhook: secret of the HMAC-SHA256 signature, at least 16 characters. DingTalk: signing secret (SEC...)."),
    ),
    headers: optional(
      Type.Record(Type.String({ pattern: "^[A-Za-z0-9-]{1,64}$" }), Type.String({ maxLength: 2000 }), {
        description: "Webhook: further headers.",
      }),
    ),
    mapping: optional(Text("Webhook, mqtt: file that makes the body, or the name of one that comes along.", 1000)),

    topic: optional(Text("Mqtt: topic template; default {root}/{site}/out/event/{grid}/{data.event}.")),
    username: optional(Text("Mqtt, email: user name.")),
    password: optional(Text("Mqtt, email: password.")),
    client_id: optional(Text("Mqtt: client id at the broker.", 64)),

    keyword: optional(Text("DingTalk: key word that the robot asks for.", 50)),
    host: optional(Text("E-mail: SMTP server.", 253)),
    port: optional(
      Type.Integer({ minimum: 1, maximum: 65535, description: "E-mail: port; default 465, 587 or 25 by tls." }),
    ),
    tls: optional(
      OneOf(["implicit", "starttls", "none"], { description: "E-mail: implicit (default), starttls, or none." }),
    ),
    from: optional(Text("E-mail: sender.", 320)),
    to: optional(Names("E-mail: receivers.")),

    language: optional(OneOf(["zh", "en"], { description: "DingTalk, e-mail: language of the messages; default zh." })),
    notice: optional(
      Text("DingTalk, e-mail: file with the words of the messages instead of the language's own.", 1000),
    ),
    per_minute: optional(
      Type.Integer({ minimum: 2, maximum: 600, description: "DingTalk, e-mail: messages in any minute; default 20." }),
    ),
    quiet: optional(
      Type.String({
        pattern: "^([01]\\d|2[0-3]):[0-5]\\d-([01]\\d|2[0-3]):[0-5]\\d$",
        description: "DingTalk, e-mail: hours in which only severity 1 passes, e.g. 22:00-06:30.",
      }),
    ),
    digest_minutes: optional(
      Type.Integer({
        minimum: 1,
        maximum: 1440,
        description: "DingTalk, e-mail: what is less severe than 1 waits so long.",
      }),
    ),
    console_url: optional(
      Type.String({
        pattern: "^https?://",
        maxLength: 500,
        description: "DingTalk, e-mail: console's address for links.",
      }),
    ),
  },
  strict,
);

export type TargetSetting = Static<typeof TargetSchema>;
