import type { DiskSpace, Held } from "@windlass/domain";
import { showBytes } from "@windlass/domain";
import { CircleCheck, TriangleAlert } from "lucide-react";
import { Card } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { Badge } from "@/features/deployment/state-badge";
import { HELD } from "./words";

const USES = { sources: "sources", docker: "Docker", process: "processes" } as const;

/** Who has how much of a disk, and where the line is that deployments do not cross. */
export function DiskBar(props: { server: string; disk: DiskSpace; held: readonly Held[] }) {
  const { server, disk, held } = props;
  const { path, uses, totalBytes, freeBytes, leastFreeBytes } = disk;
  const own = HELD.map((one) => ({
    ...one,
    bytes: held
      .filter(({ kind, use }) => kind === one.kind && uses.includes(use))
      .reduce((sum, { bytes }) => sum + bytes, 0),
  })).filter(({ bytes }) => bytes > 0);
  const ownBytes = own.reduce((sum, { bytes }) => sum + bytes, 0);
  const others = { label: "Everything else", color: "bg-input", bytes: Math.max(0, totalBytes - freeBytes - ownBytes) };
  const parts = [...own, others];
  const isShort = leastFreeBytes > 0 && freeBytes < leastFreeBytes;
  const percent = (bytes: number) => `${(100 * bytes) / Math.max(1, totalBytes)}%`;
  return (
    <Card className="flex flex-col gap-3 p-4" aria-label={`Disk of ${path} on ${server}`}>
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <h3 className="min-w-0 break-all font-mono text-sm">{path}</h3>
        <p className="text-sm tabular-nums">
          <span className="font-semibold">{showBytes(freeBytes)} free</span>
          <span className="text-muted"> of {showBytes(totalBytes)}</span>
        </p>
      </div>
      <div
        role="img"
        aria-label={`${parts.map(({ label, bytes }) => `${label} ${showBytes(bytes)}`).join(", ")}, free ${showBytes(freeBytes)}`}
        className="relative h-5"
      >
        <div className="flex h-full overflow-hidden rounded-sm bg-hover">
          {parts.map(({ label, color, bytes }) => (
            <div key={label} className={cn("h-full min-w-0.5 shrink-0", color)} style={{ width: percent(bytes) }} />
          ))}
        </div>
        {leastFreeBytes > 0 && (
          <div
            className="absolute -inset-y-1 w-0.5 bg-foreground ring-1 ring-raised"
            style={{ right: percent(Math.min(leastFreeBytes, totalBytes)) }}
          />
        )}
      </div>
      <ul className="flex flex-wrap gap-x-4 gap-y-1 text-muted text-xs">
        {parts.map(({ label, color, bytes }) => (
          <li key={label} className="flex items-center gap-1.5">
            <span className={cn("size-2.5 shrink-0 rounded-sm", color)} aria-hidden="true" />
            {label} <span className="text-foreground tabular-nums">{showBytes(bytes)}</span>
          </li>
        ))}
      </ul>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
        <Badge tone={isShort ? "failed" : "live"} icon={isShort ? TriangleAlert : CircleCheck}>
          {isShort ? "Too full to deploy" : "Room to deploy"}
        </Badge>
        <span className="text-muted">
          {describeLine(leastFreeBytes, isShort)} Holds {uses.map((use) => USES[use]).join(", ")}.
        </span>
      </div>
    </Card>
  );
}

function describeLine(leastFreeBytes: number, isShort: boolean): string {
  if (leastFreeBytes === 0) return "Deployments do not look at the space here.";
  const line = `${showBytes(leastFreeBytes)} free: the mark in the bar.`;
  return isShort ? `Deployments need ${line} Remove something below, or make room.` : `Deployments leave ${line}`;
}
