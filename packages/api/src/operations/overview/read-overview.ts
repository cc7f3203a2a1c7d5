import type { AppSummary, DeploymentSummary, Overview } from "../../schemas.ts";
import type { Services } from "../../services.ts";
import { readApps } from "../app/read-apps.ts";
import { readDeployments } from "../deployment/read-deployments.ts";
import { readFindings } from "../finding/read-findings.ts";
import { readRuntimes } from "../runtime/read-runtimes.ts";

const RECENT = 10;

/** What needs the team's attention, what happens now, what is live. */
export async function readOverview(services: Pick<Services, "db" | "addresses">, teamId: string): Promise<Overview> {
  const [apps, active, recent, runtimes, findings] = await Promise.all([
    readApps(services, { teamId }),
    readDeployments(services, { teamId, status: { in: ["queued", "running"] } }, { limit: 50 }),
    readDeployments(services, { teamId }, { limit: RECENT }),
    readRuntimes(services),
    readFindings(services, { teamId, state: "needs_you" }, RECENT),
  ]);
  const attention = apps
    .flatMap((app) => app.environments)
    .flatMap(({ lastDeployment }) => (lastDeployment && needsSomeone(lastDeployment) ? [lastDeployment] : []));
  return { attention, findings, active, apps, recent, runtimes, nextStep: nextStep(apps) };
}

/** It failed, or it is live but lost requests on the way. */
const needsSomeone = ({ status, lostRequests }: DeploymentSummary): boolean =>
  status === "failed" || (status === "succeeded" && lostRequests > 0);

function nextStep(apps: AppSummary[]): Overview["nextStep"] {
  if (apps.length === 0) {
    return { kind: "create_app", text: "Deploy your first app from a git repository or an image.", href: "/apps/new" };
  }
  const environments = apps.flatMap((app) => app.environments);
  const failed = environments.find((environment) => environment.state === "failed");
  if (failed?.lastDeployment) {
    const { appName, id } = failed.lastDeployment;
    return { kind: "fix", text: `${appName} did not deploy. See what happened.`, href: `/deployments/${id}` };
  }
  const waiting = apps.find((app) => app.environments.some((environment) => environment.state === "empty"));
  if (waiting)
    return { kind: "deploy", text: `${waiting.name} has not been deployed yet.`, href: `/apps/${waiting.id}` };
  return null;
}
