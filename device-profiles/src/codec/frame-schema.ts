import Type, { type Static } from "typebox";

// What stands around the layout of a frame: markers, length, byte stuffing, checksum, and what is wrong with a frame.

const closed = { additionalProperties: false } as const;
const Hex = (description: string) => Type.String({ pattern: "^([0-9a-fA-F]{2}[ :]?)+$", description });
const Positions = Type.Array(Type.Integer({ maximum: -1, minimum: -16 }), { minItems: 1, maxItems: 2 });
export const Check = Type.Object(
  {
    crc16_modbus: Type.Optional(Positions),
    xor: Type.Optional(Positions),
    sum8: Type.Optional(Positions),
    crc16_kermit: Type.Optional(Positions),
    crc16_xmodem: Type.Optional(Positions),
    from: Type.Optional(Type.Integer({ minimum: 0, description: "first byte covered; 0 unless said" })),
    endian: Type.Optional(Type.Enum(["be", "le"], { description: "order of the two CRC bytes; le as in Modbus RTU" })),
  },
  { ...closed, description: "checksum: the positions of its bytes from the frame's end; covers all bytes before them" },
);
export type Check = Static<typeof Check>;

export const Frame = Type.Object(
  {
    start: Type.Optional(Hex("bytes that every frame begins with")),
    end: Type.Optional(Hex("bytes that every frame ends with")),
    length: Type.Optional(
      Type.Union(
        [Type.Integer({ minimum: 1 }), Type.Array(Type.Integer({ minimum: 1 }), { minItems: 2, maxItems: 2 })],
        {
          description: "allowed length in bytes, or [least, most]",
        },
      ),
    ),
    unescape: Type.Optional(
      Type.Record(Type.String({ pattern: "^[0-9a-fA-F]{4}$" }), Type.String({ pattern: "^[0-9a-fA-F]{2}$" }), {
        ...closed,
        description: 'byte stuffing undone between the markers, before the check: {"7D02": "7E"}',
      }),
    ),
    check: Type.Optional(Type.Ref("Check")),
    short: Type.Optional(
      Type.Enum(["reject", "partial"], {
        description: "a frame that ends before its layout: refuse it (default), or keep the fields that are complete",
      }),
    ),
    trailing: Type.Optional(
      Type.Enum(["reject", "ignore"], { description: "bytes after the layout; ignored by fixed, refused by bitmap" }),
    ),
    ports: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 255 }), {
        minItems: 1,
        description: "LoRaWAN ports of this layout; frames without a port pass",
      }),
    ),
  },
  closed,
);
export type Frame = Omit<Static<typeof Frame>, "check"> & { check?: Check };
