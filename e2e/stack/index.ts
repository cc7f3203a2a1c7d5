/** A Windlass without its pages, and the faults that are brought upon it: for measurements as for tests. */
export { createDatabaseProxy, loseDatabase } from "./database-proxy.ts";
export { type Case, casesOf, type Fault, faultOf, type Outcome, openFaultCases } from "./fault-cases.ts";
export { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from "./private-engine.ts";
export { type Stack, startStack } from "./start-stack.ts";
export { createTestRepository } from "./test-repository.ts";
