/** One line of a dump: offset, bytes as hex in two groups of eight, and what of them is printable ASCII. */
export interface DumpLine {
  readonly offset: string;
  readonly hex: string;
  readonly ascii: string;
}

export function hexDump(bytes: Uint8Array): DumpLine[] {
  const lines: DumpLine[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const pairs = row.map((b) => b.toString(16).padStart(2, "0"));
    lines.push({
      offset: at.toString(16).padStart(4, "0"),
      hex: `${pairs.slice(0, 8).join(" ")}  ${pairs.slice(8).join(" ")}`.trimEnd(),
      ascii: row.map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : ".")).join(""),
    });
  }
  return lines;
}

/** Bytes of a hex text with spaces, colons, line breaks or 0x between; null where it is none. */
export function parseHex(text: string): Uint8Array | null {
  const digits = text.replaceAll(/0x|[\s:,;-]/giu, "");
  if (digits.length === 0 || digits.length % 2 !== 0 || !/^[0-9a-f]+$/iu.test(digits)) return null;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16));
}

/** What a sample shows: bytes that the hub sent as hex, the frame inside an envelope, or text. */
export interface SampleView {
  readonly dump: readonly DumpLine[] | null;
  readonly text: string;
  /** the frame for the decode test, hex; "" where there is none */
  readonly hex: string;
  readonly port: number;
}

/**
 * @param preview as the hub sends it: text where the bytes are printable, else hex
 * @param bytes length of the whole message: more than the preview holds = it was cut
 */
export function sampleView(preview: string, bytes: number): SampleView {
  if (preview.startsWith("{")) {
    const record = framesIn(preview)[0];
    if (record === undefined) return { dump: null, text: preview, hex: "", port: 0 };
    return { dump: hexDump(record.bytes), text: "", hex: hexOf(record.bytes), port: record.port };
  }
  // text of that length is text; hex has two characters a byte
  const raw = preview.length === 2 * Math.min(bytes, 512) ? parseHex(preview) : null;
  if (raw === null) return { dump: null, text: preview, hex: "", port: 0 };
  return { dump: hexDump(raw), text: "", hex: raw.length === bytes ? hexOf(raw) : "", port: 0 };
}

/** Frames that an envelope carries in base64, newest record first; nothing where it carries values or was cut. */
function framesIn(preview: string): { bytes: Uint8Array; port: number }[] {
  try {
    const { r } = JSON.parse(preview) as { r?: { x?: unknown; p?: unknown }[] };
    if (!Array.isArray(r)) return [];
    return r.toReversed().flatMap(({ x, p }) => {
      if (typeof x !== "string") return [];
      const bytes = Uint8Array.from(atob(x), (c) => c.charCodeAt(0));
      return [{ bytes, port: typeof p === "number" ? p : 0 }];
    });
  } catch {
    return [];
  }
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join(" ");
}
