import { accountRouter } from "./routers/account.ts";
import { appRouter as apps } from "./routers/app.ts";
import { deploymentRouter } from "./routers/deployment.ts";
import { environmentRouter } from "./routers/environment.ts";
import { logRouter } from "./routers/log.ts";
import { overviewRouter } from "./routers/overview.ts";
import { runtimeRouter } from "./routers/runtime.ts";
import { setupRouter } from "./routers/setup.ts";
import { storageRouter } from "./routers/storage.ts";
import { tokenRouter } from "./routers/token.ts";
import { variableRouter } from "./routers/variable.ts";
import { t } from "./trpc.ts";

/** Every procedure there is. */
export const appRouter = t.router({
  account: accountRouter,
  app: apps,
  deployment: deploymentRouter,
  environment: environmentRouter,
  log: logRouter,
  overview: overviewRouter,
  runtime: runtimeRouter,
  setup: setupRouter,
  storage: storageRouter,
  token: tokenRouter,
  variable: variableRouter,
});

export type AppRouter = typeof appRouter;
