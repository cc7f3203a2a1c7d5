import type { ReactNode } from "react";
import { Wordmark } from "@/features/shell/wordmark";

/** The frame of the pages before the console: one column, one task. */
export function Door({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-sm flex-col justify-center gap-6 p-6">
      <Wordmark />
      <div className="flex flex-col gap-1">
        <h1 className="font-semibold text-lg">{title}</h1>
        {lead && <div className="text-muted">{lead}</div>}
      </div>
      {children}
    </main>
  );
}
