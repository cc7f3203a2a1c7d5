"use client";

import { ChevronDown, FileDiff, GitBranch, Hammer, Rocket, RotateCcw, Undo2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/ui/menu";
import type { EnvironmentSummary, SourceOut } from "@/features/app/shapes";
import { RollbackSheet } from "@/features/release/rollback-sheet";
import { PreviewDialog } from "./preview-dialog";
import { useDeploy, useRedeploy } from "./use-deployment-actions";

/** Deploy the newest; or a chosen commit, the same again, or an earlier release. */
export function DeployButton(props: { environment: EnvironmentSummary; source: SourceOut }) {
  const { environment, source } = props;
  const { deploy, isPending } = useDeploy();
  const { redeploy, isPending: isRedeploying } = useRedeploy();
  const [open, setOpen] = useState<"ref" | "rollback" | "preview" | null>(null);
  const { lastDeployment } = environment;
  const isGit = source.kind === "git";
  const canRedeploy =
    lastDeployment?.endedAt && (lastDeployment.kind === "deploy" || lastDeployment.kind === "redeploy");
  return (
    <div className="flex">
      <Button
        variant="primary"
        data-key="d"
        disabled={isPending || isRedeploying}
        title={isGit ? `Deploys the newest commit of ${environment.branch}` : `Deploys ${source.location}`}
        className="rounded-r-none"
        onClick={() => deploy(environment.id)}
      >
        <Rocket aria-hidden="true" />
        Deploy
      </Button>
      <Menu>
        <MenuTrigger asChild>
          <Button
            variant="primary"
            aria-label={`More ways to deploy to ${environment.name}`}
            className="rounded-l-none border-accent-foreground/30 border-l px-1.5 pointer-coarse:px-3"
          >
            <ChevronDown aria-hidden="true" />
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          <MenuItem onSelect={() => deploy(environment.id)}>
            <Rocket aria-hidden="true" />
            {isGit ? `Latest of ${environment.branch}` : "The image as it is now"}
          </MenuItem>
          <MenuItem onSelect={() => setOpen("preview")}>
            <FileDiff aria-hidden="true" />
            See what would change…
          </MenuItem>
          <MenuItem onSelect={() => setOpen("ref")}>
            <GitBranch aria-hidden="true" />
            {isGit ? "Branch, tag or commit…" : "Another tag…"}
          </MenuItem>
          {isGit && (
            <MenuItem onSelect={() => deploy(environment.id, { rebuild: true })}>
              <Hammer aria-hidden="true" />
              Latest, built from scratch
            </MenuItem>
          )}
          <MenuItem disabled={!canRedeploy} onSelect={() => lastDeployment && redeploy(lastDeployment.id)}>
            <RotateCcw aria-hidden="true" />
            Redeploy the last
          </MenuItem>
          <MenuItem disabled={!environment.release} onSelect={() => setOpen("rollback")}>
            <Undo2 aria-hidden="true" />
            Roll back…
          </MenuItem>
        </MenuContent>
      </Menu>
      <RefDialog
        isOpen={open === "ref"}
        onOpenChange={() => setOpen(null)}
        isGit={isGit}
        initial={isGit ? environment.branch : source.location}
        onDeploy={(ref) => {
          setOpen(null);
          deploy(environment.id, { ref });
        }}
      />
      <PreviewDialog
        environment={environment}
        what={isGit ? `The newest commit of ${environment.branch}` : source.location}
        isOpen={open === "preview"}
        onOpenChange={() => setOpen(null)}
        onDeploy={() => {
          setOpen(null);
          deploy(environment.id);
        }}
      />
      <RollbackSheet environmentId={environment.id} isOpen={open === "rollback"} onOpenChange={() => setOpen(null)} />
    </div>
  );
}

function RefDialog(props: {
  isOpen: boolean;
  onOpenChange: () => void;
  isGit: boolean;
  initial: string;
  onDeploy: (ref: string) => void;
}) {
  const { isOpen, onOpenChange, isGit, initial, onDeploy } = props;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const ref = String(new FormData(event.currentTarget).get("ref")).trim();
    if (ref) onDeploy(ref);
  };
  return (
    <Dialog open={isOpen} onOpenChange={onOpenChange}>
      <DialogContent title={isGit ? "Deploy a branch, tag or commit" : "Deploy another image"}>
        <form method="post" onSubmit={submit} className="flex items-end gap-2 p-4">
          <Field label={isGit ? "Branch, tag or commit" : "Image"} className="flex-1">
            {(control) => (
              <Input {...control} name="ref" defaultValue={initial} required spellCheck={false} autoComplete="off" />
            )}
          </Field>
          <Button type="submit" variant="primary">
            Deploy
          </Button>
        </form>
      </DialogContent>
    </Dialog>
  );
}
