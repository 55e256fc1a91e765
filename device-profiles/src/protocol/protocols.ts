import type { FieldProtocol } from "./field-protocol.ts";
import { gb26875 } from "./gb26875/decode.ts";
import { jt808 } from "./jt808/decode.ts";
import { sl651 } from "./sl651/decode.ts";

export type FieldProtocolName = "sl651" | "jt808" | "gb26875";

/** The protocols that `codec: {protocol: ...}` may name, besides AIS, which gives positions. */
export const FIELD_PROTOCOLS: Readonly<Record<FieldProtocolName, FieldProtocol>> = { sl651, jt808, gb26875 };
