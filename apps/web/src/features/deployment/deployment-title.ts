import type { DeploymentSummary } from "@windlass/api";

type Titled = Pick<DeploymentSummary, "commit" | "kind" | "ref" | "number" | "instances">;

const OPERATIONS: Partial<Record<DeploymentSummary["kind"], string>> = {
  restart: "Restart",
  start: "Start",
  stop: "Stop",
  delete: "Delete the environment",
};

/** The first line of a commit's message, or what else names the deployment. */
export function deploymentTitle(deployment: Titled): string {
  const { kind, instances } = deployment;
  if (kind === "scale") return `Scale to ${instances ?? 1} ${instances === 1 ? "instance" : "instances"}`;
  const operation = OPERATIONS[kind];
  if (operation) return operation;
  const subject = deployment.commit?.message.split("\n")[0]?.trim();
  if (subject) return subject;
  if (deployment.kind === "rollback") return `Rollback #${deployment.number}`;
  return deployment.ref ? `Deploy ${deployment.ref}` : `Deployment #${deployment.number}`;
}

export const shortSha = (sha: string): string => sha.slice(0, 7);
