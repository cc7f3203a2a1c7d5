"use client";

import { useMutation } from "@tanstack/react-query";
import type { AppSummary } from "@windlass/api";
import { type FormEvent, useState } from "react";
import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { Card, CardTitle } from "@/components/ui/card";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { useCan } from "@/features/session/team-context";
import { CopyButton } from "@/features/shell/copy-button";
import { useTRPC } from "@/trpc/context";
import { messageAt, problemOf } from "@/trpc/errors";

export function AppSettings({ app }: { app: AppSummary }) {
  const canChange = useCan()("app", "update");
  return (
    <>
      <NameCard app={app} canChange={canChange} />
      {app.source.kind === "git" && <AccessCard app={app} canChange={canChange} />}
    </>
  );
}

interface Props {
  app: AppSummary;
  canChange: boolean;
}

function NameCard({ app, canChange }: Props) {
  const trpc = useTRPC();
  const rename = useMutation(trpc.app.update.mutationOptions({ onSuccess: () => toast.success("Saved the name.") }));
  const problem = rename.error ? problemOf(rename.error) : null;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    rename.mutate({ appId: app.id, name: String(new FormData(event.currentTarget).get("name")) });
  };
  return (
    <Card className="p-4" id="name">
      <form method="post" onSubmit={submit} className="flex max-w-lg items-end gap-2">
        <Field label="Name" error={problem?.message} className="flex-1" hint="Addresses stay as they are.">
          {(control) => <Input {...control} name="name" defaultValue={app.name} required disabled={!canChange} />}
        </Field>
        {canChange && (
          <Button type="submit" disabled={rename.isPending} className="mb-5">
            Rename
          </Button>
        )}
      </form>
    </Card>
  );
}

/** How Windlass may read a private repository. */
function AccessCard({ app, canChange }: Props) {
  const trpc = useTRPC();
  const [token, setToken] = useState("");
  const update = useMutation(
    trpc.app.update.mutationOptions({
      onSuccess: (_, { repositoryToken }) => {
        setToken("");
        toast.success(repositoryToken === null ? "Took the token away." : "Saved the token.");
      },
    }),
  );
  const problem = update.error ? problemOf(update.error) : null;
  const { hasRepositoryToken, deployKeyPublic } = app.source;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    update.mutate({ appId: app.id, repositoryToken: token });
  };
  return (
    <Card className="flex flex-col gap-4 p-4" id="access">
      <CardTitle>Access to the repository</CardTitle>
      {deployKeyPublic && (
        <div className="flex flex-col gap-1">
          <p className="text-sm">Deploy key: the repository's host must know it, with leave to read.</p>
          <div className="flex items-start gap-1 rounded-md bg-code p-2">
            <code className="min-w-0 flex-1 break-all font-mono text-xs">{deployKeyPublic}</code>
            <CopyButton text={deployKeyPublic} label="Copy the deploy key" />
          </div>
        </div>
      )}
      <form method="post" onSubmit={submit} className="flex max-w-lg flex-wrap items-end gap-2">
        <Field
          label="Access token"
          error={messageAt(problem, "repositoryToken") ?? problem?.message}
          hint={hasRepositoryToken ? "One is stored. It is never shown again." : "None is stored."}
          className="flex-1 basis-60"
        >
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="off"
              value={token}
              onChange={(event) => setToken(event.target.value)}
              placeholder={hasRepositoryToken ? "Another token" : "Token"}
              disabled={!canChange}
            />
          )}
        </Field>
        {canChange && (
          <span className="mb-5 flex gap-2">
            <Button type="submit" disabled={token === "" || update.isPending}>
              Save token
            </Button>
            {hasRepositoryToken && (
              <Button
                variant="danger"
                disabled={update.isPending}
                onClick={() => update.mutate({ appId: app.id, repositoryToken: null })}
              >
                Remove token
              </Button>
            )}
          </span>
        )}
      </form>
    </Card>
  );
}
