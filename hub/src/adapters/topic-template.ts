/**
 * `v3/{application}@{tenant}/devices/{device}/up`: named parts of an MQTT topic. A part ends at the next `/` or at the sign that
 * follows it; `{device...}` as the last part takes all remaining levels; `+` is one level without a name.
 */
export class TopicTemplate {
  readonly text: string;
  /** what to subscribe to; wider than the template where a level has fixed characters */
  readonly filter: string;
  readonly #pattern: RegExp;

  /** @throws Error saying what is wrong with the template */
  constructor(text: string) {
    this.text = text;
    const levels = text.split("/");
    this.filter = levels
      .map((level) => (/^\{\w+\.\.\.\}$/.test(level) ? "#" : /[{+]/.test(level) ? "+" : level))
      .join("/");
    this.#pattern = new RegExp(
      `^${levels.map((level, i) => levelPattern(level, i === levels.length - 1, text)).join("/")}$`,
      "u",
    );
  }

  /** Values of the named parts, or null where the topic is not of this template. */
  match(topic: string): Readonly<Record<string, string>> | null {
    if (topic.length > MAX_TOPIC) return null;
    const found = this.#pattern.exec(topic);
    return found === null ? null : { ...found.groups };
  }
}

const MAX_TOPIC = 512;

function levelPattern(level: string, last: boolean, text: string): string {
  const rest = /^\{(\w+)\.\.\.\}$/.exec(level);
  if (rest !== null) {
    if (!last) throw new Error(`${text}: {${rest[1]}...} must be the last part`);
    return `(?<${rest[1]}>.+)`;
  }
  if (level === "+") return "[^/]+";
  if (/[+#]/.test(level)) throw new Error(`${text}: + stands for a whole level, and # is written {name...}`);
  let out = "";
  for (let i = 0; i < level.length;) {
    const part = /^\{([a-z]\w*)\}/.exec(level.slice(i));
    if (part === null) {
      if (level[i] === "{" || level[i] === "}") throw new Error(`${text}: expected {name} with letters and digits`);
      out += level[i++].replace(/[\\^$.*+?()[\]{}|]/, "\\$&");
      continue;
    }
    i += part[0].length;
    // a part stops at the sign that follows it, so that matching is linear
    const stop = level[i] ?? "";
    if (stop === "{") throw new Error(`${text}: two parts need a sign between them`);
    out += `(?<${part[1]}>[^/${stop.replace(/[\\\]^-]/, "\\$&")}]+)`;
  }
  return out;
}
