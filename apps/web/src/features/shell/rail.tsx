"use client";

import { ChevronsUpDown, PanelLeftClose, PanelLeftOpen } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { useSyncExternalStore } from "react";
import { cn } from "@/components/ui/cn";
import { Menu, MenuContent, MenuLabel, MenuRadioGroup, MenuRadioItem, MenuTrigger } from "@/components/ui/menu";
import { useSession } from "@/features/session/team-context";
import { isAt, useDestinations } from "./destinations";
import { useGoToTeam } from "./use-go-to-team";
import { Wordmark } from "./wordmark";

const FOLDED = "windlass-rail-folded";
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function setFolded(isFolded: boolean): void {
  localStorage.setItem(FOLDED, isFolded ? "1" : "");
  for (const listener of listeners) listener();
}

export function Rail() {
  const isFolded = useSyncExternalStore(
    subscribe,
    () => localStorage.getItem(FOLDED) === "1",
    () => false,
  );
  const Icon = isFolded ? PanelLeftOpen : PanelLeftClose;
  return (
    <aside
      aria-label="Menu"
      className={cn(
        "sticky top-0 hidden h-dvh shrink-0 flex-col border-border border-r bg-surface md:flex",
        isFolded ? "w-14" : "w-52",
      )}
    >
      <RailContent isFolded={isFolded} />
      <button
        type="button"
        onClick={() => setFolded(!isFolded)}
        aria-label={isFolded ? "Unfold the menu" : "Fold the menu"}
        className="m-2 flex h-8 items-center gap-2 rounded-md px-2.5 text-muted text-sm hover:bg-hover hover:text-foreground"
      >
        <Icon className="size-4 shrink-0" aria-hidden="true" />
        {!isFolded && "Fold"}
      </button>
    </aside>
  );
}

/** The rail's inside, shared with the phone's sheet. */
export function RailContent({ isFolded = false, onGo }: { isFolded?: boolean; onGo?: () => void }) {
  const pathname = usePathname();
  const destinations = useDestinations();
  return (
    <nav aria-label="Main" className="flex min-h-0 flex-1 flex-col">
      <div className="flex h-12 shrink-0 items-center overflow-hidden px-4">
        <Link href="/" aria-label="Windlass, to the overview" onClick={onGo} className="rounded-sm">
          {isFolded ? (
            <span className="block w-5 overflow-hidden">
              <Wordmark />
            </span>
          ) : (
            <Wordmark />
          )}
        </Link>
      </div>
      {!isFolded && <TeamSwitcher onGo={onGo} />}
      <div className="flex flex-1 flex-col gap-0.5 overflow-y-auto p-2">
        {destinations.map(({ href, label, icon: Icon }) => {
          const isCurrent = isAt(pathname, href) || (href === "/apps" && pathname.startsWith("/deployments/"));
          return (
            <Link
              key={href}
              href={href}
              onClick={onGo}
              aria-current={isCurrent ? "page" : undefined}
              aria-label={isFolded ? label : undefined}
              title={isFolded ? label : undefined}
              className={cn(
                "flex h-8 items-center gap-2.5 rounded-md px-2.5 font-medium text-sm pointer-coarse:h-10",
                isCurrent ? "bg-selected text-foreground" : "text-muted hover:bg-hover hover:text-foreground",
              )}
            >
              <Icon className="size-4 shrink-0" aria-hidden="true" />
              {!isFolded && label}
            </Link>
          );
        })}
      </div>
    </nav>
  );
}

function TeamSwitcher({ onGo }: { onGo?: () => void }) {
  const { me, team } = useSession();
  const goToTeam = useGoToTeam();
  if (me.teams.length < 2) {
    return (
      <p className="truncate px-4 pb-2 text-muted text-xs">
        {team.name} · {team.role}
      </p>
    );
  }
  return (
    <Menu>
      <MenuTrigger className="mx-2 mb-1 flex h-8 pointer-coarse:h-10 items-center justify-between gap-2 rounded-md border border-border bg-raised px-2 text-sm hover:bg-hover">
        <span className="sr-only">Team: </span>
        <span className="truncate" title={team.name}>
          {team.name}
        </span>
        <span className="ml-auto text-muted text-xs">{team.role}</span>
        <ChevronsUpDown className="size-3.5 shrink-0 text-muted" aria-hidden="true" />
      </MenuTrigger>
      <MenuContent align="start" isInPlace={onGo !== undefined}>
        <MenuLabel>Team</MenuLabel>
        <MenuRadioGroup
          value={team.id}
          onValueChange={(teamId) => {
            goToTeam(teamId);
            onGo?.();
          }}
        >
          {me.teams.map((each) => (
            <MenuRadioItem key={each.id} value={each.id}>
              <span className="max-w-60 flex-1 truncate">{each.name}</span>
              <span className="pl-3 text-muted text-xs">{each.role}</span>
            </MenuRadioItem>
          ))}
        </MenuRadioGroup>
      </MenuContent>
    </Menu>
  );
}
