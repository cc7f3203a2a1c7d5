import type { Worker } from "../wiring.ts";

/** Whether something that was asked for after it waits or runs. */
export async function hasNewer(
  { db }: Worker,
  { environmentId, deploymentId }: { environmentId: string; deploymentId: string },
): Promise<boolean> {
  const newer = await db.deployment.count({
    where: { environmentId, id: { gt: deploymentId }, status: { in: ["queued", "running"] } },
  });
  return newer > 0;
}
