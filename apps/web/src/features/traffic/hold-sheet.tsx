"use client";

import { useMutation } from "@tanstack/react-query";
import type { EnvironmentSummary } from "@windlass/api";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { cn } from "@/components/ui/cn";
import { Dialog, SheetContent } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input, Textarea } from "@/components/ui/input";
import { useTRPC } from "@/trpc/context";
import { messageAt, problemOf } from "@/trpc/errors";
import { draftFromHold, type HoldDraft, holdFromDraft } from "./hold-draft";

interface Props {
  environment: Pick<EnvironmentSummary, "id" | "name" | "hold">;
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}

/** Keep visitors out for a while: a page that says why, or a pause in which they wait. */
export function HoldSheet({ isOpen, onOpenChange, environment }: Props) {
  return (
    <Dialog open={isOpen} onOpenChange={onOpenChange}>
      {isOpen && (
        <SheetContent
          title={`Hold traffic of ${environment.name}`}
          description="Deployments go on beneath it. It stays until you let requests through again."
        >
          <Inside environment={environment} onDone={() => onOpenChange(false)} />
        </SheetContent>
      )}
    </Dialog>
  );
}

const KINDS: { kind: HoldDraft["kind"]; name: string; meaning: string }[] = [
  {
    kind: "maintenance",
    name: "Maintenance page",
    meaning: "Visitors see your words with status 503, programs get them as JSON.",
  },
  {
    kind: "paused",
    name: "Pause",
    meaning: "Requests wait and go on once you resume. For a few seconds, such as a short change of the database.",
  },
];

function Inside({ environment, onDone }: Pick<Props, "environment"> & { onDone: () => void }) {
  const trpc = useTRPC();
  const [draft, setDraft] = useState(() => draftFromHold(environment.hold?.hold ?? null));
  const hold = useMutation(trpc.environment.hold.mutationOptions({ onSuccess: onDone }));
  const problem = hold.error ? problemOf(hold.error) : null;
  const set = (change: Partial<HoldDraft>): void => setDraft((before) => ({ ...before, ...change }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    hold.mutate({ environmentId: environment.id, hold: holdFromDraft(draft) });
  };
  const isMaintenance = draft.kind === "maintenance";
  return (
    <form method="post" onSubmit={submit} className="flex min-h-0 flex-1 flex-col">
      <div className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto p-4">
        <fieldset className="flex flex-col">
          <legend className="mb-2 font-semibold text-sm">What visitors meet</legend>
          <div className="overflow-hidden rounded-md border border-border">
            {KINDS.map(({ kind, name, meaning }) => (
              <label
                key={kind}
                className={cn(
                  "flex cursor-pointer items-start gap-3 border-border border-b px-3 py-2 text-sm last:border-b-0 hover:bg-hover has-focus-visible:outline-2 has-focus-visible:-outline-offset-2",
                  draft.kind === kind && "bg-selected hover:bg-selected",
                )}
              >
                <input
                  type="radio"
                  name="kind"
                  checked={draft.kind === kind}
                  onChange={() => set({ kind })}
                  className="mt-1 accent-accent"
                />
                <span>
                  <span className="block font-medium">{name}</span>
                  <span className="block text-muted text-xs">{meaning}</span>
                </span>
              </label>
            ))}
          </div>
        </fieldset>
        {isMaintenance ? (
          <MaintenanceFields draft={draft} onChange={set} errorAt={(field) => messageAt(problem, field)} />
        ) : (
          <PauseFields draft={draft} onChange={set} errorAt={(field) => messageAt(problem, field)} />
        )}
        {problem && (
          <p role="alert" className="text-failed text-sm">
            {problem.message}
          </p>
        )}
      </div>
      <div className="flex items-center justify-end gap-3 border-border border-t p-4">
        <Button type="submit" variant="primary" disabled={hold.isPending}>
          {isMaintenance ? "Show the maintenance page" : "Pause traffic"}
        </Button>
      </div>
    </form>
  );
}

interface FieldsProps {
  draft: HoldDraft;
  onChange: (change: Partial<HoldDraft>) => void;
  errorAt: (field: string) => string | null | undefined;
}

function MaintenanceFields({ draft, onChange, errorAt }: FieldsProps) {
  return (
    <>
      <Field label="Title" error={errorAt("hold.notice.title")}>
        {(control) => (
          <Input
            {...control}
            required
            value={draft.title}
            onChange={(event) => onChange({ title: event.target.value })}
          />
        )}
      </Field>
      <Field label="Text" error={errorAt("hold.notice.text")}>
        {(control) => (
          <Textarea
            {...control}
            value={draft.text}
            onChange={(event) => onChange({ text: event.target.value })}
            className="font-sans text-base"
          />
        )}
      </Field>
      <Field
        label="Ask programs to come again after, seconds"
        error={errorAt("hold.retryAfterSeconds")}
        className="max-w-xs"
      >
        {(control) => (
          <Input
            {...control}
            type="number"
            min={1}
            value={draft.retryAfterSeconds}
            onChange={(event) => onChange({ retryAfterSeconds: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Let these addresses pass"
        hint="One in a line, such as 203.0.113.7 or 10.0.0.0/8. To look at the app before everybody else does."
        error={errorAt("hold.allow")}
      >
        {(control) => (
          <Textarea
            {...control}
            value={draft.allow}
            onChange={(event) => onChange({ allow: event.target.value })}
            spellCheck={false}
          />
        )}
      </Field>
    </>
  );
}

function PauseFields({ draft, onChange, errorAt }: FieldsProps) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field
        label="Requests that may wait"
        hint="More are answered with status 503."
        error={errorAt("hold.maxRequests")}
      >
        {(control) => (
          <Input
            {...control}
            type="number"
            min={1}
            value={draft.maxRequests}
            onChange={(event) => onChange({ maxRequests: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Each waits at most, seconds"
        hint="Then it is answered with status 503."
        error={errorAt("hold.maxSeconds")}
      >
        {(control) => (
          <Input
            {...control}
            type="number"
            min={1}
            value={draft.maxSeconds}
            onChange={(event) => onChange({ maxSeconds: event.target.value })}
          />
        )}
      </Field>
    </div>
  );
}
