import { createReadStream } from "node:fs";
import { parseArgs } from "node:util";
import { AisAssembler } from "../protocol/ais/assembler.ts";
import { type AisMessage, decodeAis } from "../protocol/ais/decode.ts";
import { type AisInput, encodeAis } from "../protocol/ais/encode.ts";
import { splitLine } from "../protocol/ais/sentence.ts";

const HELP = `gridhub ais - AIS sentences (NMEA 0183 VDM/VDO) to JSON and back

  gridhub ais decode [FILE|-] [--stats]   one JSON object a message on stdout
  gridhub ais encode [FILE|-]             one JSON object a line -> sentences

decode  Field names and raw integers are those of "gpsdecode -u" (lon in 1/10,000 minute, speed in 1/10 knot, 1023 = not
        available). "line" is the line, from 1, that completed the message. A type 24 part B carries the name of the part A
        heard before it. Refused sentences are counted by reason; the counts go to stderr, with --stats to stdout instead
        of the messages.
encode  Types 1, 2, 3, 5, 14, 18, 19, 21, 24, 27; what is left out is sent as "not available". --talker AI, --channel A.

Exit code: 0, 1 when the file cannot be read or a line cannot be encoded, 2 for a wrong command line.
`;
/** Lines of a file carry no time of arrival: each counts as this much (ms), so that parts wait for 200 lines at most. */
const LINE_MS = 20;
const CR = 13;
const MAX_LINE = 1 << 20;
/** Sentences are ASCII; whatever else a log holds must not break its lines. */
const LATIN = "latin1";
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
  let number = 0;
  const started = Date.now();
  for await (const line of linesOf(file)) {
    number++;
    if (line.charCodeAt(0) === 35) continue;
    const now = number * LINE_MS + (file === "-" ? Date.now() - started : 0);
    for (const piece of splitLine(line) ?? [line]) {
      const message = decoder.push(piece, now);
      if (message !== null && !statsOnly)
        await out.write(`${JSON.stringify({ class: "AIS", line: number, ...message })}\n`);
    }
  }
  const summary = decoder.summary();
  if (statsOnly) await out.write(`${JSON.stringify(summary)}\n`);
  else if (Object.keys(summary.refused).length > 0)
    process.stderr.write(`refused: ${JSON.stringify(summary.refused)}\n`);
  await out.end();
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
  let number = 0;
  let sequence = 0;
  let code = 0;
  for await (const line of linesOf(file)) {
    number++;
    if (line.trim() === "") continue;
    try {
      const lines = encodeAis(JSON.parse(line) as AisInput, { talker, channel, sequence });
      if (lines.length > 1) sequence = (sequence + 1) % 10;
      await out.write(`${lines.join("\n")}\n`);
    } catch (error) {
      code = 1;
      process.stderr.write(`line ${number}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  await out.end();
  return code;
}

/**
 * Lines without their line ends (LF, CR LF, or CR alone where the log begins so); a "line" of more than a megabyte is cut,
 * whatever it is.
 */
async function* linesOf(file: string): AsyncGenerator<string> {
  const input = file === "-" ? process.stdin : createReadStream(file);
  input.setEncoding(LATIN);
  let rest = "";
  let end = "";
  for await (const chunk of input as AsyncIterable<string>) {
    const text = rest + chunk;
    if (end === "" && /[\r\n]/.test(text)) end = /\r(?!\n)./s.test(text) && !text.includes("\n") ? "\r" : "\n";
    let from = 0;
    for (let to = end === "" ? -1 : text.indexOf(end); to >= 0; to = text.indexOf(end, from)) {
      yield text.slice(from, text.charCodeAt(to - 1) === CR && to > from ? to - 1 : to);
      from = to + 1;
    }
    rest = text.slice(from);
    if (rest.length > MAX_LINE) {
      yield rest;
      rest = "";
    }
  }
  if (rest !== "") yield rest.endsWith("\r") ? rest.slice(0, -1) : rest;
}

/** Gathers lines to blocks and waits when the reader of stdout is slow. */
class Output {
  private text = "";

  constructor() {
    // the callback of write() reports it; without a listener a closed pipe would end the process
    if (process.stdout.listenerCount("error") === 0) process.stdout.on("error", () => {});
  }

  async write(line: string): Promise<void> {
    this.text += line;
    if (this.text.length > 65_536) await this.end();
  }

  async end(): Promise<void> {
    const text = this.text;
    this.text = "";
    if (text === "") return;
    await new Promise<void>((resolve, reject) =>
      process.stdout.write(text, (error) => (error ? reject(error) : resolve())),
    );
  }
}
