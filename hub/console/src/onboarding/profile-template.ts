/** What a new profile starts from: the smallest one that the hub accepts and that says something. */
export const PROFILE_TEMPLATE = `profile: v1
id: maker/model@1.0.0
kind: hydrant
title: {zh: 新设备模型, en: New profile}
description: >-
  What the device is and which document its frame is taken from.
transport: {uplink: raw, expect_every: 6h, grace: 2.2, keep_raw: true}
codec:
  fixed:
    endian: be
    frame: {start: "68", check: {crc16_modbus: [-2, -1]}, short: reject, trailing: reject}
    select: {at: 1, t: u8}
    cases:
      0x01:
        - {n: pressure, at: 2, t: u16, scale: 0.001, unit: MPa, range: [0, 2.5], invalid: 0xFFFF}
        - {n: battery, at: 4, t: u8, scale: 0.02, unit: V}
`;
