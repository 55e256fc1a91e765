import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TEST_CA, TEST_SERVER } from "../../../test/support/certificate.ts";
import { createTransport } from "./create-transport.ts";
import { noticeIn } from "./notify/notice.testing.ts";
import { sampleItem } from "./sample.testing.ts";
import type { DingTalkTarget, WebhookTarget } from "./target.ts";

const NOW = Date.UTC(2025, 10, 22, 8);
const { signal } = new AbortController();
const deps = { clock: () => NOW };

describe("targets over https with a private authority", () => {
  /** the second has another address than its certificate names */
  const servers: Server[] = [];
  const addresses: string[] = [];
  const taken: string[] = [];
  beforeAll(async () => {
    for (const host of ["127.0.0.1", "127.0.0.2"]) {
      const server = createServer(TEST_SERVER, (request, response) => {
        taken.push(request.url ?? "");
        request.resume().on("end", () => response.end('{"errcode":0}'));
      });
      await new Promise<void>((resolve) => server.listen(0, host, resolve));
      servers.push(server);
      addresses.push(`https://${host}:${(server.address() as AddressInfo).port}`);
    }
  });
  beforeEach(() => void taken.splice(0));
  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  const webhook = (ca: string, server = 0): WebhookTarget => {
    return { name: "platform", url: `${addresses[server]}/in`, secret: "a secret of sixteen", ca };
  };
  const robot = (ca: string): DingTalkTarget => ({
    ...{
      name: "robot",
      kind: "dingtalk",
      url: `${addresses[0]}/robot/send?access_token=abc`,
      secret: "SEC1",
      ca,
    },
    ...{ keyword: "", notice: noticeIn("zh"), perMinute: 20, quiet: null, digestMs: 0 },
    ...{ timeZone: "Asia/Shanghai", consoleUrl: "" },
  });

  it("delivers where the setting names the authority", async () => {
    expect(await createTransport(webhook(TEST_CA), deps).send([sampleItem()], signal)).toEqual({ kind: "delivered" });
    expect(await createTransport(robot(TEST_CA), deps).send([sampleItem()], signal)).toEqual({ kind: "delivered" });
    expect(taken).toHaveLength(2);
  });

  it.each([
    ["of an authority that nobody named", () => createTransport(webhook(""), deps), /UNABLE_TO_VERIFY/],
    ["of an authority that nobody named, of a robot", () => createTransport(robot(""), deps), /UNABLE_TO_VERIFY/],
    ["for another name", () => createTransport(webhook(TEST_CA, 1), deps), /ALTNAME/],
  ])("sends nothing to a certificate %s", async (_why, make, error) => {
    const outcome = await make().send([sampleItem()], signal);
    expect(outcome).toMatchObject({ kind: "failed", error: expect.stringMatching(error) as string });
    expect(taken).toEqual([]);
  });
});
