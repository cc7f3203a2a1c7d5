"use client";

import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { useTRPC } from "@/trpc/context";
import { messageAt, problemOf } from "@/trpc/errors";
import { Door } from "./door";
import { signIn } from "./sign-in";
import { useIsReady } from "./use-is-ready";

const CLOSED = {
  used: {
    title: "Windlass is set up already",
    lead: "This link worked once, for the first administrator. Sign in with your account.",
  },
  expired: {
    title: "This link has expired",
    lead: "Start Windlass again: it prints a new link as long as it has no administrator.",
  },
  unknown: {
    title: "This link is not valid",
    lead: "Open the whole link that Windlass printed when it started, with its key at the end.",
  },
} as const;

/** The first page of all: whoever holds the one-time link becomes the first administrator. */
export function Setup({ setupKey }: { setupKey: string }) {
  const trpc = useTRPC();
  const status = useQuery(trpc.setup.status.queryOptions({ key: setupKey }, { enabled: setupKey !== "" }));
  if (status.error) {
    return (
      <Door title="Windlass does not answer" lead={problemOf(status.error).message}>
        <Button className="self-start" onClick={() => void status.refetch()}>
          Try again
        </Button>
      </Door>
    );
  }
  const state = setupKey === "" ? "unknown" : status.data?.state;
  if (state && state !== "open") {
    return (
      <Door title={CLOSED[state].title} lead={CLOSED[state].lead}>
        <Button asChild className="self-start" variant={state === "used" ? "primary" : "secondary"}>
          <a href="/login">To the sign-in page</a>
        </Button>
      </Door>
    );
  }
  return (
    <Door title="Welcome to Windlass" lead="Make the first administrator and a team for your apps.">
      {state === "open" ? <SetupForm setupKey={setupKey} /> : <Skeleton className="h-[348px]" />}
    </Door>
  );
}

function SetupForm({ setupKey }: { setupKey: string }) {
  const trpc = useTRPC();
  const isReady = useIsReady();
  const complete = useMutation(trpc.setup.complete.mutationOptions());
  const [isSigningIn, setIsSigningIn] = useState(false);
  const problem = complete.error ? problemOf(complete.error) : null;
  const fields = ["name", "email", "password", "teamName"];
  const isAtField = fields.some((field) => messageAt(problem, field));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [name = "", email = "", password = "", teamName = ""] = fields.map((field) => String(form.get(field)));
    complete.mutate(
      { key: setupKey, name, email, password, teamName },
      {
        onSuccess: async (made) => {
          setIsSigningIn(true);
          const refused = await signIn(made.email, password);
          window.location.assign(refused ? "/login" : "/");
        },
      },
    );
  };
  return (
    <form method="post" onSubmit={submit} className="flex flex-col gap-4">
      <Field label="Your name" error={messageAt(problem, "name")}>
        {(control) => <Input {...control} name="name" autoComplete="name" required autoFocus />}
      </Field>
      <Field label="E-mail" error={messageAt(problem, "email")}>
        {(control) => <Input {...control} name="email" type="email" autoComplete="username" required />}
      </Field>
      <Field label="Password" hint="At least 12 characters." error={messageAt(problem, "password")}>
        {(control) => (
          <Input {...control} name="password" type="password" autoComplete="new-password" minLength={12} required />
        )}
      </Field>
      <Field label="Team" hint="Your apps belong to it." error={messageAt(problem, "teamName")}>
        {(control) => <Input {...control} name="teamName" autoComplete="organization" required />}
      </Field>
      {problem && !isAtField && (
        <p role="alert" className="text-failed text-sm">
          {problem.message}
        </p>
      )}
      <Button type="submit" variant="primary" disabled={!isReady || complete.isPending || isSigningIn}>
        Create administrator
      </Button>
    </form>
  );
}
