import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TEST_CA } from "../../../../test/support/certificate.ts";
import { sampleItem } from "../sample.testing.ts";
import type { EmailTarget } from "../target.ts";
import { EmailTransport } from "./email.ts";
import { MailServer } from "./mail-server.testing.ts";
import { noticeIn } from "./notice.testing.ts";

let server: MailServer;
let port: number;
const transports: EmailTransport[] = [];
beforeEach(async () => {
  server = new MailServer();
  port = await server.start();
});
afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close()));
  await server.close();
});
const { signal } = new AbortController();
const make = (more: Partial<EmailTarget> = {}) => {
  const transport = new EmailTransport({
    name: "mail",
    kind: "email",
    host: "127.0.0.1",
    port,
    tls: "none",
    username: "",
    password: "",
    from: "hub@town.example",
    to: ["duty@town.example", "chief@town.example"],
    notice: noticeIn("en"),
    perMinute: 20,
    quiet: null,
    digestMs: 0,
    timeZone: "Asia/Shanghai",
    consoleUrl: "",
    timeoutMs: 60_000,
    ...more,
  });
  transports.push(transport);
  return transport;
};
const header = (name: string) => new RegExp(`^${name}: (.*(?:\\n[ \\t].*)*)`, "im").exec(server.letters[0])?.[1] ?? "";

describe("EmailTransport", () => {
  it("sends one letter about all that waits, to everybody", async () => {
    const items = [sampleItem(), sampleItem({ id: "b", severity: 2 }, {}, { id: 2 })];
    expect(await make().send(items, signal)).toEqual({ kind: "delivered" });
    expect(server.letters).toHaveLength(1);
    expect(server.commands.filter((word) => word === "RCPT")).toHaveLength(2);
    expect(header("Subject")).toBe("[red] 2 events changed");
    expect(header("To")).toBe("duty@town.example, chief@town.example");
    expect(header("Message-ID")).toMatch(/^<.*\.3\.2@gridhub>/);
    expect(header("Auto-Submitted")).toBe("auto-generated");
  });

  it("does not let what a device is called add a header", async () => {
    await make().send([sampleItem({}, { note: "x\r\nBcc: all@town.example" })], signal);
    expect(server.commands.filter((word) => word === "RCPT")).toHaveLength(2);
    expect(header("Bcc")).toBe("");
  });

  it.each<[string, Record<string, string>, object]>([
    ["a mailbox that is full now", { RCPT: "452 later\r\n" }, { kind: "failed" }],
    ["a letter that is never taken", { LETTER: "554 spam\r\n" }, { kind: "refused", error: "SMTP 554" }],
    ["a server that is closed", { GREETING: "421 closed\r\n" }, { kind: "failed" }],
  ])("judges %s", async (_name, answers, expected) => {
    server.answers = answers;
    expect(await make().send([sampleItem()], signal)).toMatchObject(expected);
  });

  it("sends nothing in the clear where TLS is asked for", async () => {
    const outcome = await make({ tls: "starttls", username: "hub", password: "secret of hub" }).send(
      [sampleItem()],
      signal,
    );
    expect(outcome).toMatchObject({ kind: "failed" });
    expect(server.commands).not.toContain("AUTH");
    expect(server.commands).not.toContain("MAIL");
    expect(server.letters).toEqual([]);
  });

  it("gives up a server that does not answer, and says nothing of passwords", async () => {
    server.answers = { GREETING: "" };
    const outcome = await make({ timeoutMs: 150, username: "hub", password: "secret of hub" }).send(
      [sampleItem()],
      signal,
    );
    expect(outcome.kind).toBe("failed");
    expect(JSON.stringify(outcome)).not.toContain("secret");
  });

  describe("with TLS", () => {
    const secured = { username: "hub", password: "secret of hub", ca: TEST_CA };

    it.each(["implicit", "starttls"] as const)(
      "logs in and sends over %s, trusting the authority of the file",
      async (tls) => {
        const sealed = new MailServer(tls);
        try {
          const transport = make({ ...secured, tls, port: await sealed.start() });
          expect(await transport.send([sampleItem()], signal)).toEqual({ kind: "delivered" });
          expect(sealed.letters).toHaveLength(1);
          expect(sealed.commands).toContain("AUTH");
          expect(sealed.inTheClear).not.toContain("AUTH");
          expect(sealed.inTheClear).not.toContain("MAIL");
        } finally {
          await sealed.close();
        }
      },
    );

    it.each([
      ["implicit", "an authority that nobody named", { ca: "" }, /verify the first certificate/],
      ["starttls", "an authority that nobody named", { ca: "" }, /verify the first certificate/],
      ["implicit", "another name", { host: "127.0.0.2" }, /altnames/],
    ] as const)("refuses over %s a certificate of %s, and says no password", async (tls, _why, more, error) => {
      const sealed = new MailServer(tls, "host" in more ? more.host : "127.0.0.1");
      try {
        const transport = make({ ...secured, tls, port: await sealed.start(), ...more });
        const outcome = await transport.send([sampleItem()], signal);
        expect(outcome).toMatchObject({ kind: "failed", error: expect.stringMatching(error) as string });
        expect(sealed.commands).not.toContain("AUTH");
        expect(sealed.letters).toEqual([]);
      } finally {
        await sealed.close();
      }
    });
  });
});
