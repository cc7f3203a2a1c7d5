"use client";

import { useMutation } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { toast } from "sonner";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { CopyButton } from "@/features/shell/copy-button";
import { useTRPC } from "@/trpc/context";
import { problemOf } from "@/trpc/errors";

export interface DeployKey {
  deployKeyId: string;
  publicKey: string;
}

/** For https: an access token. */
export function TokenField(props: { value: string; onChange: (token: string) => void; error: string | null }) {
  return (
    <Field
      label="Access token"
      error={props.error}
      hint="With leave to read the repository, nothing more. It is stored encrypted and never shown again."
    >
      {(control) => (
        <Input
          {...control}
          type="password"
          autoComplete="off"
          value={props.value}
          onChange={(event) => props.onChange(event.target.value.trim())}
        />
      )}
    </Field>
  );
}

/** For ssh: a key pair of which only the public half ever leaves the server. */
export function DeployKeyPanel(props: { teamId: string; value: DeployKey | null; onMade: (key: DeployKey) => void }) {
  const { teamId, value, onMade } = props;
  const trpc = useTRPC();
  const create = useMutation(
    trpc.app.createDeployKey.mutationOptions({
      onSuccess: onMade,
      onError: (error) => toast.error(problemOf(error).message),
    }),
  );
  if (!value) {
    return (
      <div className="flex flex-col items-start gap-2">
        <p className="text-sm">
          A repository over ssh is read with a deploy key. Windlass makes one for this app; you add its public half to
          the repository, with leave to read.
        </p>
        <Button disabled={create.isPending} onClick={() => create.mutate({ teamId })}>
          <KeyRound aria-hidden="true" />
          Make a deploy key
        </Button>
      </div>
    );
  }
  return (
    <div className="flex flex-col gap-2">
      <p className="text-sm">Add this deploy key to the repository, then check again.</p>
      <div className="flex items-start gap-1 rounded-md bg-code p-2">
        <code className="min-w-0 flex-1 break-all font-mono text-xs">{value.publicKey}</code>
        <CopyButton text={value.publicKey} label="Copy the deploy key" />
      </div>
    </div>
  );
}

interface HostKey {
  knownHostsLine: string;
  fingerprint: string;
}

/** First contact with an ssh server needs a person: the fingerprint is compared, then pinned. */
export function HostKeyConfirmation({ keys, onConfirm }: { keys: HostKey[]; onConfirm: (lines: string[]) => void }) {
  return (
    <section
      aria-label="Confirm the server"
      className="flex flex-col items-start gap-3 rounded-md border border-attention bg-attention-ground p-4"
    >
      <h2 className="font-semibold text-attention text-sm">Is this the right server?</h2>
      <p className="text-sm">
        Nobody has confirmed this server yet. Compare its fingerprint with the one that its operator publishes. It is
        then pinned: a server that shows another key is refused.
      </p>
      <ul className="flex w-full flex-col gap-1">
        {keys.map(({ knownHostsLine, fingerprint }) => (
          <li key={knownHostsLine} className="flex flex-wrap items-center gap-x-3 font-mono text-xs">
            <span>{knownHostsLine.split(" ").slice(0, 2).join(" ")}</span>
            <span className="break-all font-semibold">{fingerprint}</span>
          </li>
        ))}
      </ul>
      <Button variant="primary" onClick={() => onConfirm(keys.map(({ knownHostsLine }) => knownHostsLine))}>
        The fingerprint matches
      </Button>
    </section>
  );
}
