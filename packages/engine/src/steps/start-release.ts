import type { Artifact, StartedInstance } from "@windlass/domain";
import type { EffectContext, EnginePorts } from "../ports.ts";
import type { ReleaseRequest } from "./deploy-request.ts";

const AT_ONCE = 4;

/** Starts the release's instances beside what is live. One that runs already is adopted. */
export async function startRelease(
  { runtime }: EnginePorts,
  request: ReleaseRequest,
  artifact: Artifact,
  context: EffectContext,
): Promise<StartedInstance[]> {
  const { labels, ordinals, config, variables } = request;
  const waiting = [...ordinals];
  const started: StartedInstance[] = [];
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  const startNext = async () => {
    for (let ordinal = waiting.shift(); ordinal !== undefined; ordinal = waiting.shift()) {
      const instance = await runtime.start({ labels, ordinal, artifact, config, variables }, { ...context, signal });
      started.push(instance);
      await context.log("system", `Started ${instance.name} at ${instance.address.host}:${instance.address.port}`);
    }
  };
  await allOrFirstFailure(Array.from({ length: Math.min(AT_ONCE, ordinals.length) }, startNext), failed);
  return started.sort((a, b) => a.ordinal - b.ordinal);
}

/** It takes no traffic, or what it took was drained: whoever cancels does not wait for it. */
const UNDO_STOP_SECONDS = 1;

/** Stops what was started for this request, and the environment's network when nothing else is in it. What was live or warm before stays so. */
export async function removeRelease(
  { runtime, commands, history }: EnginePorts,
  request: ReleaseRequest,
): Promise<void> {
  const { labels, config, live } = request;
  await commands.remove(labels);
  const kept = new Set([...(live?.instances.map(({ name }) => name) ?? []), ...(await history.warm())]);
  const owned = await runtime.listOwned(labels.environmentId);
  const ours = owned.filter(({ name, labels: { releaseId } }) => releaseId === labels.releaseId && !kept.has(name));
  await Promise.all(ours.map(({ name }) => runtime.stop(name, Math.min(config.stopSeconds, UNDO_STOP_SECONDS))));
  if (owned.length === ours.length) await runtime.removeEnvironment(labels.environmentId);
}

/** Rejects with what failed first, once the others, which it tells to end, have ended. */
async function allOrFirstFailure(work: Promise<void>[], failed: AbortController): Promise<void> {
  let first: { error: unknown } | undefined;
  const settled = work.map((one) =>
    one.catch((error: unknown) => {
      first ??= { error };
      failed.abort(error);
    }),
  );
  await Promise.all(settled);
  if (first) throw first.error;
}
