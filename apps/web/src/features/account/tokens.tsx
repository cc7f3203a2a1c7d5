"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { TokenOut } from "@windlass/api";
import { type FormEvent, useState } from "react";
import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { Card, CardTitle } from "@/components/ui/card";
import { Dialog, DialogClose, DialogContent } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input, Select } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { useSession } from "@/features/session/team-context";
import { CopyButton } from "@/features/shell/copy-button";
import { ProblemCard } from "@/features/shell/problem-card";
import { RelativeTime } from "@/features/time/times";
import { useTRPC } from "@/trpc/context";
import { messageAt, problemOf } from "@/trpc/errors";

const LIFETIMES = [
  { days: "30", label: "30 days" },
  { days: "90", label: "90 days" },
  { days: "365", label: "1 year" },
  { days: "", label: "No end" },
];

/** Keys for programs, each for one team, with the rights of the person in it. */
export function Tokens() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const tokens = useQuery(trpc.token.list.queryOptions());
  const [made, setMade] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<TokenOut | null>(null);
  const refresh = () => queryClient.invalidateQueries({ queryKey: trpc.token.list.queryKey() });
  const revoke = useMutation(
    trpc.token.revoke.mutationOptions({
      onSuccess: refresh,
      onError: (error) => toast.error(problemOf(error).message),
    }),
  );
  return (
    <Card className="flex flex-col gap-4 p-4">
      <div>
        <CardTitle>Personal tokens</CardTitle>
        <p className="mt-1 text-muted text-sm">
          For programs that deploy in your name, sent as{" "}
          <code className="font-mono text-xs">Authorization: Bearer</code>. Each works in one team, with your rights
          there.
        </p>
      </div>
      {made && <NewToken token={made} onClose={() => setMade(null)} />}
      <TokenForm
        onMade={(token) => {
          setMade(token);
          void refresh();
        }}
      />
      {tokens.error && (
        <ProblemCard
          title="The tokens could not be read"
          problem={problemOf(tokens.error)}
          onRetry={() => void tokens.refetch()}
        />
      )}
      {tokens.isPending && <Skeleton className="h-12" />}
      {tokens.data && tokens.data.length > 0 && (
        <ul aria-label="Personal tokens" className="rounded-md border border-border">
          {tokens.data.map((token) => (
            <TokenRow key={token.id} token={token} onRevoke={() => setRevoking(token)} />
          ))}
        </ul>
      )}
      <Dialog open={revoking !== null} onOpenChange={() => setRevoking(null)}>
        <DialogContent
          title={`Revoke ${revoking?.name}`}
          description="Programs that use it are refused from now on. This cannot be undone."
        >
          <div className="flex justify-end gap-2 p-4">
            <DialogClose asChild>
              <Button>Keep it</Button>
            </DialogClose>
            <Button
              variant="danger"
              onClick={() => {
                if (revoking) revoke.mutate({ tokenId: revoking.id });
                setRevoking(null);
              }}
            >
              Revoke token
            </Button>
          </div>
        </DialogContent>
      </Dialog>
    </Card>
  );
}

function NewToken({ token, onClose }: { token: string; onClose: () => void }) {
  return (
    <div role="status" className="flex flex-col gap-2 rounded-md border border-accent p-3">
      <p className="font-medium text-sm">Copy the token now: it is shown this once.</p>
      <div className="flex items-center gap-1 rounded-md bg-code p-2">
        <code className="min-w-0 flex-1 break-all font-mono text-xs">{token}</code>
        <CopyButton text={token} label="Copy the token" />
      </div>
      <Button size="sm" className="self-start" onClick={onClose}>
        I have copied it
      </Button>
    </div>
  );
}

function TokenForm({ onMade }: { onMade: (token: string) => void }) {
  const trpc = useTRPC();
  const { me, team } = useSession();
  const create = useMutation(trpc.token.create.mutationOptions());
  const problem = create.error ? problemOf(create.error) : null;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const days = String(form.get("days"));
    create.mutate(
      {
        teamId: String(form.get("team") ?? team.id),
        name: String(form.get("name")),
        expiresInDays: days === "" ? null : Number(days),
      },
      {
        onSuccess: ({ token }) => {
          element.reset();
          onMade(token);
        },
      },
    );
  };
  const atName = messageAt(problem, "name");
  return (
    <form method="post" onSubmit={submit} className="flex flex-wrap items-start gap-3">
      <Field label="Name" error={atName} className="flex-1 basis-48">
        {(control) => <Input {...control} name="name" placeholder="Continuous integration" required />}
      </Field>
      {me.teams.length > 1 && (
        <Field label="Team" className="basis-40">
          {(control) => (
            <Select {...control} name="team" defaultValue={team.id}>
              {me.teams.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      <Field label="Works for" className="basis-32">
        {(control) => (
          <Select {...control} name="days" defaultValue="90">
            {LIFETIMES.map(({ days, label }) => (
              <option key={label} value={days}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Button type="submit" disabled={create.isPending} className="sm:mt-6">
        Create token
      </Button>
      {problem && !atName && (
        <p role="alert" className="basis-full text-failed text-sm">
          {problem.message}
        </p>
      )}
    </form>
  );
}

function TokenRow({ token, onRevoke }: { token: TokenOut; onRevoke: () => void }) {
  const { me } = useSession();
  const team = me.teams.find(({ id }) => id === token.teamId);
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 border-border border-b px-3 py-2 text-sm last:border-b-0">
      <span className="min-w-0 flex-1 basis-48">
        <span className="block truncate font-medium">{token.name}</span>
        <span className="block text-muted text-xs">
          <span className="font-mono">{token.hint}</span>
          {team && ` · ${team.name}`}
        </span>
      </span>
      <span className="text-muted text-xs">
        {token.lastUsedAt ? (
          <>
            used <RelativeTime at={token.lastUsedAt} />
          </>
        ) : (
          "never used"
        )}
      </span>
      <span className="text-muted text-xs">
        {token.expiresAt ? (
          <>
            ends <RelativeTime at={token.expiresAt} />
          </>
        ) : (
          "no end"
        )}
      </span>
      <Button variant="danger" size="sm" aria-label={`Revoke ${token.name}`} onClick={onRevoke}>
        Revoke
      </Button>
    </li>
  );
}
