"use client";

import { Dialog, DialogContent } from "@/components/ui/dialog";
import { Kbd } from "@/components/ui/kbd";
import { useDestinations } from "./destinations";

const KEYS: readonly (readonly [string, string])[] = [
  ["Ctrl K", "Search and commands"],
  ["/", "Search in the log, or everywhere"],
  ["j", "Next row"],
  ["k", "Previous row"],
  ["Enter", "Open the row"],
  ["d", "Deploy, on an app's page"],
  ["?", "This list"],
];

export function KeyList({ isOpen, onOpenChange }: { isOpen: boolean; onOpenChange: (isOpen: boolean) => void }) {
  const destinations = useDestinations();
  const keys = [...KEYS, ...destinations.map(({ key, label }) => [`g ${key}`, label] as const)];
  return (
    <Dialog open={isOpen} onOpenChange={onOpenChange}>
      <DialogContent title="Keys" className="w-[min(400px,calc(100vw-32px))]">
        <dl className="flex flex-col overflow-y-auto p-4">
          {keys.map(([pressed, meaning]) => (
            <div key={pressed} className="flex h-8 items-center justify-between gap-4">
              <dt className="flex gap-1">
                {pressed.split(" ").map((key) => (
                  <Kbd key={key}>{key}</Kbd>
                ))}
              </dt>
              <dd className="text-sm">{meaning}</dd>
            </div>
          ))}
        </dl>
      </DialogContent>
    </Dialog>
  );
}
