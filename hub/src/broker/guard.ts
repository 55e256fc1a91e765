import type { Client } from "aedes";
import type { Socket } from "node:net";

/** Largest MQTT packet before CONNECT was accepted: client id, credentials and a will fit easily. Bytes. */
const CONNECT_LIMIT = 8192;

/** What aedes 1.2.0 and mqtt-packet 9.0.2 keep inside; pinned versions, covered by broker tests. */
interface ParserInternals {
  packet: { length: number };
  _parseLength(): boolean;
  _emitError(error: Error): boolean;
}
interface ClientInternals {
  _parser: ParserInternals;
  connected: boolean;
}

/**
 * Refuses a packet by its announced length, before its bytes are buffered: mqtt-packet has no limit of its own and would
 * collect 256 MB from a stranger.
 */
export function limitPacketSize(client: Client, limit: () => number, refused: () => void): void {
  const internals = client as unknown as ClientInternals;
  const parser = internals._parser;
  const parseLength = parser._parseLength;
  parser._parseLength = function (this: ParserInternals): boolean {
    const complete = parseLength.call(this);
    const bound = internals.connected ? limit() : CONNECT_LIMIT;
    if (complete && this.packet.length > bound) {
      refused();
      this._emitError(new Error(`packet of ${this.packet.length} bytes, at most ${bound}`));
      return false;
    }
    return complete;
  };
}

/** A subscriber that stopped reading: beyond `soft` bytes QoS 0 is dropped for it, beyond `hard` it is disconnected. */
export class ClogGuard {
  readonly soft: number;
  readonly hard: number;

  constructor(soft = 1_048_576, hard = 8_388_608) {
    this.soft = soft;
    this.hard = hard;
  }

  admits(client: Client, qos: number): "send" | "drop" | "disconnect" {
    const waiting = (client.conn as Socket).writableLength;
    if (waiting < this.soft) return "send";
    if (waiting >= this.hard) return "disconnect";
    return qos === 0 ? "drop" : "send";
  }
}
