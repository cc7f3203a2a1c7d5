import type { ProbeSummary } from "@windlass/domain";
import { formatDuration } from "@/features/time/duration";
import { niceCeiling } from "./nice-ceiling";

/** How much of the time before the switch is shown: enough to see what was usual. */
const SHOWN_BEFORE_MS = 1000;

/** A dot that keeps its shape although the drawing is stretched to the width of the page. */
const dot = (x: number, y: number): string => `M${x.toFixed(2)} ${y.toFixed(2)}h0`;

/** Latency of each probe over the switch: what a visitor would have met at that moment. */
export function SwitchPlot({ probe, drainMs }: { probe: ProbeSummary; drainMs: number }) {
  const points = probe.points.filter(({ atMs }) => atMs >= -SHOWN_BEFORE_MS);
  if (points.length === 0) return null;
  const from = Math.min(0, ...points.map(({ atMs }) => atMs));
  const to = Math.max(1, drainMs, ...points.map(({ atMs, tookMs }) => atMs + tookMs));
  const top = niceCeiling(Math.max(...points.map(({ tookMs }) => tookMs)));
  const x = (ms: number): number => ((ms - from) / (to - from)) * 100;
  const y = (ms: number): number => 100 - (ms / top) * 100;
  const answered = points.filter(({ isOk }) => isOk);
  const failed = points.filter(({ isOk }) => !isOk);
  const switchAt = `${x(0)}%`;
  return (
    <figure className="flex flex-col gap-2 rounded-md border border-border bg-raised p-4">
      <figcaption className="flex flex-wrap gap-x-4 gap-y-1 text-muted text-xs">
        <span className="font-medium text-foreground text-sm">Answers through the router while the traffic moved</span>
        <Key className="bg-live">answered</Key>
        {failed.length > 0 && <Key className="bg-failed">failed</Key>}
        {drainMs >= 1 && <Key className="bg-working-ground ring-1 ring-working">old release drains</Key>}
      </figcaption>
      <div className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2 text-muted text-xs tabular-nums">
        <div className="flex h-40 flex-col justify-between text-right" aria-hidden="true">
          <span>{formatDuration(top)}</span>
          <span>{formatDuration(top / 2)}</span>
          <span>0</span>
        </div>
        <div className="relative h-40">
          <svg
            role="img"
            aria-label={describe(probe)}
            viewBox="0 0 100 100"
            preserveAspectRatio="none"
            className="size-full overflow-visible"
          >
            <title>{describe(probe)}</title>
            {drainMs >= 1 && (
              <rect x={x(0)} y="0" width={x(drainMs) - x(0)} height="100" className="fill-working-ground" />
            )}
            <path
              d="M0 0H100M0 50H100M0 100H100"
              className="stroke-border"
              strokeWidth="1"
              vectorEffect="non-scaling-stroke"
            />
            <path
              d={`M${x(0)} 0V100`}
              className="stroke-accent"
              strokeWidth="2"
              strokeDasharray="4 3"
              vectorEffect="non-scaling-stroke"
            />
            <path
              d={answered.map(({ atMs, tookMs }) => dot(x(atMs), y(tookMs))).join("")}
              className="stroke-live"
              strokeWidth="5"
              strokeLinecap="round"
              vectorEffect="non-scaling-stroke"
            />
            <path
              d={failed.map(({ atMs, tookMs }) => dot(x(atMs), y(tookMs))).join("")}
              className="stroke-failed"
              strokeWidth="9"
              strokeLinecap="square"
              vectorEffect="non-scaling-stroke"
            />
          </svg>
        </div>
        <span />
        <div className="relative mt-1 h-8" aria-hidden="true">
          {x(0) > 5 && <span className="absolute left-0">{formatDuration(-from)} before</span>}
          <span
            className="absolute top-4 whitespace-nowrap font-medium text-accent"
            style={x(0) > 80 ? { right: `${100 - x(0)}%` } : { left: switchAt }}
          >
            switched
          </span>
          {x(0) < 95 && <span className="absolute right-0">{formatDuration(to)} after</span>}
        </div>
      </div>
    </figure>
  );
}

function Key({ className, children }: { className: string; children: string }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span className={`size-2 rounded-sm ${className}`} aria-hidden="true" />
      {children}
    </span>
  );
}

const describe = ({ requests, failures, p50Ms, p99Ms }: ProbeSummary): string =>
  `${requests} probes from the switch on, ${failures} failed, half answered within ${formatDuration(p50Ms)}, 99 of 100 within ${formatDuration(p99Ms)}.`;
