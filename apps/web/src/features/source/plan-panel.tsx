import type { RuntimeKind } from "@windlass/domain";
import type { ReactNode } from "react";
import { Card, CardTitle } from "@/components/ui/card";
import { shortSha } from "@/features/deployment/deployment-title";
import type { ConfigDraft } from "@/features/environment/config-draft";
import { describeCheck } from "@/features/environment/describe-check";
import type { SourceText } from "./read-source";
import type { SourceCheck } from "./use-source-check";

type BuildKind = ConfigDraft["buildKind"];

/** The deployment as it will run, in words, while the form is filled. */
export function PlanPanel(props: {
  source: SourceText;
  check: SourceCheck;
  branch: string;
  draft: ConfigDraft;
  runtime: RuntimeKind;
  variables: number;
}) {
  const { source, check, branch, draft, runtime, variables } = props;
  const found = check.state === "found" ? check.result : null;
  const isImage = source.kind === "image";
  const limits = `${draft.memoryMb} MB, ${draft.cpus} ${draft.cpus === "1" ? "processor" : "processors"}`;
  const start = `beside what is live, ${runtime === "docker" ? `in Docker with ${limits}` : "as a process"}`;
  const given = variables > 0 ? `, with ${variables} ${variables === 1 ? "variable" : "variables"}` : "";
  const retire = `the old release after at most ${draft.drainSeconds} s, and keep ${draft.keepReleases} to roll back to`;
  const steps: [string, ReactNode][] = [
    ["Fetch", describeFetch(source, branch, found?.revision ?? "")],
    ["Build", describeBuild(draft, found?.build?.kind ?? null, isImage)],
    ["Start", start + given],
    ["Check", describeCheck(draft)],
    ["Switch", "the traffic at once, without dropping a request"],
    ["Retire", retire],
  ];
  return (
    <Card aria-label="Plan" className="flex flex-col gap-3 p-4 lg:sticky lg:top-16">
      <CardTitle>The plan</CardTitle>
      <ol className="flex flex-col gap-3">
        {steps.map(([verb, what], index) => (
          <li key={verb} className="flex gap-3 text-sm">
            <span className="flex size-5 shrink-0 items-center justify-center rounded-sm bg-hover text-xs tabular-nums">
              {index + 1}
            </span>
            <span className="min-w-0 break-words">
              <span className="font-medium">{verb}</span> <span className="text-muted">{what}</span>
            </span>
          </li>
        ))}
      </ol>
      <p className="border-border border-t pt-3 text-muted text-xs">
        If a step fails, what is live stays live. The app gets an address made from its name.
      </p>
    </Card>
  );
}

function Name({ children }: { children: ReactNode }) {
  return <code className="break-all font-mono text-foreground text-xs">{children}</code>;
}

function describeFetch(source: SourceText, branch: string, revision: string): ReactNode {
  if (source.kind === "empty") return "the source you paste";
  if (source.kind === "image") return <Name>{source.image}</Name>;
  const isCommit = /^[0-9a-f]{40}$/.test(revision);
  return (
    <>
      <Name>{branch || "the default branch"}</Name>
      {isCommit && " at "}
      {isCommit && <Name>{shortSha(revision)}</Name>}
    </>
  );
}

function describeBuild(draft: ConfigDraft, found: BuildKind | null, isImage: boolean): ReactNode {
  if (isImage) return "nothing: the image is ready";
  switch (draft.buildKind === "auto" ? found : draft.buildKind) {
    case "dockerfile":
      return (
        <>
          with <Name>{draft.dockerfile}</Name>
        </>
      );
    case "node":
      return "as a Node app";
    case "static":
      return "as static files";
    default:
      return "as the files tell";
  }
}
