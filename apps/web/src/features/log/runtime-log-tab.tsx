"use client";

import type { RuntimeLogFilter } from "@windlass/domain";
import dynamic from "next/dynamic";
import { useDeferredValue, useState } from "react";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import { useCan } from "@/features/session/team-context";
import { ProblemCard } from "@/features/shell/problem-card";
import { RelativeTime } from "@/features/time/times";
import { useTRPC } from "@/trpc/context";
import { useLive } from "@/trpc/use-live";
import { BudgetSheet } from "./budget-sheet";
import { ALL_LINES, isFiltered, LogFilter } from "./log-filter";
import { useRuntimeLog } from "./use-runtime-log";

const LOG_SIZE = "h-[max(360px,calc(100dvh-280px))]";

const LogViewer = dynamic(() => import("./log-viewer").then((module) => module.LogViewer), {
  ssr: false,
  loading: () => <Skeleton className={LOG_SIZE} />,
});

/** What the environment's instances write, live, with what is looked for in all that is kept of it. */
export function RuntimeLogTab({ environmentId, name }: { environmentId: string; name: string }) {
  const trpc = useTRPC();
  const mayChange = useCan()("log", "update");
  const [filter, setFilter] = useState<RuntimeLogFilter>(ALL_LINES);
  const [isBudgetOpen, setIsBudgetOpen] = useState(false);
  const asked = useDeferredValue(filter);
  const { data: summary } = useLive(trpc.log.watch.subscriptionOptions({ environmentId }));
  const log = useRuntimeLog(environmentId, asked);
  const isNarrowed = isFiltered(filter);
  const oldest = summary?.oldestAt ?? null;
  const href = `/api/logs/${environmentId}?filter=${encodeURIComponent(JSON.stringify(filter))}`;
  return (
    <div className="flex flex-col gap-3">
      <LogFilter filter={filter} onChange={setFilter} instances={summary?.instances ?? []} />
      {log.problem ? (
        <ProblemCard title="The log could not be read" problem={log.problem} onRetry={log.retry} />
      ) : (
        <>
          <p role="status" className="flex flex-wrap items-center gap-x-3 gap-y-1 text-muted text-sm">
            {oldest && (
              <span>
                Kept since <RelativeTime at={oldest} />
              </span>
            )}
            {summary && (
              <span className="tabular-nums">
                {(summary.bytes / 1024 / 1024).toFixed(1)} of {summary.budget.megabytes} MB, at most{" "}
                {summary.budget.days} days
              </span>
            )}
            {summary && mayChange && (
              <Button variant="ghost" size="sm" onClick={() => setIsBudgetOpen(true)}>
                Change
              </Button>
            )}
            {log.skipped > 0 && <span>{log.skipped.toLocaleString("en")} lines came too fast to be shown here</span>}
            {log.hasOlder && (
              <Button variant="ghost" size="sm" onClick={log.readOlder} disabled={log.isReading}>
                {log.isReading ? "Looking…" : isNarrowed ? "Search further back" : "Show older lines"}
              </Button>
            )}
            {log.hasOlder && log.reachedAt !== null && (
              <span>
                looked back to <RelativeTime at={new Date(log.reachedAt)} />
              </span>
            )}
          </p>
          <LogViewer
            key={JSON.stringify(asked)}
            store={log.store}
            startedAt={null}
            name={name}
            target={null}
            downloadHref={href}
            emptyText={emptyText(log.isReading, isNarrowed, log.hasOlder)}
          />
          {summary && (
            <BudgetSheet
              environmentId={environmentId}
              name={name}
              budget={summary.budget}
              isOpen={isBudgetOpen}
              onOpenChange={setIsBudgetOpen}
            />
          )}
        </>
      )}
    </div>
  );
}

function emptyText(isReading: boolean, isNarrowed: boolean, hasOlder: boolean): string {
  if (isReading) return "Reading…";
  if (isNarrowed) return hasOlder ? "Nothing found yet. Search further back." : "No line is like that.";
  return "Nothing has been written yet. What the app prints to stdout and stderr appears here.";
}
