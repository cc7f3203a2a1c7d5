import { Skeleton } from "@/components/ui/skeleton";
import { Wordmark } from "./wordmark";

/** The frame before the account is known, in its final size. */
export function ShellSkeleton() {
  return (
    <div className="flex min-h-dvh" aria-busy="true">
      <div className="hidden w-52 shrink-0 flex-col gap-2 border-border border-r bg-surface p-3 md:flex">
        <div className="flex h-8 items-center px-2">
          <Wordmark />
        </div>
        <Skeleton className="h-8" />
        <Skeleton className="h-8" />
        <Skeleton className="h-8" />
      </div>
      <main className="flex-1" aria-label="Loading">
        <div className="h-12 border-border border-b" />
        <div className="mx-auto flex max-w-7xl flex-col gap-4 p-4 md:p-6">
          <Skeleton className="h-6 w-40" />
          <Skeleton className="h-32" />
          <Skeleton className="h-48" />
        </div>
      </main>
    </div>
  );
}
