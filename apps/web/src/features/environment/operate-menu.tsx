"use client";

import { CircleStop, Ellipsis, Layers, Play, RotateCw, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Menu, MenuContent, MenuItem, MenuLabel, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import type { EnvironmentSummary } from "@/features/app/shapes";
import { useCan } from "@/features/session/team-context";
import { DeleteDialog } from "./delete-dialog";
import { useOperate } from "./use-operate";

/** What can be done with an environment beside deploying to it. */
export function OperateMenu({ environment, isOnly }: { environment: EnvironmentSummary; isOnly: boolean }) {
  const can = useCan();
  const operate = useOperate();
  const [open, setOpen] = useState<"scale" | "stop" | "delete" | null>(null);
  const { id, name, release, stopped } = environment;
  const isUp = release !== null && stopped === null;
  const mayOperate = can("deployment", "create");
  const mayDelete = can("environment", "delete");
  if (!mayOperate && !mayDelete) return null;
  const close = () => setOpen(null);
  return (
    <>
      <Menu>
        <MenuTrigger asChild>
          <Button size="icon" aria-label={`More actions for ${name}`} disabled={operate.isPending}>
            <Ellipsis aria-hidden="true" />
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          {mayOperate && (
            <>
              {!release && <MenuLabel>Nothing is live yet</MenuLabel>}
              <MenuItem disabled={!isUp} onSelect={() => operate.restart(id)}>
                <RotateCw aria-hidden="true" />
                Restart
              </MenuItem>
              <MenuItem disabled={!isUp} onSelect={() => setOpen("scale")}>
                <Layers aria-hidden="true" />
                Scale…
              </MenuItem>
              {stopped ? (
                <MenuItem onSelect={() => operate.start(id)}>
                  <Play aria-hidden="true" />
                  Start
                </MenuItem>
              ) : (
                <MenuItem disabled={!isUp} onSelect={() => setOpen("stop")}>
                  <CircleStop aria-hidden="true" />
                  Stop…
                </MenuItem>
              )}
            </>
          )}
          {mayDelete && (
            <>
              {mayOperate && <MenuSeparator />}
              <MenuItem disabled={isOnly} onSelect={() => setOpen("delete")} className="text-failed">
                <Trash2 aria-hidden="true" />
                {isOnly ? "Delete: in the app's settings" : "Delete…"}
              </MenuItem>
            </>
          )}
        </MenuContent>
      </Menu>
      <Dialog open={open === "scale"} onOpenChange={close}>
        <ScaleContent
          environment={environment}
          onScale={(instances) => {
            close();
            operate.scale(id, instances);
          }}
        />
      </Dialog>
      <Dialog open={open === "stop"} onOpenChange={close}>
        <StopContent
          environment={environment}
          onStop={() => {
            close();
            operate.stop(id);
          }}
        />
      </Dialog>
      <DeleteDialog kind="environment" id={id} name={name} isOpen={open === "delete"} onOpenChange={close} />
    </>
  );
}

function ScaleContent({ environment, onScale }: { environment: EnvironmentSummary; onScale: (n: number) => void }) {
  const { name, instances } = environment;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onScale(Number(new FormData(event.currentTarget).get("instances")));
  };
  return (
    <DialogContent title={`Scale ${name}`} description={`${countInstances(instances.running)} now.`}>
      <form method="post" onSubmit={submit} className="flex flex-col gap-4 p-4">
        <Field
          label="Instances"
          hint="Copies of the live release that share its requests. New ones must be healthy before they get any; those that go finish theirs first. Nothing is built."
        >
          {(control) => (
            <Input
              {...control}
              name="instances"
              type="number"
              min={1}
              max={20}
              required
              defaultValue={instances.running || instances.wanted}
              className="w-28"
            />
          )}
        </Field>
        <Button type="submit" variant="primary" className="self-end">
          Scale
        </Button>
      </form>
    </DialogContent>
  );
}

function StopContent({ environment, onStop }: { environment: EnvironmentSummary; onStop: () => void }) {
  const { name, instances, url } = environment;
  return (
    <DialogContent title={`Stop ${name}`} description="Nobody can use it until it is started again.">
      <div className="flex flex-col gap-3 p-4 text-sm">
        <ul className="flex list-disc flex-col gap-1 pl-5">
          <li>{countInstances(instances.running)} will end, once open requests are answered.</li>
          {url && <li>{url.replace(/^https?:\/\//, "")} will show a page that says who stopped it, and since when.</li>}
          <li>Releases, settings, variables and addresses stay. Start, or a deployment, brings it back.</li>
        </ul>
        <Button variant="primary" className="self-end" onClick={onStop}>
          <span className="max-w-60 truncate">Stop {name}</span>
        </Button>
      </div>
    </DialogContent>
  );
}

const countInstances = (count: number): string => `${count} ${count === 1 ? "instance" : "instances"}`;
