"use client";

import { useMutation } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input, Select } from "@/components/ui/input";
import type { EnvironmentSummary, SourceOut } from "@/features/app/shapes";
import { useTRPC } from "@/trpc/context";
import { messageAt, problemOf } from "@/trpc/errors";

interface Props {
  appId: string;
  environments: EnvironmentSummary[];
  source: SourceOut;
  onMade: (environmentId: string) => void;
}

/** Another place where the app lives: its own branch, variables, releases and address. */
export function NewEnvironment(props: Props) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>
        <Plus aria-hidden="true" />
        New environment
      </Button>
      <Dialog open={isOpen} onOpenChange={setIsOpen}>
        {isOpen && (
          <DialogContent
            title="New environment"
            description="Its own branch, settings, variables, releases and address. Nothing is deployed yet."
          >
            <Inside {...props} onDone={() => setIsOpen(false)} />
          </DialogContent>
        )}
      </Dialog>
    </>
  );
}

function Inside({ appId, environments, source, onMade, onDone }: Props & { onDone: () => void }) {
  const trpc = useTRPC();
  const isGit = source.kind === "git";
  const [copyFrom, setCopyFrom] = useState(environments[0]?.id ?? "");
  const [copyVariables, setCopyVariables] = useState(true);
  const create = useMutation(
    trpc.environment.create.mutationOptions({
      onSuccess: ({ environmentId }) => {
        toast.success("Made the environment.");
        onDone();
        onMade(environmentId);
      },
    }),
  );
  const problem = create.error ? problemOf(create.error) : null;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const branch = isGit ? String(form.get("branch")).trim() : "";
    create.mutate({ appId, name: String(form.get("name")), branch, copyFrom, copyVariables });
  };
  return (
    <form method="post" onSubmit={submit} className="flex flex-col gap-4 overflow-y-auto p-4">
      <Field label="Name" error={messageAt(problem, "name")} hint="Part of its address, such as app-staging.">
        {(control) => <Input {...control} name="name" placeholder="Staging" required autoComplete="off" />}
      </Field>
      {isGit && (
        <Field label="Branch" error={messageAt(problem, "branch")}>
          {(control) => (
            <Input {...control} name="branch" defaultValue={environments[0]?.branch} required spellCheck={false} />
          )}
        </Field>
      )}
      <Field label="Begin with the settings of" error={messageAt(problem, "copyFrom")}>
        {(control) => (
          <Select {...control} value={copyFrom} onChange={(event) => setCopyFrom(event.target.value)}>
            {environments.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <label className="flex items-start gap-2 text-sm">
        <input
          type="checkbox"
          checked={copyVariables}
          onChange={(event) => setCopyVariables(event.target.checked)}
          className="mt-1 accent-accent"
        />
        <span>
          Copy its variables too
          <span className="block text-muted text-xs">Secrets go over encrypted; nobody sees them.</span>
        </span>
      </label>
      {problem && !problem.field && (
        <p role="alert" className="text-failed text-sm">
          {problem.message}
        </p>
      )}
      <Button type="submit" variant="primary" className="self-end" disabled={create.isPending}>
        Make environment
      </Button>
    </form>
  );
}
