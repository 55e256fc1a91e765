import { vi } from "vitest";

/**
 * How long a test waits for what has to come, in ms. It is the time after which a thing counts as missing, not one that it is
 * expected to need: a busy machine must not look like a fault, so vitest's second is too little.
 */
const PATIENCE_MS = 15_000;

const { waitFor } = vi;
vi.waitFor = (callback, options) =>
  waitFor(callback, typeof options === "number" ? options : { timeout: PATIENCE_MS, ...options });
