/** For tests: a database of their own, and rows that take more than one call to make. */
export { createTestDatabase, type TestDatabase } from "./create-test-database.ts";
export { seedEnvironment } from "./seed-environment.ts";
export { storeLogLines } from "./store-log-lines.ts";
