import { defineConfig } from "vitest/config";
import { SteadyOrder } from "./scripts/testing/steady-order.ts";

export default defineConfig({
  test: {
    sequence: { sequencer: SteadyOrder },
    projects: [
      {
        test: {
          name: "unit",
          include: ["{apps,packages,e2e,bench,scripts}/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.int.test.ts", "**/.next/**"],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "integration",
          include: ["{apps,packages,e2e,scripts}/**/*.int.test.ts"],
          exclude: ["**/node_modules/**", "**/.next/**"],
          setupFiles: ["e2e/stack/ask-witnesses.ts"],
          globalSetup: ["packages/db/src/testing/start-test-postgres.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Much of it waits: for leases to end, for engines to come back.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
