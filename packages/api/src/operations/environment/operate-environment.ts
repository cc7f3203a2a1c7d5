import { DomainError } from "@windlass/domain";
import { requestDeployment } from "../deployment/request-deployment.ts";
import type { OperationContext } from "../operation.ts";

interface Operated {
  id: string;
  teamId: string;
  slug: string;
  currentReleaseId: string | null;
  stoppedAt: Date | null;
}

export type Operation = { kind: "restart" | "start" | "stop" } | { kind: "scale"; instances: number };

/** Changes what runs of the live release, without a build: as a deployment of its own, in line with the others. */
export async function operateEnvironment(
  ctx: OperationContext,
  environment: Operated,
  operation: Operation,
  trigger: string,
): Promise<string> {
  const refusal = whyNot(environment, operation.kind);
  if (refusal) throw new DomainError("conflict", refusal);
  const instances = operation.kind === "scale" ? operation.instances : undefined;
  return requestDeployment(ctx, { environment, kind: operation.kind, ref: "", trigger, instances });
}

function whyNot({ currentReleaseId, stoppedAt }: Operated, kind: Operation["kind"]): string | undefined {
  if (currentReleaseId === null) return "Nothing was deployed here yet. Deploy first.";
  if (kind === "start") return stoppedAt ? undefined : "It is not stopped. Restart it instead.";
  if (!stoppedAt) return undefined;
  return kind === "stop" ? "It is stopped already." : "It is stopped. Start it first.";
}
