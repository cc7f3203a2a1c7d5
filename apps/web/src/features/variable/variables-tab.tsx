"use client";

import { useMutation } from "@tanstack/react-query";
import { EyeOff, Pencil, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { Dialog, DialogClose, DialogContent } from "@/components/ui/dialog";
import type { EnvironmentDetail } from "@/features/app/shapes";
import { LooksOnly } from "@/features/session/looks-only";
import { useCan } from "@/features/session/team-context";
import { CopyButton } from "@/features/shell/copy-button";
import { Empty } from "@/features/shell/empty";
import { RelativeTime } from "@/features/time/times";
import { useTRPC } from "@/trpc/context";
import { messageAt, problemOf } from "@/trpc/errors";
import { filled, newVariable, type VariableDraft, VariablesEditor } from "./variables-editor";

type Variable = EnvironmentDetail["variables"][number];

export function VariablesTab({ environment }: { environment: EnvironmentDetail }) {
  const trpc = useTRPC();
  const canChange = useCan()("variable", "update");
  const [drafts, setDrafts] = useState<VariableDraft[]>([]);
  const [removing, setRemoving] = useState<string | null>(null);
  const set = useMutation(trpc.variable.set.mutationOptions());
  const remove = useMutation(
    trpc.variable.remove.mutationOptions({ onError: (error) => toast.error(problemOf(error).message) }),
  );
  const problem = set.error ? problemOf(set.error) : null;
  const asked = filled(drafts);
  const isAtRow = asked.some((_, index) => messageAt(problem, `variables.${index}`));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate(
      {
        environmentId: environment.id,
        variables: asked.map(({ key, value, isSecret }) => ({ key: key.trim(), value, isSecret })),
      },
      {
        onSuccess: () => {
          setDrafts([]);
          toast.success("Saved. The next deployment applies it.");
        },
      },
    );
  };
  return (
    <div className="flex flex-col gap-6">
      <LooksOnly />
      {environment.variables.length === 0 ? (
        <Empty title="No variables yet">
          Variables are given to the app when it starts. A secret one is stored encrypted, hidden in logs, and never
          shown again.
        </Empty>
      ) : (
        <ul aria-label="Variables" className="overflow-hidden rounded-md border border-border bg-raised">
          {environment.variables.map((variable) => (
            <VariableRow
              key={variable.key}
              variable={variable}
              canChange={canChange}
              onEdit={() =>
                setDrafts((before) => [
                  ...before.filter(({ key }) => key !== variable.key),
                  newVariable({ key: variable.key, value: variable.value ?? "", isSecret: variable.isSecret }),
                ])
              }
              onRemove={() => setRemoving(variable.key)}
            />
          ))}
        </ul>
      )}
      {canChange && (
        <form method="post" onSubmit={submit} className="flex flex-col gap-3">
          <h2 className="font-semibold text-sm">Add or change</h2>
          <VariablesEditor
            drafts={drafts}
            onChange={setDrafts}
            errorAt={(index) => messageAt(problem, `variables.${index}`)}
          />
          {problem && !isAtRow && (
            <p role="alert" className="text-failed text-sm">
              {problem.message}
            </p>
          )}
          {drafts.length > 0 && (
            <Button
              type="submit"
              variant="primary"
              className="self-start"
              disabled={asked.length === 0 || set.isPending}
            >
              Save variables
            </Button>
          )}
        </form>
      )}
      <Dialog open={removing !== null} onOpenChange={() => setRemoving(null)}>
        <DialogContent
          title={`Remove ${removing}`}
          description="The live release keeps it until the next deployment. Its value cannot be brought back."
        >
          <div className="flex justify-end gap-2 p-4">
            <DialogClose asChild>
              <Button>Keep it</Button>
            </DialogClose>
            <Button
              variant="danger"
              onClick={() => {
                if (removing) remove.mutate({ environmentId: environment.id, keys: [removing] });
                setRemoving(null);
              }}
            >
              <span className="max-w-60 truncate">Remove {removing}</span>
            </Button>
          </div>
        </DialogContent>
      </Dialog>
    </div>
  );
}

function VariableRow(props: { variable: Variable; canChange: boolean; onEdit: () => void; onRemove: () => void }) {
  const { variable, canChange, onEdit, onRemove } = props;
  const { key, value, isSecret, updatedAt } = variable;
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 border-border border-b px-3 py-2 text-sm last:border-b-0">
      <code className="min-w-0 basis-56 break-all font-mono text-sm">{key}</code>
      <span className="flex min-w-0 flex-1 basis-36 items-center gap-1">
        {isSecret ? (
          <span className="flex items-center gap-1.5 text-muted">
            <EyeOff className="size-3.5" aria-hidden="true" />
            Secret
          </span>
        ) : (
          <>
            <code className="min-w-0 truncate font-mono text-sm" title={value ?? ""}>
              {value === "" ? <span className="text-muted">empty</span> : value}
            </code>
            {value && <CopyButton text={value} label={`Copy the value of ${key}`} />}
          </>
        )}
      </span>
      <RelativeTime at={updatedAt} className="text-muted text-xs" />
      {canChange && (
        <span className="flex">
          <Button
            data-field={variable.key}
            variant="ghost"
            size="icon-sm"
            aria-label={`Change ${key}`}
            onClick={onEdit}
          >
            <Pencil aria-hidden="true" />
          </Button>
          <Button variant="ghost" size="icon-sm" aria-label={`Remove ${key}`} onClick={onRemove}>
            <Trash2 aria-hidden="true" />
          </Button>
        </span>
      )}
    </li>
  );
}
