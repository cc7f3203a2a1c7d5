"use client";

import type { RuntimesOut } from "@windlass/api";
import type { RuntimeKind } from "@windlass/domain";
import { cn } from "@/components/ui/cn";
import { Skeleton } from "@/components/ui/skeleton";

const NAMES: Record<RuntimeKind, string> = { docker: "Docker", process: "Process" };

/** Docker or a plain process; one that is not available says why. */
export function RuntimeChoice(props: {
  runtimes: RuntimesOut | undefined;
  value: RuntimeKind;
  onChange: (runtime: RuntimeKind) => void;
  isImage: boolean;
  error: string | null;
}) {
  const { runtimes, value, onChange, isImage, error } = props;
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="mb-1 font-medium text-sm">Runtime</legend>
      {runtimes ? (
        <div className="grid gap-2 sm:grid-cols-2">
          {(["docker", "process"] as const).map((kind) => {
            const isPossible = runtimes[kind].available && !(isImage && kind === "process");
            const note = isImage && kind === "process" ? "A ready image needs Docker." : runtimes[kind].note;
            return (
              <label
                key={kind}
                className={cn(
                  "flex items-start gap-2.5 rounded-md border px-3 py-2 has-focus-visible:outline-2 has-focus-visible:outline-offset-2",
                  value === kind ? "border-accent bg-selected" : "border-border",
                  isPossible ? "cursor-pointer hover:bg-hover" : "cursor-not-allowed",
                )}
              >
                <input
                  type="radio"
                  name="runtime"
                  checked={value === kind}
                  disabled={!isPossible && value !== kind}
                  onChange={() => onChange(kind)}
                  className="mt-1 accent-accent"
                />
                <span className="min-w-0">
                  <span className="block font-medium text-sm">
                    {NAMES[kind]}
                    {!isPossible && <span className="font-normal text-attention"> · not available</span>}
                  </span>
                  <span className="block text-muted text-xs">{note}</span>
                </span>
              </label>
            );
          })}
        </div>
      ) : (
        <Skeleton className="h-16" />
      )}
      {error && (
        <p role="alert" className="text-failed text-sm">
          {error}
        </p>
      )}
    </fieldset>
  );
}
