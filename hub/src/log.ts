import { pino, type Logger } from "pino";

export type Log = Logger;

/** State changes only, never a line per message; secrets are redacted by key. JSON lines on stderr. */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: ["token", "password", "secret", "*.token", "*.password", "*.secret"], censor: "[redacted]" },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

export const silentLog: Log = pino({ level: "silent" });
