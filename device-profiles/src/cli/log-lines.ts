import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** Sentences are ASCII; whatever else a log holds must not break its lines. */
const LATIN = "latin1";
/** What a longer line has more is passed over: it is no log. */
const MAX_LINE = 1 << 20;
const CR = 13;
const GZIP = [0x1f, 0x8b];

/** Lines that were read together, without their line ends; `first` is the number of the first one, from 1. */
export interface LineBatch {
  readonly first: number;
  readonly lines: readonly string[];
}

/**
 * The lines of a file, or of standard input for "-", unpacked where they are gzip: LF, CR LF, or CR alone where the log begins so.
 * Memory is bounded whatever the input is.
 *
 * @throws what the file system or zlib says; what could be read before was given out
 */
export async function* logLines(file: string): AsyncGenerator<LineBatch> {
  const input = file === "-" ? process.stdin : createReadStream(file);
  try {
    yield* batches(await unpacked(input));
  } finally {
    input.destroy();
  }
}

async function* batches(input: AsyncIterable<Buffer>): AsyncGenerator<LineBatch> {
  let rest = "";
  let end = "";
  let first = 1;
  let skipping = false;
  for await (const chunk of input) {
    const text = rest + chunk.toString(LATIN);
    end ||= lineEnd(text);
    const lines = end === "" ? [text] : text.split(end);
    rest = lines.pop() ?? "";
    if (skipping && lines.length > 0) {
      // the end of the line whose begin was given out; it has its number
      lines[0] = "";
      skipping = false;
    }
    if (lines.length > 0) {
      if (end === "\n") for (let i = 0; i < lines.length; i++) lines[i] = withoutReturn(lines[i]);
      yield { first, lines };
      first += lines.length;
    }
    if (skipping) rest = "";
    else if (rest.length > MAX_LINE) {
      yield { first, lines: [rest] };
      skipping = true;
      rest = "";
    }
  }
  if (rest !== "") yield { first, lines: [withoutReturn(rest)] };
}

/** "" while no line end was seen. */
function lineEnd(text: string): "" | "\r" | "\n" {
  const feed = text.indexOf("\n");
  if (feed >= 0) return "\n";
  const back = text.indexOf("\r");
  return back >= 0 && back < text.length - 1 ? "\r" : "";
}

function withoutReturn(line: string): string {
  return line.charCodeAt(line.length - 1) === CR ? line.slice(0, -1) : line;
}

async function unpacked(input: Readable): Promise<AsyncIterable<Buffer>> {
  const chunks = input[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const head: Buffer[] = [];
  // a pipe may give a single byte first
  while (Buffer.concat(head).length < GZIP.length) {
    const next = await chunks.next();
    if (next.done === true) break;
    head.push(next.value);
  }
  const all = continued(Buffer.concat(head), chunks);
  if (!GZIP.every((byte, i) => head.length > 0 && Buffer.concat(head)[i] === byte)) return all;
  const plain = createGunzip();
  // an error of either side reaches who reads the plain side
  pipeline(Readable.from(all, { objectMode: false }), plain, () => {});
  return plain;
}

async function* continued(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (;;) {
    const next = await rest.next();
    if (next.done === true) return;
    yield next.value;
  }
}
