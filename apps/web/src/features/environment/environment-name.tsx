"use client";

import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import type { EnvironmentDetail } from "@/features/app/shapes";
import { useCan } from "@/features/session/team-context";
import { useTRPC } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";

export function EnvironmentName({ environment }: { environment: EnvironmentDetail }) {
  const trpc = useTRPC();
  const canChange = useCan()("environment", "update");
  const rename = useMutation(
    trpc.environment.update.mutationOptions({ onSuccess: () => toast.success("Saved the name.") }),
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    rename.mutate({ environmentId: environment.id, name: String(new FormData(event.currentTarget).get("name")) });
  };
  return (
    <Card className="p-4">
      <form method="post" onSubmit={submit} className="flex max-w-lg items-end gap-2">
        <Field
          label="Name of this environment"
          error={rename.error ? problemOf(rename.error).message : null}
          className="flex-1"
          hint="Its address stays as it is."
        >
          {(control) => (
            <Input {...control} name="name" defaultValue={environment.name} required disabled={!canChange} />
          )}
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
