"use client";

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { useIsReady } from "@/features/session/use-is-ready";
import { useTRPC } from "@/trpc/context";
import { messageAt, problemOf } from "@/trpc/errors";

export function PasswordForm({ onChanged }: { onChanged: () => void }) {
  const trpc = useTRPC();
  const isReady = useIsReady();
  const [mismatch, setMismatch] = useState<string | null>(null);
  const change = useMutation(trpc.account.changePassword.mutationOptions());
  const problem = change.error ? problemOf(change.error) : null;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const [currentPassword, newPassword, again] = ["current", "new", "again"].map((name) => String(form.get(name)));
    if (newPassword !== again) return setMismatch("The two new passwords differ.");
    setMismatch(null);
    change.mutate(
      { currentPassword: currentPassword ?? "", newPassword: newPassword ?? "" },
      {
        onSuccess: () => {
          element.reset();
          onChanged();
        },
      },
    );
  };
  const atCurrent = messageAt(problem, "currentPassword");
  const atNew = messageAt(problem, "newPassword");
  return (
    <form method="post" onSubmit={submit} className="flex max-w-sm flex-col gap-4">
      <Field label="Current password" error={atCurrent}>
        {(control) => <Input {...control} name="current" type="password" autoComplete="current-password" required />}
      </Field>
      <Field
        label="New password"
        hint="At least 12 characters. A sentence is easier to keep than a word."
        error={atNew}
      >
        {(control) => (
          <Input {...control} name="new" type="password" autoComplete="new-password" minLength={12} required />
        )}
      </Field>
      <Field label="New password again" error={mismatch}>
        {(control) => <Input {...control} name="again" type="password" autoComplete="new-password" required />}
      </Field>
      {problem && !atCurrent && !atNew && (
        <p role="alert" className="text-failed text-sm">
          {problem.message}
        </p>
      )}
      <Button type="submit" variant="primary" disabled={!isReady || change.isPending} className="self-start">
        Change password
      </Button>
    </form>
  );
}
