import { NAME_PATTERN } from "@gridhub/device-profiles/topic.ts";
import Type, { type Static } from "typebox";

const Name = Type.String({ pattern: NAME_PATTERN.source, description: "letters, digits, _ . : - , at most 64" });
const closed = { additionalProperties: false };

/** Receivers and multiplexers that connect to the agent and push sentences. */
export const AisServerSource = Type.Object(
  {
    kind: Type.Literal("ais-server"),
    device: Name,
    host: Type.String({ default: "127.0.0.1", description: "address to listen on; loopback unless you say otherwise" }),
    port: Type.Integer({ minimum: 0, maximum: 65535 }),
    clients: Type.Integer({ minimum: 1, maximum: 256, default: 16, description: "connections held at once" }),
  },
  closed,
);

/** A receiver on a serial line or a USB adapter of one. */
export const AisSerialSource = Type.Object(
  {
    kind: Type.Literal("ais-serial"),
    device: Name,
    path: Type.String({ pattern: "^/", description: "absolute path, e.g. /dev/ttyUSB0 or /dev/serial/by-id/..." }),
    baud: Type.Enum([4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600] as const, {
      default: 38_400,
      description: "AIS receivers speak 38400 (IEC 61162-2)",
    }),
  },
  closed,
);

/** A log that is played as if it were heard now. */
export const AisFileSource = Type.Object(
  {
    kind: Type.Literal("ais-file"),
    device: Name,
    path: Type.String({ pattern: "^/", description: "absolute path of a log of NMEA sentences" }),
    speed: Type.Number({
      minimum: 0.01,
      maximum: 10_000,
      default: 1,
      description: "times of tag blocks pass this much faster",
    }),
    rate: Type.Number({
      minimum: 0.1,
      maximum: 100_000,
      default: 50,
      description: "sentences a second while the log has no times",
    }),
    loop: Type.Boolean({ default: false, description: "begins anew at the end" }),
  },
  closed,
);

export type AisServerConfig = Static<typeof AisServerSource>;
export type AisSerialConfig = Static<typeof AisSerialSource>;
export type AisFileConfig = Static<typeof AisFileSource>;
