import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import { TEST_SERVER } from "../../../../test/support/certificate.ts";

/** As much of RFC 5321, 3207 and 4954 as one letter needs; `answers` replaces replies by the command's first word. */
export class MailServer {
  readonly letters: string[] = [];
  readonly commands: string[] = [];
  /** commands that came without TLS */
  readonly inTheClear: string[] = [];
  answers: Record<string, string> = {};
  readonly #tls: "none" | "implicit" | "starttls";
  readonly #address: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(tls: "none" | "implicit" | "starttls" = "none", address = "127.0.0.1") {
    this.#tls = tls;
    this.#address = address;
    const talk = (socket: Socket) => {
      this.#talk(socket, "220 mail\r\n");
    };
    this.#server = tls === "implicit" ? createTlsServer(TEST_SERVER, talk) : createServer(talk);
    this.#server.on("tlsClientError", () => {});
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, this.#address, resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #talk(socket: Socket, greeting: string): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    let letter: string[] | null = null;
    let rest = "";
    if (greeting !== "") socket.write(this.answers.GREETING ?? greeting);
    const clear = !(socket instanceof TLSSocket);
    const listen = (data: Buffer): void => {
      const lines = (rest + data.toString("utf8")).split("\r\n");
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
          if (clear) this.inTheClear.push(word);
          const answer = this.answers[word] ?? this.#usual(word, clear);
          if (word === "DATA" && answer.startsWith("354")) letter = [];
          socket.write(answer);
          if (word !== "STARTTLS" || !answer.startsWith("220")) continue;
          socket.off("data", listen);
          this.#talk(new TLSSocket(socket, { isServer: true, ...TEST_SERVER }), "");
          return;
        }
      }
    };
    socket.on("data", listen);
  }

  #usual(word: string, clear: boolean): string {
    const offersTls = clear && this.#tls === "starttls";
    if (word === "DATA") return "354 go on\r\n";
    if (word === "STARTTLS") return offersTls ? "220 go on\r\n" : "502 no\r\n";
    if (word === "AUTH") return "235 welcome\r\n";
    if (word !== "EHLO") return "250 ok\r\n";
    return `250-mail\r\n${offersTls ? "250-STARTTLS\r\n" : ""}${clear ? "" : "250-AUTH PLAIN\r\n"}250 8BITMIME\r\n`;
  }
}
