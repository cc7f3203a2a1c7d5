"use client";

import { formatDuration, formatExact, formatRelative, formatRunning } from "./duration";
import { useNow } from "./use-now";

/** How long ago, with the exact time on hover. */
export function RelativeTime({ at, className }: { at: Date; className?: string }) {
  const now = useNow();
  return (
    <time dateTime={at.toISOString()} title={formatExact(at)} className={className}>
      {formatRelative(at, now)}
    </time>
  );
}

/** How long something took, or has taken so far. */
export function Duration({ from, to, className }: { from: Date; to: Date | null; className?: string }) {
  const now = useNow(to === null);
  const text = to ? formatDuration(to.getTime() - from.getTime()) : formatRunning(now - from.getTime());
  return <span className={`tabular-nums ${className ?? ""}`}>{text}</span>;
}
