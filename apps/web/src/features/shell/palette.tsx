"use client";

import { Command } from "cmdk";
import { ArrowUpRight, Box, Moon, Plus, Rocket, Rows3, Sun, SunMoon, Users } from "lucide-react";
import { useRouter } from "next/navigation";
import { useTheme } from "next-themes";
import type { ReactNode } from "react";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { useDeploy } from "@/features/deployment/use-deployment-actions";
import { useCan, useSession } from "@/features/session/team-context";
import { useDestinations } from "./destinations";
import { useGoToTeam } from "./use-go-to-team";

const GROUP =
  "[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-muted [&_[cmdk-group-heading]]:text-xs";

/** Everything one can go to or do, a few letters away. */
export function Palette({ isOpen, onOpenChange }: { isOpen: boolean; onOpenChange: (isOpen: boolean) => void }) {
  const router = useRouter();
  const { setTheme } = useTheme();
  const { me, team, apps } = useSession();
  const goToTeam = useGoToTeam();
  const destinations = useDestinations();
  const can = useCan();
  const { deploy } = useDeploy();
  const run = (action: () => void) => () => {
    onOpenChange(false);
    action();
  };
  const go = (href: string) => run(() => router.push(href));
  const environments = (apps.data ?? []).flatMap((app) =>
    app.environments.map((environment) => ({ app, environment })),
  );
  return (
    <Dialog open={isOpen} onOpenChange={onOpenChange}>
      <DialogContent title="Search and commands" isTitleHidden>
        <Command label="Search and commands" className="flex min-h-0 flex-col">
          <Command.Input
            autoFocus
            placeholder="Go to an app, a deployment, or do something"
            className="h-11 border-border border-b bg-transparent px-4 text-base outline-none"
          />
          {/* Outside of the list, whose children are its options. */}
          <Command.Empty className="p-4 text-center text-muted text-sm">Nothing has this name.</Command.Empty>
          <Command.List className="max-h-[50vh] overflow-y-auto p-1">
            <Command.Group heading="Go to" className={GROUP}>
              {destinations.map(({ href, label, icon: Icon }) => (
                <Item key={href} onSelect={go(href)} icon={<Icon />}>
                  {label}
                </Item>
              ))}
            </Command.Group>
            <Command.Group heading="Apps" className={GROUP}>
              {apps.data?.map((app) => (
                <Item key={app.id} value={`app ${app.name} ${app.id}`} onSelect={go(`/apps/${app.id}`)} icon={<Box />}>
                  {app.name}
                </Item>
              ))}
            </Command.Group>
            <Command.Group heading="Deployments" className={GROUP}>
              {environments.map(({ app, environment: { id, name, lastDeployment } }) =>
                lastDeployment ? (
                  <Item
                    key={id}
                    value={`deployment ${app.name} ${name} ${lastDeployment.id}`}
                    onSelect={go(`/deployments/${lastDeployment.id}`)}
                    icon={<Rows3 />}
                  >
                    Latest of {app.name}, {name} (#{lastDeployment.number})
                  </Item>
                ) : null,
              )}
            </Command.Group>
            {me.teams.length > 1 && (
              <Command.Group heading="Teams" className={GROUP}>
                {me.teams
                  .filter(({ id }) => id !== team.id)
                  .map(({ id, name }) => (
                    <Item
                      key={id}
                      value={`change to team ${name} ${id}`}
                      onSelect={run(() => goToTeam(id))}
                      icon={<Users />}
                    >
                      Change to {name}
                    </Item>
                  ))}
              </Command.Group>
            )}
            <Command.Group heading="Do" className={GROUP}>
              {can("app", "create") && (
                <Item onSelect={go("/apps/new")} icon={<Plus />}>
                  New app
                </Item>
              )}
              {can("deployment", "create") &&
                environments.map(({ app, environment }) => (
                  <Item
                    key={environment.id}
                    value={`deploy ${app.name} ${environment.name} ${environment.id}`}
                    onSelect={run(() => deploy(environment.id))}
                    icon={<Rocket />}
                  >
                    Deploy {app.name} to {environment.name}
                  </Item>
                ))}
              {environments.map(({ app, environment }) =>
                environment.url && environment.release ? (
                  <Item
                    key={environment.id}
                    value={`open ${app.name} ${environment.name} ${environment.id}`}
                    onSelect={run(() => window.open(environment.url ?? "", "_blank", "noopener"))}
                    icon={<ArrowUpRight />}
                  >
                    Open {app.name}
                  </Item>
                ) : null,
              )}
              <Item onSelect={run(() => setTheme("light"))} icon={<Sun />}>
                Theme: light
              </Item>
              <Item onSelect={run(() => setTheme("dark"))} icon={<Moon />}>
                Theme: dark
              </Item>
              <Item onSelect={run(() => setTheme("system"))} icon={<SunMoon />}>
                Theme: like the system
              </Item>
            </Command.Group>
          </Command.List>
        </Command>
      </DialogContent>
    </Dialog>
  );
}

function Item(props: { value?: string; onSelect: () => void; icon: ReactNode; children: ReactNode }) {
  return (
    <Command.Item
      value={props.value}
      onSelect={props.onSelect}
      className="flex min-h-9 cursor-pointer items-center gap-2.5 rounded-sm px-2 text-sm data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted"
    >
      <span aria-hidden="true">{props.icon}</span>
      <span className="truncate">{props.children}</span>
    </Command.Item>
  );
}
