"use client";

import { useMutation } from "@tanstack/react-query";
import { nameFromSource, type RuntimeKind } from "@windlass/domain";
import { useRouter } from "next/navigation";
import { type FormEvent, type ReactNode, useState } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Field } from "@/components/ui/field";
import { Fold } from "@/components/ui/fold";
import { Input, Select } from "@/components/ui/input";
import { ScrolledText } from "@/components/ui/scrolled-text";
import { type ConfigDraft, configFromDraft, DEFAULT_DRAFT } from "@/features/environment/config-draft";
import { AdvancedFields, MainFields } from "@/features/environment/config-fields";
import { RuntimeChoice } from "@/features/environment/runtime-choice";
import { useCan, useSession } from "@/features/session/team-context";
import { Crumbs } from "@/features/shell/crumbs";
import { Empty } from "@/features/shell/empty";
import { Page } from "@/features/shell/page";
import { filled, type VariableDraft, VariablesEditor } from "@/features/variable/variables-editor";
import { useTRPC } from "@/trpc/context";
import { messageAt, problemOf } from "@/trpc/errors";
import { useLive } from "@/trpc/use-live";
import { type DeployKey, DeployKeyPanel, HostKeyConfirmation, TokenField } from "./access-fields";
import { PlanPanel } from "./plan-panel";
import { isSsh, readSource, toAppSource } from "./read-source";
import { SourceStatus } from "./source-status";
import { type SourceCheck, useSourceCheck } from "./use-source-check";

export function NewAppPage() {
  const can = useCan();
  return (
    <Page title="New app">
      <Crumbs items={[{ label: "Apps", href: "/apps" }, { label: "New app" }]} />
      {can("app", "create") ? (
        <NewAppForm />
      ) : (
        <Empty title="Your role may look only">Ask an admin of the team to add the app, or to change your role.</Empty>
      )}
    </Page>
  );
}

function NewAppForm() {
  const trpc = useTRPC();
  const router = useRouter();
  const { team } = useSession();
  const runtimes = useLive(trpc.runtime.watch.subscriptionOptions()).data;
  const [text, setText] = useState("");
  // What the person chose; until then, what was found.
  const [chosenBranch, setChosenBranch] = useState("");
  const [chosenName, setChosenName] = useState<string | null>(null);
  const [chosenRuntime, setChosenRuntime] = useState<RuntimeKind | null>(null);
  const [changes, setChanges] = useState<Partial<ConfigDraft>>({});
  const [repositoryToken, setRepositoryToken] = useState("");
  const [deployKey, setDeployKey] = useState<DeployKey | null>(null);
  const [sshHostKeys, setSshHostKeys] = useState<string[]>([]);
  const [variables, setVariables] = useState<VariableDraft[]>([]);

  const source = readSource(text);
  const isGit = source.kind === "git";
  const isImage = source.kind === "image";
  const { check, again } = useSourceCheck(team.id, {
    source,
    ref: isGit ? chosenBranch : "",
    repositoryToken,
    deployKeyId: deployKey?.deployKeyId ?? null,
    sshHostKeys,
  });
  const found = check.state === "found" ? check.result : null;
  const branch = chosenBranch || found?.defaultBranch || "";
  const name = chosenName ?? (source.kind === "empty" ? "" : nameFromSource(isGit ? source.url : source.image));
  const runtime = isImage ? "docker" : (chosenRuntime ?? runtimes?.default ?? "docker");
  const draft: ConfigDraft = {
    ...DEFAULT_DRAFT,
    ...(found?.port ? { port: String(found.port) } : {}),
    ...changes,
    ...(isImage ? { buildKind: "none" } : {}),
  };

  const create = useMutation(trpc.app.create.mutationOptions());
  const problem = create.error ? problemOf(create.error) : null;
  const reason = whyNot({ check, name, draft, isImage, isRuntimeAvailable: runtimes?.[runtime].available ?? false });
  const submit = (deploy: boolean) => {
    if (source.kind === "empty" || reason) return;
    create.mutate(
      {
        teamId: team.id,
        name: name.trim(),
        source: toAppSource(source),
        branch: isGit ? branch : "",
        ...(repositoryToken ? { repositoryToken } : {}),
        ...(deployKey ? { deployKeyId: deployKey.deployKeyId } : {}),
        ...(sshHostKeys.length > 0 ? { sshHostKeys } : {}),
        runtime,
        config: configFromDraft(draft) as Parameters<typeof create.mutate>[0]["config"],
        variables: filled(variables).map(({ key, value, isSecret }) => ({ key: key.trim(), value, isSecret })),
        deploy,
      },
      {
        onSuccess: ({ appId, deploymentId }) =>
          router.push(deploymentId ? `/deployments/${deploymentId}` : `/apps/${appId}`),
      },
    );
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit(true);
  };
  const errorAt = (field: string) => messageAt(problem, field);
  const fields = {
    draft,
    isImage,
    errorAt,
    onChange: (change: Partial<ConfigDraft>) => setChanges((before) => ({ ...before, ...change })),
  };
  const needsKey = isSsh(source);
  const isDenied = check.state === "refused" && check.result.code === "source_denied";
  const hostKeys = check.state === "refused" ? check.result.hostKeys : undefined;

  return (
    <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_340px]">
      <form method="post" onSubmit={onSubmit} className="flex min-w-0 flex-col gap-4">
        <Part>
          <Field
            label="Git address or image"
            error={errorAt("source")}
            hint={
              source.kind === "empty" ? "Like https://host/team/app.git, git@host:team/app.git or nginx:1.27" : null
            }
          >
            {(control) => (
              <Input
                {...control}
                autoFocus
                spellCheck={false}
                autoComplete="off"
                autoCapitalize="off"
                value={text}
                onChange={(event) => {
                  setText(event.target.value);
                  setChosenBranch("");
                }}
              />
            )}
          </Field>
          <SourceStatus check={check} onAgain={again} />
          {hostKeys && hostKeys.length > 0 && (
            <HostKeyConfirmation
              keys={hostKeys}
              onConfirm={(lines) => setSshHostKeys((before) => [...new Set([...before, ...lines])])}
            />
          )}
          {isGit && needsKey && <DeployKeyPanel teamId={team.id} value={deployKey} onMade={setDeployKey} />}
          {isGit && !needsKey && (isDenied || repositoryToken !== "") && (
            <TokenField value={repositoryToken} onChange={setRepositoryToken} error={errorAt("repositoryToken")} />
          )}
          {isGit && <BranchField check={check} branch={branch} onChange={setChosenBranch} error={errorAt("branch")} />}
          {found && isGit && <FoundBuild check={found} draft={draft} />}
        </Part>
        <Part>
          <Field label="Name" error={errorAt("name")} hint="Its address is made from it.">
            {(control) => (
              <Input
                {...control}
                value={name}
                onChange={(event) => setChosenName(event.target.value)}
                spellCheck={false}
                autoComplete="off"
              />
            )}
          </Field>
          <MainFields {...fields} />
          <RuntimeChoice
            runtimes={runtimes}
            value={runtime}
            onChange={setChosenRuntime}
            isImage={isImage}
            error={errorAt("runtime")}
          />
        </Part>
        <Part title="Variables">
          <VariablesEditor
            drafts={variables}
            onChange={setVariables}
            errorAt={(index) => errorAt(`variables.${index}`)}
          />
        </Part>
        <AdvancedFields {...fields} />
        {problem && (
          <p role="alert" className="rounded-md border border-failed bg-failed-ground px-3 py-2 text-failed text-sm">
            {problem.message}
          </p>
        )}
        <div className="sticky bottom-0 -mx-1 flex flex-wrap items-center gap-2 bg-background px-1 py-3">
          <Button type="submit" variant="primary" disabled={reason !== null || create.isPending}>
            {create.isPending ? "Creating" : "Create and deploy"}
          </Button>
          <Button disabled={reason !== null || create.isPending} onClick={() => submit(false)}>
            Create app
          </Button>
          {reason && <p className="min-w-0 basis-60 text-muted text-sm">{reason}</p>}
        </div>
      </form>
      <PlanPanel
        source={source}
        check={check}
        branch={branch}
        draft={draft}
        runtime={runtime}
        variables={filled(variables).length}
      />
    </div>
  );
}

