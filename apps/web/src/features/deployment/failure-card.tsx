import type { DeploymentDetail } from "@windlass/api";
import { FAILURE_TITLES } from "@windlass/domain";
import { OctagonAlert } from "lucide-react";
import Link from "next/link";
import { Button } from "@/components/ui/button";
import { ScrolledText } from "@/components/ui/scrolled-text";
import { useCan } from "@/features/session/team-context";
import { remedyOf } from "./remedy";

/** A failed deployment leads with what happened, the one thing to change with the way there, and what was seen. */
export function FailureCard({ deployment }: { deployment: DeploymentDetail }) {
  const { end, appId, environmentId } = deployment;
  const mayChange = useCan()("environment", "update");
  if (!end || deployment.status !== "failed") return null;
  const { cause, evidence } = end;
  const remedy = remedyOf(end);
  const where = end.step ? `at “${end.step}”` : "";
  const title = cause ? FAILURE_TITLES[cause.code] : `Failed ${where}`;
  return (
    <section
      aria-label="What happened"
      className="flex flex-col gap-3 rounded-md border border-failed bg-failed-ground p-4"
    >
      <h2 className="flex items-center gap-2 font-semibold text-failed">
        <OctagonAlert className="size-4 shrink-0" aria-hidden="true" />
        {title}
      </h2>
      <p className="text-base">{cause?.sentence ?? end.message}</p>
      {cause && (
        <p className="text-base">
          <span className="font-semibold">What to do: </span>
          {cause.remedy}
        </p>
      )}
      {remedy && (
        <Button asChild variant="primary" className="self-start">
          <Link href={`/apps/${appId}?environment=${environmentId}&${remedy.query}`}>
            <span className="max-w-72 truncate">{mayChange ? remedy.label : "See where it is set"}</span>
          </Link>
        </Button>
      )}
      {evidence.length > 0 && (
        <div className="flex flex-col gap-1">
          <h3 className="font-semibold text-sm">What was seen</h3>
          <ScrolledText text={evidence.join("\n")} />
        </div>
      )}
      <p className="text-muted text-xs">
        Failed {where} <span className="font-mono">{cause?.code ?? end.reason}</span>
      </p>
    </section>
  );
}
