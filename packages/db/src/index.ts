/**
 * The database: Prisma's client over the schema in ../prisma, and what every user of it shares. Entries of their own:
 * ./embedded (a Postgres from npm), ./migrations, ./encryption, ./testing.
 */
export { createDatabase, type Database, type Transaction } from "./client.ts";
export * from "./generated/client.ts";
export { isConnectionLost } from "./is-connection-lost.ts";
