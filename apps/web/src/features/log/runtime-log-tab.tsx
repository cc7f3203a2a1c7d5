"use client";

import { RuntimeLogFilter } from "@windlass/domain";
import dynamic from "next/dynamic";
import { useDeferredValue, useState } from "react";
import { Button } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { ProblemCard } from "@/features/shell/problem-card";
import { RelativeTime } from "@/features/time/times";
import { useTRPC } from "@/trpc/context";
import { useLive } from "@/trpc/use-live";
import { useRuntimeLog } from "./use-runtime-log";

const LOG_SIZE = "h-[max(360px,calc(100dvh-280px))]";

const LogViewer = dynamic(() => import("./log-viewer").then((module) => module.LogViewer), {
  ssr: false,
  loading: () => <Skeleton className={LOG_SIZE} />,
});

const ALL = RuntimeLogFilter.parse({});

/** What the environment's instances write, live, with what is looked for in all that is kept of it. */
export function RuntimeLogTab({ environmentId, name }: { environmentId: string; name: string }) {
  const trpc = useTRPC();
  const [filter, setFilter] = useState<RuntimeLogFilter>(ALL);
  const asked = useDeferredValue(filter);
  const { data: summary } = useLive(trpc.log.watch.subscriptionOptions({ environmentId }));
  const log = useRuntimeLog(environmentId, asked);
  const change = (part: Partial<RuntimeLogFilter>) => setFilter((before) => ({ ...before, ...part }));
  const isFiltered = JSON.stringify(filter) !== JSON.stringify(ALL);
  const oldest = summary?.oldestAt ?? null;
  const href = `/api/logs/${environmentId}?filter=${encodeURIComponent(JSON.stringify(filter))}`;
  return (
    <div className="flex flex-col gap-3">
      <search className="flex flex-wrap items-center gap-2">
        <Input
          type="search"
          aria-label="Find lines"
          placeholder="Find lines in all that is kept"
          maxLength={200}
          value={filter.text}
          onChange={(event) => change({ text: event.target.value })}
          className="min-w-48 flex-1"
        />
        <label className="flex items-center gap-1.5 text-sm">
          <input
            type="checkbox"
            checked={filter.isRegex}
            onChange={(event) => change({ isRegex: event.target.checked })}
          />
          Regular expression
        </label>
        <Select
          aria-label="Stream"
          value={filter.stream ?? ""}
          onChange={(event) => change({ stream: (event.target.value || undefined) as RuntimeLogFilter["stream"] })}
          className="w-36"
        >
          <option value="">Both streams</option>
          <option value="stdout">stdout</option>
          <option value="stderr">stderr</option>
        </Select>
        <Select
          aria-label="Instance"
          value={filter.instance ?? ""}
          onChange={(event) => change({ instance: event.target.value || undefined })}
          className="w-52"
        >
          <option value="">All instances</option>
          {summary?.instances.map((instance) => (
            <option key={instance.name} value={instance.name}>
              {`Release ${instance.releaseNumber}, ${instance.name}${instance.isRunning ? "" : " (stopped)"}`}
            </option>
          ))}
        </Select>
      </search>
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
            {log.skipped > 0 && <span>{log.skipped.toLocaleString("en")} lines came too fast to be shown here</span>}
            {log.hasOlder && (
              <Button variant="ghost" size="sm" onClick={log.readOlder} disabled={log.isReading}>
                {log.isReading ? "Looking…" : isFiltered ? "Search further back" : "Show older lines"}
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
            emptyText={emptyText(log.isReading, isFiltered, log.hasOlder)}
          />
        </>
      )}
    </div>
  );
}

function emptyText(isReading: boolean, isFiltered: boolean, hasOlder: boolean): string {
  if (isReading) return "Reading…";
  if (isFiltered) return hasOlder ? "Nothing found yet. Search further back." : "No line is like that.";
  return "Nothing has been written yet. What the app prints to stdout and stderr appears here.";
}
