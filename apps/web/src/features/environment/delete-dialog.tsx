"use client";

import { useMutation, useQuery } from "@tanstack/react-query";
import type { DeletionPlan } from "@windlass/api";
import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";
import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { ProblemCard } from "@/features/shell/problem-card";
import { useTRPC } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";

interface Props {
  kind: "app" | "environment";
  id: string;
  name: string;
  isOpen: boolean;
  onOpenChange: () => void;
}

/** What goes, what stays, and the name to be typed: a deletion cannot be undone. */
export function DeleteDialog({ isOpen, onOpenChange, ...rest }: Props) {
  return (
    <Dialog open={isOpen} onOpenChange={onOpenChange}>
      {isOpen && (
        <DialogContent title={`Delete ${rest.name}`} description="This cannot be undone.">
          <Inside {...rest} onDone={onOpenChange} />
        </DialogContent>
      )}
    </Dialog>
  );
}

function Inside({ kind, id, name, onDone }: Omit<Props, "isOpen" | "onOpenChange"> & { onDone: () => void }) {
  const trpc = useTRPC();
  const router = useRouter();
  const [typed, setTyped] = useState("");
  const isApp = kind === "app";
  const ofApp = useQuery(trpc.app.planDeletion.queryOptions({ appId: id }, { enabled: isApp, staleTime: 0 }));
  const ofEnvironment = useQuery(
    trpc.environment.planDeletion.queryOptions({ environmentId: id }, { enabled: !isApp, staleTime: 0 }),
  );
  const { data: plan, error, refetch } = isApp ? ofApp : ofEnvironment;
  const begun = (text: string) => {
    toast.success(text);
    onDone();
  };
  const removeApp = useMutation(
    trpc.app.delete.mutationOptions({
      onSuccess: () => {
        begun(`${name} is being deleted.`);
        router.push(`/apps/${id}`);
      },
    }),
  );
  const removeEnvironment = useMutation(
    trpc.environment.delete.mutationOptions({ onSuccess: () => begun(`${name} is being deleted.`) }),
  );
  const failure = removeApp.error ?? removeEnvironment.error;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isApp) removeApp.mutate({ appId: id, typedName: typed });
    else removeEnvironment.mutate({ environmentId: id, typedName: typed });
  };
  if (error) {
    return (
      <div className="p-4">
        <ProblemCard
          title="What would be deleted could not be read"
          problem={problemOf(error)}
          onRetry={() => void refetch()}
        />
      </div>
    );
  }
  return (
    <form method="post" onSubmit={submit} className="flex min-h-0 flex-col gap-4 overflow-y-auto p-4 text-sm">
      {plan ? <Consequences plan={plan} /> : <Skeleton className="h-40" />}
      <Field label={`Type ${name} to confirm`} error={failure ? problemOf(failure).message : null}>
        {(control) => (
          <Input
            {...control}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            autoComplete="off"
            spellCheck={false}
          />
        )}
      </Field>
      <Button
        type="submit"
        variant="danger"
        className="self-end"
        disabled={!plan || typed.trim() !== name || removeApp.isPending || removeEnvironment.isPending}
      >
        <span className="max-w-60 truncate">Delete {name}</span>
      </Button>
    </form>
  );
}

function Consequences({ plan }: { plan: DeletionPlan }) {
  return (
    <>
      <section aria-label="What goes">
        <h3 className="mb-1 font-semibold">What goes</h3>
        <ul className="flex flex-col gap-2">
          {plan.environments.map((environment) => (
            <li key={environment.name}>
              <span className="font-medium">{environment.name}</span>
              <ul className="list-disc pl-5 text-muted">
                {environment.isBusy && <li>The deployment that runs now is cancelled first</li>}
                <li>
                  {count(environment.instances, "instance")}, {count(environment.releases, "kept release")} with what
                  they were built to, and the network
                </li>
                <li>{count(environment.variables, "variable")}, and its settings</li>
                {environment.hosts.length > 0 && (
                  <li className="break-words">
                    {environment.hosts.length === 1 ? "The address" : "The addresses"} {environment.hosts.join(", ")}
                  </li>
                )}
                <li>The history and logs of {count(environment.deployments, "deployment")}</li>
              </ul>
            </li>
          ))}
          {plan.removesSourceCopy && <li>The server's copy of the repository</li>}
        </ul>
      </section>
      <section aria-label="What stays">
        <h3 className="mb-1 font-semibold">What stays</h3>
        <p className="text-muted">The repository or image itself, and the audit of who did what.</p>
      </section>
    </>
  );
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
