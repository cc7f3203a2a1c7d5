import type { EffectContext, EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";

/** Ends every instance of the environment, whichever release's it is; resolves once all are confirmed gone. */
export async function stopInstances(
  { everywhere, history }: EnginePorts,
  { labels, config, live }: ReleaseRequest,
  context: EffectContext,
): Promise<void> {
  const graceSeconds = (live?.config ?? config).stopSeconds;
  for (const { runtime } of everywhere) {
    const owned = await runtime.listOwned(labels.environmentId);
    await Promise.all(
      owned.map(async ({ name }) => {
        await runtime.stop(name, graceSeconds);
        await history.retired(name);
        await context.log("system", `Stopped ${name}`);
      }),
    );
  }
  // What was gone already: the rows shall say so too.
  for (const { name } of live?.instances ?? []) await history.retired(name);
}
