import { EnvironmentConfig, GitAddress, GitRef } from "@windlass/domain";
import { until } from "./measure.ts";
import type { Stack } from "./start-stack.ts";

type Detail = Awaited<ReturnType<Stack["api"]["deployment"]["get"]["query"]>>;

/** An app of a repository on this disk, not deployed yet. Returns its environment. */
export async function createApp(
  { api, teamId }: Stack,
  app: { name: string; folder: string; runtime: "docker" | "process"; config?: object },
): Promise<string> {
  const made = await api.app.create.mutate({
    teamId,
    name: app.name,
    source: { kind: "git", url: GitAddress.parse(app.folder) },
    branch: GitRef.parse("main"),
    runtime: app.runtime,
    config: EnvironmentConfig.parse(app.config ?? {}),
    deploy: false,
  });
  return made.environmentId;
}

/** Waits for a deployment's end. Asked over HTTP, seldom, so that asking is no load. */
export const untilEnded = ({ api }: Stack, deploymentId: string, everyMs = 100): Promise<Detail> =>
  until(
    "deployment's end",
    async () => {
      const detail = await api.deployment.get.query({ deploymentId });
      return detail.endedAt ? detail : undefined;
    },
    { everyMs, limitMs: 120_000 },
  );

export async function untilSucceeded(stack: Stack, deploymentId: string): Promise<Detail> {
  const detail = await untilEnded(stack, deploymentId);
  if (detail.status !== "succeeded") throw new Error(`A deployment ${detail.status}: ${JSON.stringify(detail.end)}`);
  return detail;
}
