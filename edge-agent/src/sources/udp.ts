import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import type { SourceOf } from "../config.ts";
import { acceptPost } from "./reading-post.ts";
import type { Source, SourceContext } from "./source.ts";
import { UdpReceiver } from "./udp-socket.ts";

const WARN_MS = 60_000;

/** JSON over UDP: one post a datagram, as for HTTP. There is no answer; what is refused is counted and logged once a minute. */
export class UdpSource implements Source {
  readonly #config: SourceOf<"udp">;
  #receiver: UdpReceiver | null = null;
  #lastWarning = Number.NEGATIVE_INFINITY;
  /** datagrams that were no readings, or that the spool could not take */
  refused = 0;

  constructor(config: SourceOf<"udp">) {
    this.#config = config;
  }

  get port(): number {
    return this.#receiver?.port ?? this.#config.port;
  }

  async start(context: SourceContext): Promise<void> {
    const receiver = new UdpReceiver(context.log);
    await receiver.bind("udp", this.#config.host, this.#config.port, (datagram) => {
      acceptPost(datagram, null, context).then(
        (outcome) => {
          if (isRejection(outcome)) this.#refuse(context, outcome.reason);
        },
        (error: Error) => this.#refuse(context, error.message),
      );
    });
    this.#receiver = receiver;
  }

  #refuse(context: SourceContext, reason: string): void {
    this.refused++;
    const now = context.now();
    if (Math.abs(now - this.#lastWarning) < WARN_MS) return;
    this.#lastWarning = now;
    context.log.warn({ reason, refused: this.refused }, "datagrams were refused");
  }

  async stop(): Promise<void> {
    await this.#receiver?.close();
    this.#receiver = null;
  }
}
