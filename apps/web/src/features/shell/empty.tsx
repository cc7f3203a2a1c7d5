import type { ReactNode } from "react";

/** Nothing here yet: what this is for, and the one thing to do. */
export function Empty({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-start gap-2 rounded-md border border-border border-dashed p-6">
      <p className="font-semibold">{title}</p>
      <div className="max-w-prose text-muted text-sm">{children}</div>
      {action && <div className="mt-1">{action}</div>}
    </div>
  );
}
