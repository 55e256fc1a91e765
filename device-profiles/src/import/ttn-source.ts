import { basename, dirname, resolve } from "node:path";
import { bundle } from "./bundle.ts";
import {
  type Example,
  example,
  type Found,
  list,
  read,
  record,
  SCRIPT_FILE,
  scriptAlone,
  sibling,
  text,
} from "./script-source.ts";

/**
 * The Things Network's device repository: `<model>-codec.yaml` (`uplinkDecoder: {fileName, examples}`), the script beside it, name and
 * description in `<model>.yaml`; a device's file, whose firmware versions name the codec; a vendor's `index.yaml`, which lists devices. A
 * script alone is taken without examples.
 */
export function readTtn(file: string): Found[] {
  if (SCRIPT_FILE.test(file)) return [scriptAlone(file)];
  const value = record(read(file));
  if (value.uplinkDecoder !== undefined) return [readCodec(file)];
  if (Array.isArray(value.endDevices))
    return value.endDevices.map((id) => {
      const device = sibling(file, `${text(id)}.yaml`);
      return device === null ? `the device ${text(id)} is not beside ${basename(file)}` : readDevice(device);
    });
  if (value.firmwareVersions !== undefined) return [readDevice(file)];
  return ["no uplinkDecoder.fileName, firmwareVersions or endDevices: not a file of the device repository"];
}

/** Names of the codecs that a device's firmware versions use, newest last in the file. */
export function codecsOf(device: Readonly<Record<string, unknown>>): string[] {
  const names = list(device.firmwareVersions).flatMap((version) => {
    const { codec, profiles } = record(version);
    return [codec, ...Object.values(record(profiles)).map((profile) => record(profile).codec)].map(text);
  });
  return [...new Set(names.filter((name) => name !== ""))];
}

function readDevice(file: string): Found {
  const device = record(read(file));
  const names = codecsOf(device);
  const name = names.at(-1);
  if (name === undefined) return `${basename(file)} names no codec`;
  const codec = sibling(file, `${name}.yaml`);
  if (codec === null) return `the codec ${name}.yaml is not beside it`;
  const source = readCodec(codec);
  if (typeof source === "string") return source;
  const model = basename(file).replace(/\.ya?ml$/, "");
  const older = names.length > 1 ? [`firmware versions use several codecs (${names.join(", ")}); this is ${name}`] : [];
  return {
    ...source,
    model,
    title: text(device.name) || model,
    description: text(device.description),
    notes: [...(source.notes ?? []), ...older],
  };
}

function readCodec(file: string): Found {
  const decoder = record(record(read(file)).uplinkDecoder);
  if (typeof decoder.fileName !== "string")
    return "no uplinkDecoder.fileName: not a codec file of the device repository";
  const path = sibling(file, decoder.fileName);
  if (path === null) return `the script ${decoder.fileName} is not beside it`;
  const model = basename(file).replace(/(-codec)?\.ya?ml$/, "");
  const about = sibling(file, `${model}.yaml`);
  const device = about === null || about === file ? {} : record(read(about));
  const { script, notes } = bundle(path);
  return {
    vendor: basename(dirname(resolve(file))),
    model,
    title: text(device.name) || model,
    description: text(device.description),
    name: basename(path),
    script,
    examples: list(decoder.examples).map((raw, i): Example => {
      const { description, input, output, normalizedOutput } = record(raw);
      const plain = example(text(description) || `example ${i + 1}`, record(input), record(output));
      const normalized = record(normalizedOutput).data;
      return normalized === undefined ? plain : { ...plain, normalized };
    }),
    notes,
  };
}
