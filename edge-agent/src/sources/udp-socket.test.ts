import { createSocket } from "node:dgram";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { dropsOf, UdpReceiver } from "./udp-socket.ts";

const TABLE = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  417: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 11 2 0000000000000000 7
  418: 00000000:1F91 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12 2 0000000000000000 0
  419: 00000000:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 13 2 0000000000000000 5
`;

describe("drops of the kernel", () => {
  it("are the last column of the sockets of this port", () => {
    expect(dropsOf(TABLE, 8080)).toBe(12);
    expect(dropsOf(TABLE, 8081)).toBe(0);
    expect(dropsOf(TABLE, 80)).toBe(0);
    expect(dropsOf("", 8080)).toBe(0);
  });

  const receivers: UdpReceiver[] = [];
  afterEach(async () => {
    await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
  });
  const bound = async (lines: string[], buffer?: number) => {
    const receiver = new UdpReceiver(pino({ base: null }, { write: (line: string) => void lines.push(line) }), buffer);
    receivers.push(receiver);
    const heard: string[] = [];
    await receiver.bind("udp", "127.0.0.1", 0, (data) => heard.push(data.toString("latin1")));
    return { receiver, heard };
  };

  it.skipIf(process.platform !== "linux")("are counted and logged when nobody reads in time (Linux only)", async () => {
    const lines: string[] = [];
    const { receiver, heard } = await bound(lines, 4096);
    const sender = createSocket("udp4");
    const count = 400;
    // All are sent before the loop turns, so the receiver reads none of them meanwhile.
    const sent = Array.from(
      { length: count },
      () => new Promise((resolve) => sender.send(Buffer.alloc(900, 65), receiver.port, "127.0.0.1", resolve)),
    );
    await Promise.all(sent);
    sender.close();
    await vi.waitFor(async () => {
      await receiver.countDrops();
      expect(heard.length + receiver.dropped).toBe(count);
    });
    expect(receiver.dropped).toBeGreaterThan(0);
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ msg: "the kernel dropped datagrams", port: receiver.port }),
    );
  });

  it("says which address is taken", async () => {
    const { receiver } = await bound([]);
    const second = new UdpReceiver(pino({ level: "silent" }));
    receivers.push(second);
    await expect(second.bind("ais-udp", "127.0.0.1", receiver.port, () => {})).rejects.toThrow(
      `source ais-udp cannot listen on 127.0.0.1:${receiver.port}: EADDRINUSE`,
    );
  });
});
