import { execFile } from "node:child_process";
import { close, constants, fstat, open } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { isatty, ReadStream } from "node:tty";
import { promisify } from "node:util";
import type { AisSerialConfig } from "./ais-config.ts";
import { AisStreamSource } from "./ais-stream.ts";

const SETTING_MS = 5000;
const FILE_FLAG = process.platform === "darwin" ? "-f" : "-F";

/**
 * A receiver on a serial line, without a native module: `stty` sets speed and raw mode (8N1, no echo, no signals), and the open
 * file is watched by the event loop, not read by a thread that blocks. A pulled adapter ends the stream; the path is tried again.
 * A FIFO or a pseudo terminal in place of the line serves as well.
 */
export function aisSerialSource(config: AisSerialConfig): AisStreamSource {
  const { device, path, baud } = config;
  return new AisStreamSource({ device, where: path, open: () => openSerial(path, baud) });
}

/** Raw descriptors throughout: the stream owns the descriptor and closes it, a FileHandle would close it a second time. */
async function openSerial(path: string, baud: number): Promise<Readable> {
  // not waiting for a carrier (or for a FIFO's writer), and not becoming the process's terminal
  const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (isatty(fd)) {
      await promisify(execFile)("stty", [FILE_FLAG, path, String(baud), "raw", "-echo", "cs8", "-parenb", "-cstopb"], {
        timeout: SETTING_MS,
      });
      return new ReadStream(fd);
    }
    if (!(await promisify(fstat)(fd)).isFIFO()) throw new Error(`${path} is no serial line`);
    return new Socket({ fd, readable: true, writable: false });
  } catch (error) {
    await promisify(close)(fd);
    throw error;
  }
}
