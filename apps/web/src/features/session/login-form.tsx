"use client";

import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { withFragment } from "./next-path";
import { signIn } from "./sign-in";
import { useIsReady } from "./use-is-ready";

export function LoginForm({ next }: { next: string }) {
  const isReady = useIsReady();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setIsBusy(true);
    setProblem(null);
    const refused = await signIn(String(form.get("email")), String(form.get("password")));
    if (!refused) return window.location.assign(withFragment(next, window.location.hash));
    setProblem(refused);
    setIsBusy(false);
  };
  return (
    <form method="post" onSubmit={submit} className="flex flex-col gap-4">
      <Field label="E-mail">
        {(control) => <Input {...control} name="email" type="email" autoComplete="username" required autoFocus />}
      </Field>
      <Field label="Password">
        {(control) => <Input {...control} name="password" type="password" autoComplete="current-password" required />}
      </Field>
      {problem && (
        <p role="alert" className="rounded-md border border-failed bg-failed-ground px-3 py-2 text-failed text-sm">
          {problem}
        </p>
      )}
      <Button type="submit" variant="primary" disabled={!isReady || isBusy}>
        {isBusy ? "Signing in" : "Sign in"}
      </Button>
    </form>
  );
}
