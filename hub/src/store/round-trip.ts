import type { Connection, Submittable } from "pg";

/** A prepared statement: see statements.ts. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /** type oid of each parameter */
  readonly types: readonly number[];
}

/** A prepared statement with its parameters in binary. */
export interface Bound {
  readonly statement: Statement;
  readonly values: readonly Buffer[];
}

/** What `pg` hands to a query that writes its own protocol messages (as pg-cursor does). Public in pg, but not in its types. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(query: { name: string; text: string; types: readonly number[] }): void;
  bind(config: { statement: string; values: readonly Buffer[] }): void;
  execute(config: object): void;
  sync(): void;
}

/**
 * All statements in one round trip. Between two Sync messages the extended protocol is one transaction of its own ("implicit
 * transaction block"): no BEGIN, no COMMIT, and an error undoes all of it. When this resolves, the Sync was answered, so the
 * transaction is durable.
 */
abstract class Trip implements Submittable {
  callback = (): void => {};
  #error: Error | null = null;
  #resolve!: (rows: number[]) => void;
  #reject!: (error: Error) => void;
  readonly #rows: number[] = [];
  /** rows written by each statement */
  readonly done = new Promise<number[]>((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  protected abstract write(wire: Wire): void;

  submit(connection: Connection): void {
    const wire = connection as unknown as Wire;
    wire.stream.cork();
    this.write(wire);
    wire.sync();
    wire.stream.uncork();
  }

  handleCommandComplete(message: { text: string }): void {
    this.#rows.push(Number(message.text.slice(message.text.lastIndexOf(" ") + 1)) || 0);
  }

  /** pg forgets the query on an error, so nothing more will come: not even ReadyForQuery. */
  handleError(error: Error): void {
    this.#error ??= error;
    this.#reject(this.#error);
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#rows);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}
}

export class RoundTrip extends Trip {
  readonly #work: readonly Bound[];

  constructor(work: readonly Bound[]) {
    super();
    this.#work = work;
  }

  protected override write(wire: Wire): void {
    for (const { statement, values } of this.#work) {
      wire.bind({ statement: statement.name, values });
      wire.execute({});
    }
  }
}

/** Prepares the statements for the life of a connection. */
export class Preparation extends Trip {
  readonly #statements: readonly Statement[];

  constructor(statements: readonly Statement[]) {
    super();
    this.#statements = statements;
  }

  protected override write(wire: Wire): void {
    for (const { name, text, types } of this.#statements) wire.parse({ name, text, types });
  }
}
