import { CircleAlert, CircleCheck, LoaderCircle } from "lucide-react";
import { Button } from "@/components/ui/button";
import { shortSha } from "@/features/deployment/deployment-title";
import type { SourceCheck } from "./use-source-check";

/** One line under the address: what the look into it found. */
export function SourceStatus({ check, onAgain }: { check: SourceCheck; onAgain: () => void }) {
  return (
    <div role="status" className="min-h-6 text-sm">
      <Status check={check} onAgain={onAgain} />
    </div>
  );
}

function Status({ check, onAgain }: { check: SourceCheck; onAgain: () => void }) {
  switch (check.state) {
    case "idle":
      return <span className="text-muted">It is checked as you type. Nothing is saved until you create the app.</span>;
    case "checking":
      return (
        <span className="flex items-center gap-1.5 text-working">
          <LoaderCircle className="size-4 animate-spin" aria-hidden="true" />
          Looking into it
        </span>
      );
    case "found": {
      const { revision, commitMessage, commitAuthor } = check.result;
      const isCommit = /^[0-9a-f]{40}$/.test(revision);
      return (
        <span className="flex min-w-0 items-center gap-1.5 text-live">
          <CircleCheck className="size-4 shrink-0" aria-hidden="true" />
          <span className="min-w-0 truncate">
            Found
            {isCommit && (
              <>
                {" "}
                <code className="font-mono text-xs">{shortSha(revision)}</code>
              </>
            )}
            {commitMessage && ` “${commitMessage.split("\n")[0]}”`}
            {commitAuthor && ` by ${commitAuthor}`}
          </span>
        </span>
      );
    }
    case "refused":
    case "failed":
      return (
        <span className="flex flex-wrap items-start gap-x-3 gap-y-1">
          <span className="flex min-w-0 items-start gap-1.5 text-failed">
            <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden="true" />
            <span className="min-w-0 break-words">
              {check.state === "refused" ? check.result.message : check.problem.message}
            </span>
          </span>
          <Button size="sm" onClick={onAgain}>
            Check again
          </Button>
        </span>
      );
  }
}
