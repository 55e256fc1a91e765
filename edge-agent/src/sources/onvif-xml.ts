/** An element. Names are without prefix; ONVIF devices differ in prefixes, and some in namespaces. */
export interface XmlNode {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlNode[];
  text: string;
}

export class XmlError extends Error {
  override readonly name = "XmlError";
}

const MAX_CHARS = 1_048_576;
const MAX_DEPTH = 64;
const MAX_NODES = 20_000;
/** comment | CDATA | declaration | tag: closing slash, name, attributes, self-closing slash | text. Sticky: each token starts where the last ended. */
const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<(\/?)([A-Za-z_][^\s/>"'<=]*)((?:[^>"'/]|"[^"]*"|'[^']*'|\/(?!>))*)(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

interface Open {
  readonly node: XmlNode;
  readonly tag: string;
  readonly scope: ReadonlyMap<string, string>;
}

/**
 * Parses the XML of a SOAP message into its root element. No document type and no entities of its own, which SOAP forbids (SOAP 1.2
 * part 1, section 5) and attacks need; size, depth and number of elements are bounded.
 * @throws XmlError
 */
export function parseXml(text: string): XmlNode {
  if (text.length > MAX_CHARS) throw new XmlError(`more than ${MAX_CHARS} characters`);
  const root: XmlNode = { name: "", namespace: "", attributes: {}, children: [], text: "" };
  const stack: Open[] = [{ node: root, tag: "", scope: new Map() }];
  const source = text.replace(/^\uFEFF/, "");
  let nodes = 0;
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(source);
    if (token === null) throw new XmlError(`not well-formed at character ${at}`);
    const [, cdata, closing, tag, attributes, selfClosing, plain] = token;
    const top = stack[stack.length - 1];
    if (cdata !== undefined) top.node.text += cdata;
    else if (plain !== undefined) top.node.text += decode(plain);
    else if (closing === "/") {
      if (top.tag !== tag || stack.length === 1) throw new XmlError(`unexpected </${tag}>`);
      stack.pop();
    } else if (tag !== undefined) {
      if (++nodes > MAX_NODES || stack.length > MAX_DEPTH) throw new XmlError("too many elements");
      const open = element(tag, attributes, top.scope);
      top.node.children.push(open.node);
      if (selfClosing !== "/") stack.push(open);
    }
  }
  const [only, ...more] = root.children;
  if (stack.length !== 1 || only === undefined || more.length > 0) throw new XmlError("expected one complete element");
  return only;
}

function element(tag: string, written: string, outer: ReadonlyMap<string, string>): Open {
  const attributes: Record<string, string> = {};
  let scope = outer;
  for (const [, key, double, single] of written.matchAll(ATTRIBUTE)) {
    const value = decode(double ?? single);
    const prefix = key === "xmlns" ? "" : key.startsWith("xmlns:") ? key.slice(6) : null;
    if (prefix === null) attributes[local(key)] = value;
    else scope = new Map(scope).set(prefix, value);
  }
  const colon = tag.indexOf(":");
  const namespace = scope.get(colon < 0 ? "" : tag.slice(0, colon)) ?? "";
  return { node: { name: local(tag), namespace, attributes, children: [], text: "" }, tag, scope };
}

function local(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function decode(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|\w{1,8});/g, (whole, name: string) => {
    if (!name.startsWith("#")) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : whole;
    const code = name[1] === "x" ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The first element of this name below `node`, in the order of the document, at any depth. */
export function find(node: XmlNode | undefined, name: string): XmlNode | undefined {
  for (const child of node?.children ?? []) {
    const found = child.name === name ? child : find(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All elements of this name below `node`; does not look inside those that it found. */
export function findAll(node: XmlNode | undefined, name: string): XmlNode[] {
  return (node?.children ?? []).flatMap((child) => (child.name === name ? [child] : findAll(child, name)));
}

/** Trimmed text of the element at this path of names, each searched at any depth; "" where there is none. */
export function textAt(node: XmlNode | undefined, ...path: readonly string[]): string {
  return path.reduce<XmlNode | undefined>((at, name) => find(at, name), node)?.text.trim() ?? "";
}

/** The element as it must be sent back, e.g. a reference parameter of WS-Addressing. */
export function writeXml(node: XmlNode): string {
  const attributes = Object.entries(node.attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  const inner = escapeXml(node.text.trim()) + node.children.map(writeXml).join("");
  return `<${node.name} xmlns="${escapeXml(node.namespace)}"${attributes.join("")}>${inner}</${node.name}>`;
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
