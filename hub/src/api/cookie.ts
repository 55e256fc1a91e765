export const SESSION_COOKIE = "gridhub_session";

/** Value of a cookie (RFC 6265 4.2.1); null where it is absent or holds anything but token characters. */
export function readCookie(header: string | undefined, name: string): string | null {
  for (const pair of header?.split(";") ?? []) {
    const at = pair.indexOf("=");
    if (at === -1 || pair.slice(0, at).trim() !== name) continue;
    const value = pair.slice(at + 1).trim();
    return /^[\w-]{1,200}$/.test(value) ? value : null;
  }
  return null;
}

/** @param token "" ends the session in the browser */
export function sessionCookie(token: string, secure: boolean): string {
  const end = token === "" ? "; Max-Age=0" : "";
  return `${SESSION_COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=/${end}${secure ? "; Secure" : ""}`;
}
