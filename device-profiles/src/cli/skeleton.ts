/** Codec part of a new profile, by technique. Each loads and passes its vectors as it stands. */
export const SKELETONS = {
  fixed: {
    uplink: "raw",
    codec: `codec:
  fixed:
    endian: be
    frame: {short: reject}            # also: start, end, length, check, unescape, ports, trailing
    # layouts by a byte, the port or the length:  select: {at: 0, t: u8}  with  cases: {0x01: [...], 0x02: [...]}
    fields:
      - {n: temperature, at: 0, t: i16, scale: 0.1, unit: Cel, invalid: 0x7FFF}
      - {n: battery, at: 2, t: u16, scale: 0.001, unit: V}`,
    vectors: `  - {hex: "00 d7 0c e4", out: {temperature: 21.5, battery: 3.3}}`,
  },
  tlv: {
    uplink: "raw",
    codec: `codec:
  tlv:
    endian: le
    id: {t: u8}                       # u16 where channel and type are one byte each; length: u8 where a length follows
    items:
      0x01: [{n: temperature, t: i16, scale: 0.1, unit: Cel}]
      0x02: [{n: battery, t: u16, scale: 0.001, unit: V}]`,
    vectors: `  - {hex: "01 d7 00 02 e4 0c", out: {temperature: 21.5, battery: 3.3}}`,
  },
  bitmap: {
    uplink: "raw",
    codec: `codec:
  bitmap:
    endian: be
    mask: {at: 0, t: u8}
    groups:
      0: [{n: temperature, t: i16, scale: 0.1, unit: Cel}]
      1: [{n: battery, t: u16, scale: 0.001, unit: V}]`,
    vectors: `  - {hex: "03 00 d7 0c e4", out: {temperature: 21.5, battery: 3.3}}
  - {hex: "02 0c e4", out: {battery: 3.3}}`,
  },
  json: {
    uplink: "telemetry",
    codec: `codec:
  json:
    fields:
      - {n: temperature, path: data.temp, unit: Cel}
      - {n: battery, path: [battery, data.vbat], unit: mV}`,
    vectors: `  - {json: {data: {temp: 21.5, vbat: 3300}}, out: {temperature: 21.5, battery: 3.3}}`,
  },
  text: {
    uplink: "raw",
    codec: `codec:
  text:
    split: ","                        # several: [",", ";"];  key=value:  pair: "="  and paths that are keys
    start: "$D,"                      # also: end, charset, columns, check: nmea
    fields:
      - {n: temperature, path: "0", unit: Cel}
      - {n: battery, path: "1", unit: V}`,
    vectors: `  - {text: "$D,21.5,3.3V", out: {temperature: 21.5, battery: 3.3}}`,
  },
  cbor: {
    uplink: "raw",
    codec: `codec:
  cbor:
    fields:
      - {n: temperature, path: t, unit: Cel}
      - {n: battery, path: "1", unit: mV}     # integer keys as text`,
    vectors: `  - {hex: "a2 61 74 f9 4d 60 01 19 0c e4", out: {temperature: 21.5, battery: 3.3}}`,
  },
  script: {
    uplink: "raw",
    codec: `codec:
  script:
    # or file: ./decoder.js, in the profile's folder; functions as TTN and ChirpStack call them
    source: |
      function decodeUplink({ bytes, fPort }) {
        return { data: { temp: ((bytes[0] << 8) | bytes[1]) / 10, batV: ((bytes[2] << 8) | bytes[3]) / 1000 } };
      }
    map:
      - {n: temperature, path: temp, unit: Cel}
      - {n: battery, path: batV, unit: V}`,
    vectors: `  - {hex: "00 d7 0c e4", out: {temperature: 21.5, battery: 3.3}}`,
  },
} as const;

/** @param name maker/model, checked by the caller */
export function skeleton(name: string, kind: string, technique: keyof typeof SKELETONS): string {
  const { uplink, codec, vectors } = SKELETONS[technique];
  const model = name.slice(name.indexOf("/") + 1);
  return `# yaml-language-server: $schema=../../schema/profile.schema.json
profile: v1
id: ${name}@1.0.0
kind: ${kind}
title: {zh: "${model}", en: "${model}"}
use: [battery, radio]
transport: {uplink: ${uplink}, expect_every: 1h, grace: 2.2}
${codec}
alarms:
  hot:
    title: {zh: 温度过高, en: Too hot}
    event: device.hot
    severity: 3
    when: temperature > limit
    limit: {attribute: max_temperature, default: 60}
    clear: temperature < limit - 2
    for: 5m
  silent:
    title: {zh: 设备无数据, en: Device silent}
    event: device.silent
    severity: 4
    no_data: temperature
    suppress_if: edge_offline
vectors:
${vectors}
`;
}
