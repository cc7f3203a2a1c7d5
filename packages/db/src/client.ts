import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client.ts";
import { nameStatements } from "./name-statements.ts";

export type Database = PrismaClient;
export type Transaction = Parameters<Parameters<PrismaClient["$transaction"]>[0]>[0];

/** On a busy machine a transaction waits its turn rather than failing what it belongs to; Prisma's own limit is 2 s. */
const PATIENCE = { maxWait: 15_000, timeout: 15_000 };

/** A client with a pool of its own; `connections` at most. Call `$disconnect()` when done. */
export function createDatabase(url: string, connections = 10): Database {
  const adapter = new PrismaPg(
    { connectionString: url, max: connections },
    { statementNameGenerator: nameStatements() },
  );
  return new PrismaClient({ adapter, transactionOptions: PATIENCE });
}
