import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { codecsOfToml, isChirpstackJson, isTestFile } from "./chirpstack-source.ts";
import { record, SCRIPT_FILE, text } from "./script-source.ts";
import { parseToml } from "./toml.ts";
import { codecsOf } from "./ttn-source.ts";

export type Format = "ttn" | "chirpstack" | "edgex" | "zigbee2mqtt";

const DECODES =
  /\b(decodeUplink|Decode|Decoder|rawDataToProtocol|RawToProtocol|decoder|decode|decodePayload|parsePayload)\b/;
const LARGEST = 4_194_304;

/**
 * The files to import, in a stable order: a file that is named stands for itself, a folder for every file below it that the format knows. A
 * script, a test or a codec that another of these files uses is read through that one.
 *
 * @throws Error for a path that cannot be read
 */
export function collect(format: Format, paths: readonly string[]): string[] {
  const named: string[] = [];
  const found: string[] = [];
  for (const path of paths) {
    if (!isFolder(path)) named.push(path);
    else found.push(...filesBelow(path).filter((file) => knows(format, file)));
  }
  const all = [...new Set([...named, ...found])];
  const used = usedBy(format, all);
  return all.filter((file) => !used.has(resolve(file)));
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/(^|\/)(node_modules|\.[^/.][^/]*)\//.test(file.slice(folder.length)))
    .sort();
}

function contentOf(file: string): string {
  try {
    return statSync(file).size > LARGEST ? "" : readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function knows(format: Format, file: string): boolean {
  const content = contentOf(file);
  switch (format) {
    case "ttn":
      if (/\.ya?ml$/.test(file)) return /^\s*(uplinkDecoder|firmwareVersions)\s*:/m.test(content);
      return SCRIPT_FILE.test(file) && !isTestFile(file) && DECODES.test(content);
    case "chirpstack":
      if (file.endsWith(".json"))
        return basename(file) !== "package.json" && !/encode/.test(basename(file)) && isChirpstackJson(content);
      if (file.endsWith(".toml")) return /^\s*(codec|payload_?codec_?script)\s*=/im.test(content);
      return SCRIPT_FILE.test(file) && !isTestFile(file) && DECODES.test(content);
    case "edgex":
      return /\.(ya?ml|json)$/.test(file) && /["']?deviceResources["']?\s*:/.test(content);
    case "zigbee2mqtt":
      if (file.endsWith(".json")) return /"exposes"/.test(content);
      return /\.(c|m)?[jt]s$/.test(file) && /zigbeeModel|fingerprint/.test(content);
  }
}

/** Files that others of the list read: scripts of codec files, codec files of devices, tests of scripts. */
function usedBy(format: Format, files: readonly string[]): Set<string> {
  const used = new Set<string>();
  if (format !== "ttn" && format !== "chirpstack") return used;
  const present = new Set(files.map((file) => resolve(file)));
  const use = (...path: string[]): void => {
    const other = resolve(join(...path));
    if (present.has(other)) used.add(other);
  };
  for (const file of files) {
    const folder = dirname(file);
    try {
      if (/\.ya?ml$/.test(file)) {
        const value = record(parse(contentOf(file), { maxAliasCount: 100 }));
        for (const part of ["uplinkDecoder", "downlinkEncoder", "downlinkDecoder"]) {
          const name = text(record(value[part]).fileName);
          if (name !== "") use(folder, name);
        }
        for (const codec of codecsOf(value)) use(folder, `${codec}.yaml`);
      } else if (file.endsWith(".toml")) {
        for (const codec of codecsOfToml(parseToml(contentOf(file)))) use(folder, "../codecs", codec);
      } else if (SCRIPT_FILE.test(file)) {
        for (const [, name] of contentOf(file).matchAll(/(?:require\s*\(\s*|from\s+)['"](\.{1,2}\/[^'"\n]+)['"]/g))
          for (const end of ["", ".js", ".cjs", ".mjs", "/index.js"]) use(folder, name + end);
        const stem = basename(file).replace(SCRIPT_FILE, "");
        for (const place of [".", "tests", "test", "../tests", "../test"])
          use(folder, place, `test_decode_${stem}.json`);
      } else if (/"codec"\s*:/.test(contentOf(file))) {
        const about = record(JSON.parse(contentOf(file)));
        const name = text(record(about.codec).path) || text(about.codec);
        if (name !== "") use(folder, basename(name));
      }
    } catch {
      // what cannot be read is told when it is imported
    }
  }
  return used;
}
