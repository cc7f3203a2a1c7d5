import type { DeploymentSummary } from "@windlass/api";

/** The first line of a commit's message, or what else names the deployment. */
export function deploymentTitle(deployment: Pick<DeploymentSummary, "commit" | "kind" | "ref" | "number">): string {
  const subject = deployment.commit?.message.split("\n")[0]?.trim();
  if (subject) return subject;
  if (deployment.kind === "rollback") return `Rollback #${deployment.number}`;
  return deployment.ref ? `Deploy ${deployment.ref}` : `Deployment #${deployment.number}`;
}

export const shortSha = (sha: string): string => sha.slice(0, 7);
