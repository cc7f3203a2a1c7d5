// Which way imports may go. An arrow that is not here is a mistake, or a decision that belongs into ARCHITECTURE.md.

export interface Rule {
  /** Workspace entries that may be imported: a package, or one of its entries */
  may: readonly string[];
  /** Entries of which only types may be imported */
  mayTypes?: readonly string[];
  /** What else it must not import, and why */
  never?: { pattern: RegExp; why: string };
}

const ENGINE_ONLY_WORKER = "The web writes a row and enqueues a job; only the worker runs the engine.";

/** Tests of the whole and measurements drive Windlass as its own programs do. */
const WHOLE = [
  "@windlass/api/live",
  "@windlass/api/operations",
  "@windlass/client",
  "@windlass/db",
  "@windlass/db/embedded",
  "@windlass/db/encryption",
  "@windlass/db/migrations",
  "@windlass/db/runtime-log",
  "@windlass/db/runtime-log-store",
  "@windlass/domain",
  "@windlass/engine",
];

/** By the folder a file lies in; the longest match counts. */
export const RULES: Readonly<Record<string, Rule>> = {
  "packages/domain": { may: [], never: { pattern: /^node:/, why: "The domain is safe in a browser." } },
  "packages/db": { may: ["@windlass/domain"] },
  "packages/engine": {
    may: ["@windlass/domain"],
    never: { pattern: /^(pg|pg-boss|@prisma\/)/, why: "The engine knows neither Prisma nor pg-boss." },
  },
  "packages/api": { may: ["@windlass/db", "@windlass/db/encryption", "@windlass/db/runtime-log", "@windlass/domain"] },
  "packages/client": { may: [], mayTypes: ["@windlass/api"] },
  "apps/web": {
    may: ["@windlass/api", "@windlass/domain"],
    never: { pattern: /^@windlass\/engine/, why: ENGINE_ONLY_WORKER },
  },
  "apps/web/src/server": {
    may: [
      "@windlass/api",
      "@windlass/api/live",
      "@windlass/api/operations",
      "@windlass/domain",
      "@windlass/db",
      "@windlass/db/encryption",
    ],
    never: { pattern: /^@windlass\/engine/, why: ENGINE_ONLY_WORKER },
  },
  "apps/worker": {
    may: [
      "@windlass/engine",
      "@windlass/db",
      "@windlass/db/embedded",
      "@windlass/db/encryption",
      "@windlass/db/runtime-log",
      "@windlass/db/runtime-log-store",
      "@windlass/domain",
      "@windlass/api/operations",
      "@windlass/api/live",
    ],
  },
  "apps/router": { may: ["@windlass/domain"] },
  "apps/cli": { may: ["@windlass/client"] },
  // The canary test calls every procedure in its own process.
  e2e: { may: [...WHOLE, "@windlass/api"] },
  bench: { may: [...WHOLE, "@windlass/e2e/stack"] },
  scripts: {
    may: [
      "@windlass/api/live",
      "@windlass/api/operations",
      "@windlass/db",
      "@windlass/db/embedded",
      "@windlass/db/encryption",
      "@windlass/db/migrations",
      "@windlass/domain",
    ],
  },
};

/** Tests, and what only tests use, may import entries made for tests from anywhere. */
export const isForTests = (file: string): boolean => /\.test\.tsx?$|\/testing\/|^e2e\/|^bench\//.test(file);

export const isTestingEntry = (specifier: string): boolean => /^@windlass\/[a-z]+\/testing(\/|$)/.test(specifier);
