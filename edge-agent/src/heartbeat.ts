import type { HeartbeatMessage, ReceiverReport } from "@gridhub/device-profiles/envelope.ts";
import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import type { ReceiverTally } from "./sources/receiver-tally.ts";
import type { Spool } from "./spool.ts";

const MAX_GAPS = 48;
const ROOM_FOR_REST = 512;

/**
 * The heartbeat within the contract's size. What fails comes first: a source that is not mentioned counts as working.
 * @param sources device -> "ok" or a reason code
 * @param receivers AIS device -> what it brought; told where there is room behind what fails
 */
export function composeHeartbeat(
  spool: Spool,
  ts: number,
  sources: ReadonlyMap<string, string>,
  receivers: ReadonlyMap<string, ReceiverTally> = new Map(),
): string {
  const { queue, bytes, oldest, disk } = spool.stats();
  const gaps = spool.gaps(MAX_GAPS);
  let room = LANE_LIMIT.heartbeat - ROOM_FOR_REST - Buffer.byteLength(JSON.stringify(gaps));
  const told: Record<string, string> = {};
  const tell = (device: string, code: string) => {
    room -= device.length + code.length + 6;
    if (room > 0) told[device] = code;
  };
  for (const [device, code] of sources) if (code !== "ok") tell(device, code);
  const heard: Record<string, ReceiverReport> = {};
  for (const [device, tally] of receivers) {
    const report = tally.report(ts);
    const size = device.length + JSON.stringify(report).length + 4;
    if (size > room) break;
    room -= size;
    heard[device] = report;
  }
  for (const [device, code] of sources) if (code === "ok") tell(device, code);
  const beat: HeartbeatMessage = {
    b: spool.boot,
    ts,
    queue,
    bytes,
    oldest,
    disk: Number.isNaN(disk) ? undefined : disk,
    gaps,
    sources: told,
    ...(receivers.size > 0 && { receivers: heard }),
  };
  return JSON.stringify(beat);
}
