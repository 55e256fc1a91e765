/** A frame message as an edge sends it. @param header what differs from a patrol frame's; a text stands there as it is */
export function frameMessage(header: object | string, picture: Uint8Array): Buffer {
  const patrol = { v: 1, w: 1280, h: 720, why: "patrol" };
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify({ ...patrol, ...header }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, picture]);
}
