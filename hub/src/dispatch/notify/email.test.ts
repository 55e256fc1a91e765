import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sampleItem } from "../sample.testing.ts";
import type { EmailTarget } from "../target.ts";
import { EmailTransport } from "./email.ts";
import { readNotice } from "./notice-template.ts";

const words = readFileSync(join(import.meta.dirname, "../../../mappings/notice.en.yaml"), "utf8");

/** As much of RFC 5321 as one letter needs; `answers` replaces replies by the command's first word. */
class MailServer {
  readonly letters: string[] = [];
  readonly commands: string[] = [];
  answers: Record<string, string> = {};
  readonly #server: Server = createServer((socket) => this.#talk(socket));
  readonly #sockets = new Set<Socket>();

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #talk(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    let letter: string[] | null = null;
    let rest = "";
    socket.write(this.answers.GREETING ?? "220 mail\r\n");
    socket.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\r\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (letter !== null && line !== ".") {
          letter.push(line);
        } else if (letter !== null) {
          this.letters.push(letter.join("\n"));
          letter = null;
          socket.write(this.answers.LETTER ?? "250 taken\r\n");
        } else {
          const word = line.split(/[ :]/, 1)[0].toUpperCase();
          this.commands.push(word);
          const usual =
            word === "DATA" ? "354 go on\r\n" : word === "EHLO" ? "250-mail\r\n250 8BITMIME\r\n" : "250 ok\r\n";
          const answer = this.answers[word] ?? usual;
          if (word === "DATA" && answer.startsWith("354")) letter = [];
          socket.write(answer);
        }
      }
    });
  }
}

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
    ca: "",
    username: "",
    password: "",
    from: "hub@town.example",
    to: ["duty@town.example", "chief@town.example"],
    notice: readNotice(words, "notice.en.yaml", "Asia/Shanghai"),
    perMinute: 20,
    quiet: null,
    digestMs: 0,
    timeZone: "Asia/Shanghai",
    consoleUrl: "",
    timeoutMs: 2000,
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
});
