import { describe, expect, it } from "vitest";
import { Api, ApiFailure, search } from "./api.ts";

/** A wire that answers once and remembers what it was asked. */
function wire(status: number, body: unknown) {
  const asked: { url: string; init: RequestInit }[] = [];
  const fake = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    asked.push({ url: String(url), init });
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
  };
  return { asked, fetch: fake as typeof fetch };
}
const failureOf = (promise: Promise<unknown>): Promise<ApiFailure> =>
  promise.then(
    () => Promise.reject(new Error("expected a failure")),
    (error: ApiFailure) => error,
  );

describe("api client", () => {
  it("escapes both parts of a device id and keeps the slash between them", async () => {
    const w = wire(200, { rows: [] });
    await new Api(w).series("cai yuan/h#1", { metric: "pressure", from: 1, to: 2, points: 10 });
    expect(w.asked[0]?.url).toBe("/api/devices/cai%20yuan/h%231/series?metric=pressure&from=1&to=2&points=10");
  });

  it("leaves empty filters out of the query", () => {
    expect(search({ q: "", sensing: "active", grid: null, limit: 50 })).toBe("?sensing=active&limit=50");
    expect(search({ q: "", cursor: undefined })).toBe("");
  });

  it("posts an action as JSON", async () => {
    const w = wire(200, {});
    await new Api(w).act("0193", { action: "false_alarm", note: "焊接" });
    expect(w.asked[0]?.url).toBe("/api/events/0193/actions");
    expect(w.asked[0]?.init.method).toBe("POST");
    expect(JSON.parse(String(w.asked[0]?.init.body))).toEqual({ action: "false_alarm", note: "焊接" });
  });

  it("gives the hub's code and advice when it refuses", async () => {
    const w = wire(409, { code: "ILLEGAL_TRANSITION", message: "no", advice: "load again" });
    const failure = await failureOf(new Api(w).act("1", { action: "close" }));
    expect(failure).toBeInstanceOf(ApiFailure);
    expect([failure.status, failure.code, failure.advice]).toEqual([409, "ILLEGAL_TRANSITION", "load again"]);
  });

  it("makes a code from the status when something else answers", async () => {
    expect((await failureOf(new Api(wire(502, "<html>bad gateway</html>")).overview())).code).toBe("HTTP_502");
  });

  it("tells a dead network from a refusal", async () => {
    const failure = await failureOf(new Api({ fetch: () => Promise.reject(new TypeError("fetch failed")) }).me());
    expect([failure.status, failure.code]).toEqual([0, "UNREACHABLE"]);
  });

  it("reports a lost session once for any route but not for a wrong password", async () => {
    let left = 0;
    const api = new Api({ ...wire(401, { code: "UNAUTHENTICATED", message: "" }), onLoggedOut: () => left++ });
    await failureOf(api.login("a", "b"));
    expect(left).toBe(0);
    await failureOf(api.overview());
    expect(left).toBe(1);
  });
});
