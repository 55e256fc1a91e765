import { Agent, fetch as undiciFetch } from "undici";

/**
 * `fetch` that trusts one private certificate authority, instead of those of the system: platforms in a county's own network have
 * one. Names and dates of certificates are checked as ever.
 * @param ca PEM; the caller has made sure that it is one
 */
export function trustingFetch(ca: string): typeof fetch {
  const dispatcher = new Agent({ connect: { ca } });
  const send = (url: string | URL, init?: object) => undiciFetch(url, { ...init, dispatcher });
  // The global fetch is the same implementation, without a way to say whom to trust.
  return send as unknown as typeof fetch;
}
