/** One frame of a server-sent event stream. */
export interface Frame {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/**
 * Incremental parser of `text/event-stream` (WHATWG HTML 9.2.6): feed it text as it comes, it returns the frames that are
 * complete. Comments and `retry` are ignored. An unfinished frame waits, at most `limit` characters of it.
 */
export function sseParser(limit = 4_000_000): (chunk: string) => Frame[] {
  let rest = "";
  let id = "";
  let event = "";
  let data: string[] = [];
  return (chunk) => {
    const frames: Frame[] = [];
    rest += chunk;
    if (rest.length > limit) throw new RangeError("frame of the stream is too long");
    let end: number;
    while ((end = rest.indexOf("\n")) >= 0) {
      const line = rest.slice(0, rest[end - 1] === "\r" ? end - 1 : end);
      rest = rest.slice(end + 1);
      if (line === "") {
        if (data.length > 0) frames.push({ id, event: event === "" ? "message" : event, data: data.join("\n") });
        event = "";
        data = [];
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const text = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
      if (field === "data") data.push(text);
      else if (field === "event") event = text;
      else if (field === "id") id = text;
    }
    return frames;
  };
}
