import type { Held } from "@windlass/domain";
import { showBytes } from "@windlass/domain";
import { cn } from "@/components/ui/cn";
import { HELD } from "./words";

const PLACES = { sources: "Data folder", docker: "Docker", process: "Processes" } as const;

/** All that Windlass has on a server, by what it is for. */
export function HeldTable({ held }: { held: readonly Held[] }) {
  return (
    <table className="w-full text-left text-sm tabular-nums">
      <thead className="text-muted text-xs">
        <tr className="border-border border-b">
          <th className="px-4 py-2 font-medium">What</th>
          <th className="px-2 py-2 font-medium">Where</th>
          <th className="px-2 py-2 text-right font-medium">Number</th>
          <th className="px-4 py-2 text-right font-medium">Size</th>
        </tr>
      </thead>
      <tbody className="divide-y divide-border">
        {HELD.flatMap(({ kind, label, color }) =>
          held
            .filter((one) => one.kind === kind)
            .map(({ use, count, bytes }) => (
              <tr key={`${kind} ${use}`}>
                <td className="px-4 py-2">
                  <span className="flex items-center gap-2">
                    <span className={cn("size-2.5 shrink-0 rounded-sm", color)} aria-hidden="true" />
                    {label}
                  </span>
                </td>
                <td className="px-2 py-2 text-muted">{PLACES[use]}</td>
                <td className="px-2 py-2 text-right">{count}</td>
                <td className="whitespace-nowrap px-4 py-2 text-right">{showBytes(bytes)}</td>
              </tr>
            )),
        )}
      </tbody>
    </table>
  );
}