function Part({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <Card className="flex flex-col gap-4 p-4">
      {title && <h2 className="font-semibold text-sm">{title}</h2>}
      {children}
    </Card>
  );
}

/** The branches that were found; typed by hand until then. */
function BranchField(props: {
  check: SourceCheck;
  branch: string;
  onChange: (branch: string) => void;
  error: string | null;
}) {
  const { check, branch, onChange, error } = props;
  const [known, setKnown] = useState<string[]>([]);
  const branches = check.state === "found" ? check.result.branches : known;
  if (check.state === "found" && check.result.branches.join() !== known.join()) setKnown(check.result.branches);
  if (branches.length === 0) return null;
  const options = branch === "" || branches.includes(branch) ? branches : [branch, ...branches];
  return (
    <Field label="Branch" error={error}>
      {(control) => (
        <Select {...control} value={branch} onChange={(event) => onChange(event.target.value)}>
          {options.map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function FoundBuild({
  check,
  draft,
}: {
  check: Extract<SourceCheck, { state: "found" }>["result"];
  draft: ConfigDraft;
}) {
  const isOwnChoice = draft.buildKind !== "auto";
  return (
    <div className="flex flex-col gap-2">
      <p className="text-sm">
        <span className="font-medium">Build: </span>
        {isOwnChoice ? "as you chose below." : (check.build?.why ?? check.buildProblem ?? "Nothing was found.")}
      </p>
      {check.dockerfile && !isOwnChoice && (
        <Fold summary="The Dockerfile it is built with">
          <ScrolledText text={check.dockerfile} className="max-h-80 rounded-none" />
        </Fold>
      )}
    </div>
  );
}

/** Why the app cannot be created yet, in a sentence; null when it can. */
function whyNot(asked: {
  check: SourceCheck;
  name: string;
  draft: ConfigDraft;
  isImage: boolean;
  isRuntimeAvailable: boolean;
}): string | null {
  const { check, name, draft, isImage, isRuntimeAvailable } = asked;
  switch (check.state) {
    case "idle":
      return "Paste a git address or an image first.";
    case "checking":
      return "The source is being looked into.";
    case "failed":
    case "refused":
      return "The source must be found first.";
    case "found":
      if (!isImage && draft.buildKind === "auto" && !check.result.build) {
        return "No way to build it was found. Choose one under Build.";
      }
      if (name.trim() === "") return "Give the app a name.";
      return isRuntimeAvailable ? null : "The chosen runtime is not available now.";
  }
}
