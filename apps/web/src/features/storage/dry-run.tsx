"use client";

import { useMutation } from "@tanstack/react-query";
import type { StorageOut } from "@windlass/api";
import type { CleanUpItem } from "@windlass/domain";
import { showBytes } from "@windlass/domain";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { Card, CardTitle } from "@/components/ui/card";
import { Dialog, DialogClose, DialogContent } from "@/components/ui/dialog";
import { useTRPC } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";
import { count, REASONS } from "./words";

const sum = (items: readonly CleanUpItem[]): number => items.reduce((total, { bytes }) => total + bytes, 0);
const isFilledAgain = ({ reason }: CleanUpItem): boolean => reason === "filled_again";

/** What a clean-up would remove, and why; what is not needed is chosen, caches are not. */
export function DryRun({ server }: { server: StorageOut["servers"][number] }) {
  const { removable } = server.picture;
  /** Those that differ from what is chosen at first: the list changes under it */
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const [isAsking, setAsking] = useState(false);
  const isChosen = (item: CleanUpItem) => isFilledAgain(item) === turned.has(item.key);
  const choose = (items: readonly CleanUpItem[], isWanted: boolean) => {
    const next = new Set(turned);
    for (const item of items) {
      if (isFilledAgain(item) === isWanted) next.add(item.key);
      else next.delete(item.key);
    }
    setTurned(next);
  };
  const chosen = removable.filter(isChosen);
  const isUnderWay = server.cleanUps.some(({ status }) => status !== "ended");
  const groups = [
    { title: "No longer needed", items: removable.filter((item) => !isFilledAgain(item)) },
    { title: "Caches: without them the next builds take longer", items: removable.filter(isFilledAgain) },
  ].filter(({ items }) => items.length > 0);
  return (
    <Card className="flex flex-col" aria-label={`What can be removed from ${server.server}`}>
      <div className="flex flex-wrap items-center justify-between gap-2 px-4 py-3">
        <CardTitle>What can be removed</CardTitle>
        {removable.length > 0 && (
          <Button
            variant="primary"
            disabled={chosen.length === 0 || isUnderWay || !server.hasWorker}
            onClick={() => setAsking(true)}
          >
            <Trash2 aria-hidden="true" />
            {chosen.length === 0
              ? "Nothing chosen"
              : `Remove ${count(chosen.length, "thing")}, ${showBytes(sum(chosen))}`}
          </Button>
        )}
      </div>
      {removable.length === 0 && (
        <p className="px-4 pb-4 text-muted text-sm">
          Nothing: all that is there is live, kept for a rollback or in use. To have less, keep fewer releases in the
          environments' settings.
        </p>
      )}
      {groups.map(({ title, items }) => (
        <Group key={title} title={title} items={items} isChosen={isChosen} onChoose={choose} />
      ))}
      <Dialog open={isAsking} onOpenChange={setAsking}>
        {isAsking && <Confirm server={server.server} items={chosen} onDone={() => setAsking(false)} />}
      </Dialog>
    </Card>
  );
}

function Group(props: {
  title: string;
  items: readonly CleanUpItem[];
  isChosen: (item: CleanUpItem) => boolean;
  onChoose: (items: readonly CleanUpItem[], isWanted: boolean) => void;
}) {
  const { title, items, isChosen, onChoose } = props;
  const number = items.filter(isChosen).length;
  return (
    <fieldset className="min-w-0 border-border border-t">
      <legend className="sr-only">{title}</legend>
      <label className="flex items-center gap-3 bg-surface px-4 py-2 font-medium text-sm">
        <input
          type="checkbox"
          className="size-4 shrink-0 accent-accent"
          checked={number === items.length}
          ref={(box) => {
            if (box) box.indeterminate = number > 0 && number < items.length;
          }}
          onChange={({ target }) => onChoose(items, target.checked)}
        />
        <span className="flex-1">{title}</span>
        <span className="text-muted tabular-nums">{showBytes(sum(items))}</span>
      </label>
      <ul className="max-h-96 divide-y divide-border overflow-y-auto border-border border-t">
        {items.map((item) => (
          <li key={item.key}>
            <label className="flex items-start gap-3 px-4 py-2 text-sm hover:bg-hover">
              <input
                type="checkbox"
                className="mt-0.5 size-4 shrink-0 accent-accent"
                checked={isChosen(item)}
                onChange={({ target }) => onChoose([item], target.checked)}
              />
              <span className="min-w-0 flex-1">
                <span className="block break-words">{item.name}</span>
                <span className="block text-muted text-xs">{REASONS[item.reason]}</span>
              </span>
              <span className="shrink-0 tabular-nums">{showBytes(item.bytes)}</span>
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

function Confirm({ server, items, onDone }: { server: string; items: readonly CleanUpItem[]; onDone: () => void }) {
  const trpc = useTRPC();
  // What was shown when it was asked; the list behind it may change meanwhile.
  const [shown] = useState(items);
  const remove = useMutation(
    trpc.storage.cleanUp.mutationOptions({
      onSuccess: onDone,
      onError: (error) => {
        toast.error(problemOf(error).message);
        onDone();
      },
    }),
  );
  return (
    <DialogContent
      title={`Remove ${count(shown.length, "thing")}, ${showBytes(sum(shown))}`}
      description="This cannot be undone. What is live, warm, kept or wanted by a rollback stays; each is looked at again before it goes."
    >
      <ul
        aria-label="What goes"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, with the keyboard too
        tabIndex={0}
        className="divide-y divide-border overflow-y-auto focus-visible:-outline-offset-2"
      >
        {shown.map(({ key, name, reason, bytes }) => (
          <li key={key} className="flex items-start gap-3 px-4 py-2 text-sm">
            <span className="min-w-0 flex-1">
              <span className="block break-words">{name}</span>
              <span className="block text-muted text-xs">{REASONS[reason]}</span>
            </span>
            <span className="shrink-0 tabular-nums">{showBytes(bytes)}</span>
          </li>
        ))}
      </ul>
      <div className="flex justify-end gap-2 border-border border-t p-4">
        <DialogClose asChild>
          <Button>Keep them</Button>
        </DialogClose>
        <Button
          variant="danger"
          disabled={remove.isPending}
          onClick={() => remove.mutate({ server, keys: shown.map(({ key }) => key) })}
        >
          Remove {count(shown.length, "thing")}
        </Button>
      </div>
    </DialogContent>
  );
}
