import type { Database } from "@windlass/db";
import { createTestDatabase, seedEnvironment } from "@windlass/db/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readDeployment, readDeployments } from "./read-deployments.ts";

let test: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

it("leaves out what is deleted while it is read", async () => {
  const { environment } = await seedEnvironment(test.db);
  const asked = { kind: "deploy", actorKind: "system", actorName: "test", trigger: "test" } as const;
  const { id: environmentId, teamId } = environment;
  const { id } = await test.db.deployment.create({ data: { environmentId, teamId, number: 1, ...asked } });
  const addresses = { appsDomain: "localhost", appsPort: 80, appsScheme: "http" } as const;
  expect(await readDeployments({ db: test.db }, { environmentId }, { limit: 5 })).toHaveLength(1);

  // Prisma asks for the app after the environment was found: the app is deleted in between.
  const db = test.db.$extends({
    query: {
      deployment: {
        async $allOperations({ args, query, operation }) {
          const found: unknown = await query(args);
          if (operation !== "findMany" && operation !== "findUnique") return found;
          for (const row of [found].flat() as { environment?: { app: unknown } }[]) {
            if (row.environment) row.environment.app = null;
          }
          return found;
        },
      },
    },
  }) as unknown as Database;
  expect(await readDeployments({ db }, { environmentId }, { limit: 5 })).toEqual([]);
  await expect(readDeployment({ db, addresses }, id)).rejects.toMatchObject({ code: "not_found" });
});
