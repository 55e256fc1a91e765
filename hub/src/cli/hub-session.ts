/** What a hub refused, in its own words. */
export class HubRefused extends Error {
  readonly status: number;
  /** the whole answer */
  readonly answer: unknown;

  constructor(status: number, answer: unknown, url: string) {
    super((answer as { message?: string } | null)?.message ?? `${url} answered ${status}`);
    this.status = status;
    this.answer = answer;
  }
}

/** Asks a hub that runs, in the name of an account. What it began it ends: a log-in of its own is a log-out at the end. */
export class HubSession implements AsyncDisposable {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #own: boolean;

  private constructor(url: string, token: string | undefined, own: boolean) {
    [this.#url, this.#token, this.#own] = [url.replace(/\/+$/, ""), token, own];
  }

  /**
   * By the session in GRIDHUB_TOKEN, else by `user` and GRIDHUB_PASSWORD.
   * @throws Error that says what is missing, HubRefused
   */
  static async open({ url, user }: { readonly url: string; readonly user?: string }): Promise<HubSession> {
    const { GRIDHUB_TOKEN: given, GRIDHUB_PASSWORD: password } = process.env;
    if (given !== undefined && given !== "") return new HubSession(url, given, false);
    if (user === undefined || password === undefined)
      throw new Error("set GRIDHUB_TOKEN, or --user NAME with GRIDHUB_PASSWORD");
    const guest = new HubSession(url, undefined, false);
    const { token } = await guest.ask<{ token: string }>("POST", "/api/login", { username: user, password });
    return new HubSession(url, token, true);
  }

  /** @throws HubRefused; Error when nobody answers */
  async ask<T>(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<T> {
    return (await (await this.#send(method, path, body, headers)).json()) as T;
  }

  /** A page that is not JSON. */
  async text(path: string): Promise<string> {
    return (await this.#send("GET", path)).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#own) await this.ask("POST", "/api/logout", {});
  }

  async #send(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    }).catch((cause: unknown) => {
      const { message } = ((cause as Error).cause ?? cause) as Error;
      throw new Error(`${this.#url} does not answer: ${message}`, { cause });
    });
    if (response.ok) return response;
    throw new HubRefused(response.status, await response.json().catch(() => null), this.#url);
  }
}
