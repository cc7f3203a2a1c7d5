import type { StartedInstance, Target } from "@windlass/domain";

/** What the router sends requests to: these instances of one release. Other instances are another target, which can be drained. */
export const targetOf = (releaseId: string, instances: readonly StartedInstance[]): Target => ({
  id: `${releaseId}:${instances.map(({ ordinal }) => ordinal).join(",")}`,
  addresses: instances.map(({ address }) => address),
});
