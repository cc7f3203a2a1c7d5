import type { EffectContext, EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";
import { describeDrain, drainTarget } from "./drain-target.ts";
import { liveTarget } from "./switch-traffic.ts";

/** From now on people get a page that says why nothing answers; what is under way may end. */
export async function closeTraffic(
  { router }: EnginePorts,
  request: ReleaseRequest,
  context: EffectContext,
): Promise<void> {
  const { labels, fencingToken: token, hosts, notice } = request;
  await router.apply({ service: labels.environmentId, token, hosts, target: null, notice });
  await context.log("system", notice ? `${hosts.join(", ")}: ${notice.title}` : "No traffic any more");
  const target = liveTarget(request);
  if (target)
    await context.log("system", describeDrain(await drainTarget({ router }, request, target.id, context.signal)));
}
