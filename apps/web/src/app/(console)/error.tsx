"use client";

import { ProblemCard } from "@/features/shell/problem-card";

export default function ConsoleError({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <div className="mx-auto max-w-xl p-6">
      <ProblemCard
        title="This page could not be shown"
        problem={{
          code: error.digest ? `id ${error.digest}` : "page_error",
          message:
            "The page met something it does not know. Nothing you deployed is touched. Try again; if it stays, reload the page.",
          evidence: error.message ? [error.message] : [],
        }}
        onRetry={reset}
      />
    </div>
  );
}
