import type { ReactNode } from "react";
import { cn } from "@/components/ui/cn";

/** A page's inside: its heading with the actions beside it, and the content. */
export function Page(props: {
  title: ReactNode;
  detail?: ReactNode;
  actions?: ReactNode;
  /** For logs: the full width, and the actions stay in reach */
  isWide?: boolean;
  children: ReactNode;
}) {
  const { title, detail, actions, isWide, children } = props;
  return (
    <div className={cn("mx-auto flex flex-col gap-4 p-4 md:p-6", isWide ? "max-w-none max-sm:pb-20" : "max-w-7xl")}>
      <div
        className={cn(
          "flex flex-wrap items-start justify-between gap-x-4 gap-y-2",
          isWide && "sm:sticky sm:top-12 sm:z-20 sm:-my-2 sm:bg-background sm:py-2",
        )}
      >
        <div className="min-w-0 flex-1 basis-64">
          <h1 className="break-words font-semibold text-lg">{title}</h1>
          {detail && <div className="mt-1 text-muted text-sm">{detail}</div>}
        </div>
        {actions && (
          <div
            className={cn(
              "flex flex-wrap items-center gap-2",
              isWide &&
                "max-sm:fixed max-sm:inset-x-0 max-sm:bottom-0 max-sm:z-20 max-sm:border-border max-sm:border-t max-sm:bg-background max-sm:p-3 max-sm:empty:hidden",
            )}
          >
            {actions}
          </div>
        )}
      </div>
      {children}
    </div>
  );
}
