/** Wrong log-ins that an address may make at once, and how fast it gets them back. */
const BURST = 10;
const REFILL_MS = 6000;
const MAX_ADDRESSES = 20_000;
/** Each check of a password holds 32 MB and a thread for some 0.1 s. */
const MAX_AT_ONCE = 8;

/**
 * A bucket of wrong log-ins for each address, besides the lockout of accounts: it slows down who tries one password on many
 * names. In memory and bounded. An IPv6 host owns a /64, so that is one address here.
 */
export class LoginLimit {
  readonly #buckets = new Map<string, { left: number; at: number }>();
  #running = 0;

  /** @returns 0 = go on, then call `settle`; else seconds to wait */
  admit(address: string, now: number): number {
    if (this.#running >= MAX_AT_ONCE) return 1;
    const key = networkOf(address);
    const bucket = this.#buckets.get(key) ?? { left: BURST, at: now };
    bucket.left = Math.min(BURST, bucket.left + Math.max(0, now - bucket.at) / REFILL_MS);
    bucket.at = now;
    if (bucket.left < 1) return Math.ceil(((1 - bucket.left) * REFILL_MS) / 1000);
    bucket.left--;
    // Most recently used last; the map never grows beyond the bound, and who is pushed out merely starts with a full bucket.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MAX_ADDRESSES) this.#buckets.delete(this.#buckets.keys().next().value as string);
    this.#running++;
    return 0;
  }

  /** @param right the password was right: that log-in does not count */
  settle(address: string, right: boolean): void {
    this.#running--;
    const bucket = this.#buckets.get(networkOf(address));
    if (right && bucket !== undefined) bucket.left = Math.min(BURST, bucket.left + 1);
  }
}

export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  if (address.toLowerCase().startsWith("::ffff:") && address.includes(".")) return address.slice(7);
  const [head, tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? 0 : tail.split(":").length;
  while (tail !== undefined && groups.length + behind < 8) groups.push("0");
  return groups.slice(0, 4).join(":");
}
