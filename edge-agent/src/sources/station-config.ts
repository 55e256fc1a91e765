import { NAME_PATTERN } from "@gridhub/device-profiles/topic.ts";
import Type, { type Static } from "typebox";

/** Settings of a TCP source that stations connect to; the same for every protocol but for how a station is named. */
function stationServer<K extends string>(kind: K, key: string, example: string) {
  return Type.Object(
    {
      kind: Type.Literal(kind),
      host: Type.String({
        default: "127.0.0.1",
        description: "address to listen on; loopback unless you say otherwise",
      }),
      port: Type.Integer({ minimum: 0, maximum: 65_535 }),
      stations: Type.Record(Type.String(), Type.String({ pattern: NAME_PATTERN.source }), {
        minProperties: 1,
        propertyNames: Type.String({ pattern: key }),
        description: `station -> device, e.g. ${example}; stations that are not listed are refused`,
      }),
      idle_ms: Type.Integer({
        minimum: 1000,
        default: 4_200_000,
        description:
          "a connection without a frame for so long is closed; a little more than an hour for hourly stations",
      }),
      greet_ms: Type.Integer({
        minimum: 100,
        default: 30_000,
        description: "a new connection says within this time, by an intact frame, which station it is",
      }),
      max_connections: Type.Integer({ minimum: 1, maximum: 20_000, default: 1000 }),
    },
    { additionalProperties: false },
  );
}

export const Sl651Source = stationServer("sl651", "^[0-9A-F]{10}$", '{"3309220001": gauge-7}');
export const Jt808Source = stationServer("jt808", "^([0-9]{12}|[0-9]{20})$", '{"013900002201": truck-1}');
export const Gb26875Source = stationServer("gb26875", "^[0-9A-F]{12}$", '{"112233445566": host-3}');

export type StationServerConfig =
  Static<typeof Sl651Source> | Static<typeof Jt808Source> | Static<typeof Gb26875Source>;
