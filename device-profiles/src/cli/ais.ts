import { parseArgs } from "node:util";
import { AisAssembler } from "../protocol/ais/assembler.ts";
import { type AisMessage, decodeAis } from "../protocol/ais/decode.ts";
import { type AisInput, encodeAis } from "../protocol/ais/encode.ts";
import { splitLine } from "../protocol/ais/sentence.ts";
import { logLines } from "./log-lines.ts";

const HELP = `gridhub ais - AIS sentences (NMEA 0183 VDM/VDO) to JSON and back

  gridhub ais decode [FILE|-] [--stats]   one JSON object a message on stdout
  gridhub ais encode [FILE|-]             one JSON object a line -> sentences

decode  Field names and raw integers are those of "gpsdecode -u" (lon in 1/10,000 minute, speed in 1/10 knot, 1023 = not
        available). "line" is the line, from 1, that completed the message. A type 24 part B carries the name of the part A
        heard before it. Refused sentences are counted by reason; the counts go to stderr, with --stats to stdout instead
        of the messages. A log may be packed with gzip.
encode  Types 1-6, 8, 9, 11, 12, 14, 18, 19, 21, 24, 27; what is left out is sent as "not available". Types 6 and 8 take the
        fields of a known dac and fid, or "data": "bits:hexadecimal". --talker AI, --channel A.

Exit code: 0, 1 when the file cannot be read or a line cannot be encoded, 2 for a wrong command line.
`;
/** Lines of a file carry no time of arrival: each counts as this much (ms), so that parts wait for 200 lines at most. */
const LINE_MS = 20;
const HASH = 35;
/** between two looks at how far it is, ms */
const PROGRESS_MS = 1000;
/** 24A names remembered for their 24B */
const NAMES = 4096;

/** `gridhub ais ...`; argv without the word "ais". Streams; @returns the exit code */
export async function aisCommand(argv: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        stats: { type: "boolean" },
        talker: { type: "string" },
        channel: { type: "string" },
      },
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  const { values, positionals } = parsed;
  const [command, file = "-"] = positionals;
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  if ((command !== "decode" && command !== "encode") || positionals.length > 2) {
    process.stderr.write(HELP);
    return 2;
  }
  try {
    if (command === "decode") return await decode(file, values.stats === true);
    return await encode(file, values.talker ?? "AI", values.channel ?? "A");
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    if (error.code === "EPIPE") return 0;
    process.stderr.write(`${file}: ${error.message}\n`);
    return 1;
  }
}

async function decode(file: string, statsOnly: boolean): Promise<number> {
  const decoder = new LogDecoder();
  const out = new Output();
  const progress = new Progress();
  const started = Date.now();
  try {
    for await (const { first, lines } of logLines(file)) {
      const waited = file === "-" ? Date.now() - started : 0;
      for (let i = 0; i < lines.length; i++) {
        const line = lines[i];
        if (line.charCodeAt(0) === HASH) continue;
        for (const piece of splitLine(line) ?? [line]) {
          const message = decoder.push(piece, (first + i) * LINE_MS + waited);
          if (message !== null && !statsOnly)
            out.add(`${JSON.stringify({ class: "AIS", line: first + i, ...message })}\n`);
        }
        if (out.full) await out.flush();
      }
      progress.tell(first + lines.length - 1);
    }
  } finally {
    // what was read before the input broke counts
    progress.end();
    const summary = decoder.summary();
    if (statsOnly) out.add(`${JSON.stringify(summary)}\n`);
    else if (Object.keys(summary.refused).length > 0)
      process.stderr.write(`refused: ${JSON.stringify(summary.refused)}\n`);
    await out.flush();
  }
  return 0;
}

/** Sentences of one log to messages, and what was refused. */
class LogDecoder {
  private readonly assembler = new AisAssembler();
  private readonly names = new Map<number, string>();
  private readonly types: Record<string, number> = {};
  private readonly refused: Record<string, number> = {};

  push(sentence: string, now: number): Record<string, unknown> | null {
    const whole = this.assembler.push(sentence, "", now);
    if (whole === null) return null;
    const message = decodeAis(whole.bits);
    if (typeof message === "string") {
      this.refused[message] = (this.refused[message] ?? 0) + 1;
      return null;
    }
    this.types[message.type] = (this.types[message.type] ?? 0) + 1;
    return {
      ...message,
      ...nameOf(message, this.names),
      ...(whole.own ? { own: true } : {}),
      ...(whole.time === null ? {} : { received: whole.time }),
      ...(whole.station === "" ? {} : { station: whole.station }),
    };
  }

  /** At the end of the log: what waits for more parts is given up. */
  summary() {
    this.assembler.flush();
    const stats = this.assembler.stats();
    return { ...stats, refused: { ...stats.refused, ...this.refused }, types: this.types };
  }
}

/** The name of a part A for the part B of the same ship; the oldest names are forgotten. */
function nameOf(message: AisMessage, names: Map<number, string>): { shipname?: string } {
  if (message.type !== 24) return {};
  if (message.part === "A") {
    names.delete(message.mmsi);
    names.set(message.mmsi, String(message.shipname));
    if (names.size > NAMES) names.delete(names.keys().next().value as number);
    return {};
  }
  const shipname = names.get(message.mmsi);
  return shipname === undefined ? {} : { shipname };
}

async function encode(file: string, talker: string, channel: string): Promise<number> {
  const out = new Output();
  let sequence = 0;
  let code = 0;
  for await (const { first, lines: inputs } of logLines(file)) {
    for (let i = 0; i < inputs.length; i++) {
      if (inputs[i].trim() === "") continue;
      try {
        const lines = encodeAis(JSON.parse(inputs[i]) as AisInput, { talker, channel, sequence });
        if (lines.length > 1) sequence = (sequence + 1) % 10;
        out.add(`${lines.join("\n")}\n`);
      } catch (error) {
        code = 1;
        process.stderr.write(`line ${first + i}: ${error instanceof Error ? error.message : String(error)}\n`);
      }
      if (out.full) await out.flush();
    }
  }
  await out.flush();
  return code;
}

/** How far a long log is, for somebody who waits at a terminal while the messages go elsewhere. */
class Progress {
  private readonly shown = process.stderr.isTTY && !process.stdout.isTTY;
  private last = Date.now();

  tell(lines: number): void {
    if (!this.shown || Date.now() - this.last < PROGRESS_MS) return;
    this.last = Date.now();
    process.stderr.write(`\r${lines.toLocaleString("en")} lines`);
  }

  end(): void {
    if (this.shown) process.stderr.write("\r\x1b[K");
  }
}

/** Gathers lines to blocks and waits when the reader of stdout is slow. */
class Output {
  private text = "";

  constructor() {
    // the callback of write() reports it; without a listener a closed pipe would end the process
    if (process.stdout.listenerCount("error") === 0) process.stdout.on("error", () => {});
  }

  add(line: string): void {
    this.text += line;
  }

  get full(): boolean {
    return this.text.length > 65_536;
  }

  async flush(): Promise<void> {
    const { text } = this;
    this.text = "";
    if (text === "") return;
    await new Promise<void>((resolve, reject) =>
      process.stdout.write(text, (error) => (error ? reject(error) : resolve())),
    );
  }
}
