import { diffConfig, diffNames, EnvironmentConfig, stepsOf } from "@windlass/domain";
import type { DeployPreview } from "../../schemas.ts";
import type { Services } from "../../services.ts";
import { toRelease, WITH_MAKER } from "../environment/read-environment.ts";
import { estimateDeployment } from "./estimate-deployment.ts";

/** What deploying now would change beside the code. Values of variables are never read: their digests tell which differ. */
export async function previewDeployment({ db }: Pick<Services, "db">, { id }: { id: string }): Promise<DeployPreview> {
  const { config, variables, currentRelease, currentReleaseId, stoppedAt } = await db.environment.findUniqueOrThrow({
    where: { id },
    include: {
      variables: true,
      currentRelease: {
        include: { ...WITH_MAKER, _count: { select: { instances: { where: { status: "running" } } } } },
      },
    },
  });
  const after = EnvironmentConfig.parse(config);
  const running = currentRelease?._count.instances || after.instances;
  const before = currentRelease && { ...EnvironmentConfig.parse(currentRelease.config), instances: running };
  const digests = (currentRelease?.variableDigests ?? {}) as Record<string, string>;
  const isUntouched = (updatedAt: Date) => currentRelease !== null && updatedAt < currentRelease.createdAt;
  // One that was stored before digests were kept: untouched since the release was made, it is as it was.
  const now = variables.map(({ key, digest, updatedAt }) => [
    key,
    digest ?? (isUntouched(updatedAt) ? digests[key] : undefined) ?? "",
  ]);
  const estimate = await estimateDeployment(db, { environmentId: id, kind: "deploy" }, stepsOf("deploy", after));
  return {
    from: currentRelease && toRelease(currentRelease, currentReleaseId),
    config: diffConfig(before, after),
    variables: diffNames(digests, Object.fromEntries(now)),
    startsAgain: stoppedAt !== null,
    ahead: await db.deployment.count({ where: { environmentId: id, status: { in: ["queued", "running"] } } }),
    estimateMs: estimate.totalMs,
  };
}
