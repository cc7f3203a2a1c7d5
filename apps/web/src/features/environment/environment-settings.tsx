"use client";

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { Card, CardTitle } from "@/components/ui/card";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import type { EnvironmentDetail, SourceOut } from "@/features/app/shapes";
import { useCan } from "@/features/session/team-context";
import { useTRPC } from "@/trpc/context";
import { messageAt, problemOf } from "@/trpc/errors";
import { useLive } from "@/trpc/use-live";
import { configFromDraft, draftFromConfig } from "./config-draft";
import { BuildFields, CommandFields, GRID, HealthFields, MainFields, RunFields, SwitchFields } from "./config-fields";
import { RuntimeChoice } from "./runtime-choice";

/** What the next deployment is made with. Saving changes nothing of what is live. */
export function EnvironmentSettings({ environment, source }: { environment: EnvironmentDetail; source: SourceOut }) {
  const trpc = useTRPC();
  const canChange = useCan()("environment", "update");
  const runtimes = useLive(trpc.runtime.watch.subscriptionOptions());
  const [draft, setDraft] = useState(() => draftFromConfig(environment.config));
  const [branch, setBranch] = useState<string>(environment.branch);
  const [runtime, setRuntime] = useState(environment.runtime);
  const update = useMutation(trpc.environment.update.mutationOptions());
  const problem = update.error ? problemOf(update.error) : null;
  const isImage = source.kind === "image";
  const fields = {
    draft,
    isImage,
    onChange: (change: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...change })),
    errorAt: (field: string) => messageAt(problem, field),
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const config = configFromDraft(draft) as Parameters<typeof update.mutate>[0]["config"];
    update.mutate(
      { environmentId: environment.id, config, runtime, ...(isImage ? {} : { branch }) },
      { onSuccess: () => toast.success("Saved. The next deployment applies it.") },
    );
  };
  return (
    <form method="post" onSubmit={submit}>
      <fieldset disabled={!canChange} className="flex flex-col gap-4">
        <legend className="mb-3 font-semibold text-sm">{environment.name}</legend>
        <Section id="source" title="Source and runtime">
          <div className="flex flex-col gap-4 p-4">
            {!isImage && (
              <Field label="Branch" error={messageAt(problem, "branch")} className="max-w-sm">
                {(control) => (
                  <Input
                    {...control}
                    value={branch}
                    onChange={(event) => setBranch(event.target.value)}
                    required
                    spellCheck={false}
                  />
                )}
              </Field>
            )}
            <RuntimeChoice
              runtimes={runtimes.data}
              value={runtime}
              onChange={setRuntime}
              isImage={isImage}
              error={messageAt(problem, "runtime")}
            />
          </div>
        </Section>
        <Section id="build" title="Build">
          <BuildFields {...fields} />
        </Section>
        <Section id="health" title="Port and health check">
          <MainFields {...fields} className={`${GRID} pb-0`} />
          <HealthFields {...fields} />
        </Section>
        <Section id="run" title="Start and limits">
          <RunFields {...fields} />
        </Section>
        <Section id="commands" title="Commands around a deployment">
          <CommandFields {...fields} />
        </Section>
        <Section id="switch" title="Switch and rollback">
          <SwitchFields {...fields} />
        </Section>
        {problem && (
          <p role="alert" className="text-failed text-sm">
            {problem.message}
          </p>
        )}
        {canChange && (
          <div className="sticky bottom-0 -mx-1 flex items-center gap-3 bg-background px-1 py-3">
            <Button type="submit" variant="primary" disabled={update.isPending}>
              Save settings
            </Button>
            <p className="text-muted text-sm">What is live stays as it is until the next deployment.</p>
          </div>
        )}
      </fieldset>
    </form>
  );
}

function Section({ id, title, children }: { id: string; title: string; children: ReactNode }) {
  return (
    <Card id={id} className="scroll-mt-16">
      <CardTitle className="border-border border-b px-4 py-2.5 text-sm">{title}</CardTitle>
      {children}
    </Card>
  );
}
