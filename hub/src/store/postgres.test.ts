import { testDatabase } from "../../../test/support/postgres.ts";
import { silentLog } from "../log.ts";
import { openStore } from "./postgres.ts";
import { seriesContract } from "./series.contract.ts";
import { storeContract } from "./store.contract.ts";
import { NOW, type Subject } from "./store-scene.ts";

async function open(): Promise<Subject> {
  const database = await testDatabase();
  const start = () => openStore({ connection: database.connection, log: silentLog, clock: () => NOW });
  const subject: Subject = {
    store: await start(),
    reopen: async () => {
      await subject.store.close();
      return (subject.store = await start());
    },
    close: async () => {
      await subject.store.close();
      await database.close();
    },
  };
  return subject;
}

const server = process.env.GRIDHUB_TEST_PG_URL ? "the server of GRIDHUB_TEST_PG_URL" : "embedded PostgreSQL";
storeContract(server, open);
seriesContract(server, open);
