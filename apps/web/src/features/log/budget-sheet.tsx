"use client";

import { useMutation } from "@tanstack/react-query";
import type { LogBudget } from "@windlass/domain";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, SheetContent } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { useTRPC } from "@/trpc/context";
import { messageAt, problemOf } from "@/trpc/errors";

interface Props {
  environmentId: string;
  name: string;
  budget: LogBudget;
}

/** How much of what an environment's instances write is kept. */
export function BudgetSheet({ isOpen, onOpenChange, ...props }: Props & SheetState) {
  return (
    <Dialog open={isOpen} onOpenChange={onOpenChange}>
      {isOpen && (
        <SheetContent
          title={`Log of ${props.name}`}
          description="The oldest lines go when either is reached. What a smaller budget removes does not come back."
        >
          <Inside {...props} onDone={() => onOpenChange(false)} />
        </SheetContent>
      )}
    </Dialog>
  );
}

interface SheetState {
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}

const FIELDS = [
  { name: "megabytes", label: "At most, MB" },
  { name: "days", label: "At most, days" },
] as const;

function Inside({ environmentId, budget, onDone }: Omit<Props, "name"> & { onDone: () => void }) {
  const trpc = useTRPC();
  const [draft, setDraft] = useState({ megabytes: String(budget.megabytes), days: String(budget.days) });
  const save = useMutation(trpc.log.setBudget.mutationOptions({ onSuccess: onDone }));
  const problem = save.error ? problemOf(save.error) : null;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate({ environmentId, budget: { megabytes: Number(draft.megabytes), days: Number(draft.days) } });
  };
  return (
    <form method="post" onSubmit={submit} className="flex min-h-0 flex-1 flex-col">
      <div className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto p-4">
        {FIELDS.map(({ name, label }) => (
          <Field key={name} label={label} error={messageAt(problem, `budget.${name}`)}>
            {(control) => (
              <Input
                {...control}
                type="number"
                min={1}
                required
                value={draft[name]}
                onChange={(event) => setDraft((before) => ({ ...before, [name]: event.target.value }))}
              />
            )}
          </Field>
        ))}
        {problem && (
          <p role="alert" className="text-failed text-sm">
            {problem.message}
          </p>
        )}
      </div>
      <div className="flex items-center justify-end gap-3 border-border border-t p-4">
        <Button type="submit" variant="primary" disabled={save.isPending}>
          Keep this much
        </Button>
      </div>
    </form>
  );
}
