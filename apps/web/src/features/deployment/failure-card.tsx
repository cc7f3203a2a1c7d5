import type { DeploymentDetail } from "@windlass/api";
import Link from "next/link";
import { Button } from "@/components/ui/button";
import { ProblemCard } from "@/features/shell/problem-card";

/** Where the one setting is that an end of this kind asks for. */
const REMEDIES: Record<string, { label: string; section: string }> = {
  unhealthy: { label: "Change the health check", section: "health" },
  build_failed: { label: "Change the build", section: "build" },
  start_failed: { label: "Change how it starts", section: "run" },
  ref_not_found: { label: "Change the branch", section: "source" },
  source_denied: { label: "Change the repository's access", section: "access" },
  source_unreachable: { label: "Look at the source", section: "source" },
  host_key_unknown: { label: "Look at the source", section: "source" },
  runtime_unavailable: { label: "Change the runtime", section: "run" },
  image_unavailable: { label: "Look at the source", section: "source" },
};

/** A failed deployment leads with what happened, what was seen, and the one setting to change. */
export function FailureCard({ deployment }: { deployment: DeploymentDetail }) {
  const { end, appId } = deployment;
  if (!end || deployment.status !== "failed") return null;
  const remedy = REMEDIES[end.reason];
  const title = end.step ? `Failed at “${end.step}”` : "This deployment failed";
  return (
    <ProblemCard
      title={title}
      problem={{ code: end.reason, message: end.message, evidence: end.evidence }}
      actions={
        remedy && (
          <Button asChild variant="primary">
            <Link href={`/apps/${appId}?tab=settings#${remedy.section}`}>{remedy.label}</Link>
          </Button>
        )
      }
    />
  );
}
